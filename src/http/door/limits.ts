/** How much one address, and all together, may ask of the API: requests, bytes, connections and streams. */
import type { Server } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import { BoundedMap } from "../../base/bounded-map.ts";
import { LeakyBucket } from "../../network/host/leaky-bucket.ts";
import { ApiError } from "../api-error.ts";
import type {} from "../serve-route.ts";
import { type ClientAddress, clientAddress, isOwnMachine } from "./client-address.ts";
import { limitConnections, sharesOf } from "./connections.ts";

export interface ApiLimits {
  /** From one address that is not of this machine, on average; 0: not limited. */
  readonly requestsPerSecond: number;
  /** Open at the same time; see {@link sharesOf}. */
  readonly connectionsMax: number;
}

export const defaultApiLimits: ApiLimits = {
  /** A class of 30 behind one router, each with a page that asks six times a second. */
  requestsPerSecond: 200,
  connectionsMax: 256,
};

/** A page that is opened asks for some 40 things at once, and a class opens it together. */
const burstSeconds = 10;
/** A body counts as a request for each of these: about as much work as a signature or ten. */
const bytesPerRequest = 4_096;
const addressesMax = 4_096;
/** Of those connections that an address, or all other machines, may have, at most this share are streams. */
const streamShare = 0.5;

export class RequestLimits {
  readonly #limits: ApiLimits;
  readonly #buckets = new BoundedMap<ClientAddress, LeakyBucket>(addressesMax);
  readonly #streams = new Counter();

  constructor(limits: ApiLimits) {
    this.#limits = limits;
  }

  /**
   * Counts a request.
   *
   * @throws ApiError 429 api/too-many-requests or api/too-many-streams
   */
  take(request: FastifyRequest, reply: FastifyReply): void {
    const address = clientAddress(request.socket);
    if (!isOwnMachine(address)) this.#takeRequest(address, request);
    if (request.routeOptions.config.declared?.stream) this.#takeStream(address, reply);
  }

  /** Keeps the server's connections within the limits. */
  watch(server: Server): void {
    limitConnections(server, sharesOf(this.#limits.connectionsMax));
  }

  #takeRequest(address: ClientAddress, request: FastifyRequest): void {
    const { requestsPerSecond } = this.#limits;
    if (requestsPerSecond === 0) return;
    const nowMs = performance.now();
    const capacity = requestsPerSecond * burstSeconds;
    const bucket = this.#buckets.get(address) ?? new LeakyBucket(capacity, requestsPerSecond / 1_000, nowMs);
    this.#buckets.set(address, bucket);
    const cost = Math.min(capacity, 1 + bodyBytesOf(request) / bytesPerRequest);
    if (bucket.add(cost, nowMs)) return;
    throw tooMany(
      "api/too-many-requests",
      `this address asks more than ${requestsPerSecond} times a second`,
      Math.ceil(cost / requestsPerSecond),
    );
  }

  #takeStream(address: ClientAddress, reply: FastifyReply): void {
    const { perAddress, others } = sharesOf(this.#limits.connectionsMax);
    const most = isOwnMachine(address) ? others : Math.ceil(perAddress * streamShare);
    const isFull = this.#streams.of(address) >= most || this.#streams.all >= others;
    if (isFull) {
      throw tooMany("api/too-many-streams", `${most} streams of this address are open already`, 15);
    }
    this.#streams.add(address);
    reply.raw.once("close", () => this.#streams.remove(address));
  }
}

/** What the client says that it will send; a body of unknown length counts as a large one. */
function bodyBytesOf({ headers }: FastifyRequest): number {
  if (headers["transfer-encoding"] !== undefined) return 64 * bytesPerRequest;
  return Number(headers["content-length"] ?? 0) || 0;
}

function tooMany(code: string, message: string, waitSeconds: number): ApiError {
  return new ApiError(
    429,
    code,
    message,
    `ask again in ${waitSeconds} s; if many people share this address, the node's operator can raise the limit with --api-rate-limit`,
    undefined,
    { "retry-after": String(waitSeconds) },
  );
}

class Counter {
  readonly #counts = new Map<ClientAddress, number>();
  #all = 0;

  get all(): number {
    return this.#all;
  }

  of(address: ClientAddress): number {
    return this.#counts.get(address) ?? 0;
  }

  add(address: ClientAddress): void {
    this.#all += 1;
    this.#counts.set(address, this.of(address) + 1);
  }

  remove(address: ClientAddress): void {
    this.#all -= 1;
    const left = this.of(address) - 1;
    if (left > 0) this.#counts.set(address, left);
    else this.#counts.delete(address);
  }
}
