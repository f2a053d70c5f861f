/** A proxy in front of nodes that a test troubles: slow answers, refusals, answers that break off, another node, nobody at all. */
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

export interface Trouble {
  /** Before the request is passed on. */
  readonly delayMs?: number;
  /** Answers with this in the node's place. */
  readonly refuseWith?: 429 | 503;
  readonly retryAfterSeconds?: number;
  /** The answer ends in the middle. */
  readonly isCutShort?: boolean;
  /** The node's clock is ahead by so much, as it says. */
  readonly clockAheadMs?: number;
}

export class TroubledProxy {
  readonly #server: http.Server;
  readonly #underWay = new Map<string, number>();
  #target: string | undefined;
  /** Of requests to the API, other than the stream of events; undefined for none. */
  trouble: Trouble | undefined;
  /** Nothing more comes on streams of events; they stay open. */
  isHeld = false;
  /** Streams of events that are asked for wait for this. */
  beforeStreams: Promise<void> | undefined;
  /** Requests to the API since it was set to 0, without streams. */
  requests = 0;
  /** The most at once of one path and query, and of all together. */
  samePathMax = 0;
  atOnceMax = 0;

  private constructor(target: string) {
    this.#target = target;
    this.#server = http.createServer((request, response) => {
      this.#pass(request, response).catch(() => response.destroy());
    });
  }

  static async open(target: string): Promise<TroubledProxy> {
    const proxy = new TroubledProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Undefined: nobody answers. Connections that are open break. */
  pointAt(target: string | undefined): void {
    this.#target = target;
    this.cut();
  }

  cut(): void {
    this.#server.closeAllConnections();
  }

  /** Counts anew. */
  count(): void {
    this.requests = 0;
    this.samePathMax = 0;
    this.atOnceMax = 0;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = request.url ?? "/";
    const isStream = url.startsWith("/v1/events");
    if (isStream) await this.beforeStreams;
    // Who asked may have gone meanwhile.
    if (response.destroyed) return;
    if (isStream || !url.startsWith("/v1/")) return this.#forward(request, response);
    const same = (this.#underWay.get(url) ?? 0) + 1;
    this.#underWay.set(url, same);
    this.requests += 1;
    this.samePathMax = Math.max(this.samePathMax, same);
    this.atOnceMax = Math.max(
      this.atOnceMax,
      [...this.#underWay.values()].reduce((sum, each) => sum + each, 0),
    );
    response.once("close", () => {
      this.#underWay.set(url, (this.#underWay.get(url) ?? 1) - 1);
    });
    const { delayMs, refuseWith, retryAfterSeconds } = this.trouble ?? {};
    if (delayMs !== undefined) await delay(delayMs);
    if (refuseWith === undefined) return this.#forward(request, response, this.trouble);
    const problem = {
      type: "urn:x",
      title: "full",
      status: refuseWith,
      detail: "the node is full",
      code: "x/full",
      next: "ask later",
    };
    const later = retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) };
    response.writeHead(refuseWith, { "content-type": "application/problem+json", ...later });
    response.end(JSON.stringify(problem));
  }

  async #forward(request: IncomingMessage, response: ServerResponse, trouble: Trouble = {}): Promise<void> {
    if (this.#target === undefined) {
      request.socket.destroy();
      return;
    }
    const passed = http.request(`${this.#target}${request.url}`, {
      method: request.method,
      // With the proxy's own name as Host: the page comes from there.
      headers: request.headers,
    });
    request.pipe(passed);
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      passed.once("response", resolve);
      passed.once("error", reject);
    });
    if (response.destroyed) passed.destroy();
    response.on("close", () => passed.destroy());
    answer.on("error", () => response.destroy());
    const { isCutShort, clockAheadMs } = trouble;
    if (isCutShort) {
      response.writeHead(answer.statusCode ?? 500, { ...answer.headers, "content-length": "100000" });
      response.write('{"half":');
      await delay(5);
      response.destroy();
      return;
    }
    if (clockAheadMs !== undefined && request.url === "/v1/clock") {
      const said = JSON.parse(Buffer.concat(await answer.toArray()).toString());
      const text = JSON.stringify({ ...said, timestampMs: said.timestampMs + clockAheadMs });
      response.writeHead(200, { "content-type": "application/json" });
      response.end(text);
      return;
    }
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.on("data", (bytes) => {
      if (!this.isHeld || !request.url?.startsWith("/v1/events")) response.write(bytes);
    });
    answer.on("end", () => response.end());
  }
}
