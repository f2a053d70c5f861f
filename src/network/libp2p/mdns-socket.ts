/** One socket on UDP 5353 that receives on all interfaces, and sends on one after the other. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { decode, encode, type Packet } from "dns-packet";
import { BoundedMap } from "../../base/bounded-map.ts";
import { toError } from "../../base/invariant.ts";
import { LeakyBucket } from "../host/leaky-bucket.ts";
import type { MulticastInterface } from "./multicast-interfaces.ts";

export const mdnsGroup = "224.0.0.251";
export const mdnsPort = 5353;
const multicastTtl = 255;
/** RFC 6762, section 17: no mDNS message is longer. An answer of 65 kB takes milliseconds to decode. */
const messageBytesMax = 9_000;
/** Messages from one address: as many at once, then so many a second. Twenty nodes of one machine send 50 a second. */
const perSourceBurst = 256;
const perSourcePerSecond = 128;
const sourcesMax = 64;
/** The same for all addresses together, which are easy to forge on a LAN. */
const inAllBurst = 1_024;
const inAllPerSecond = 512;

export interface MdnsListener {
  /** Called with the name of each question that is heard. */
  readonly question: (name: string) => void;
  readonly answer: (packet: Packet) => void;
}

export class MdnsSocket {
  readonly #socket: Socket = createSocket({ type: "udp4", reuseAddr: true });
  readonly #interfaces: readonly MulticastInterface[];
  readonly #listener: MdnsListener;
  readonly #bySource = new BoundedMap<string, LeakyBucket>(sourcesMax);
  readonly #inAll = new LeakyBucket(inAllBurst, inAllPerSecond / 1_000, performance.now());
  /** Sends run one after the other: the interface is a setting of the socket, not of a datagram. */
  #sending: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(interfaces: readonly MulticastInterface[], listener: MdnsListener) {
    this.#interfaces = interfaces;
    this.#listener = listener;
  }

  /** @throws the system's error if the port cannot be shared */
  async open(): Promise<void> {
    this.#socket.bind(mdnsPort);
    await once(this.#socket, "listening");
    this.#socket.on("error", () => undefined);
    this.#socket.setMulticastTTL(multicastTtl);
    this.#socket.setMulticastLoopback(true);
    // An interface that cannot be joined cannot be sent on either: `send` reports it.
    for (const { address } of this.#interfaces) attempt(() => this.#socket.addMembership(mdnsGroup, address));
    this.#socket.on("message", (message, { address }) => this.#hear(message, address));
  }

  /**
   * Sends a packet of its own on every interface.
   *
   * @returns the interfaces on which it could not be sent, with the reason
   */
  async send(packetFor: (by: MulticastInterface) => Packet): Promise<ReadonlyMap<string, string>> {
    const faults = new Map<string, string>();
    const before = this.#sending;
    const done = Promise.withResolvers<void>();
    this.#sending = done.promise;
    await before;
    try {
      for (const by of this.#interfaces) {
        if (this.#closed) break;
        const fault = await this.#sendBy(by, encode(packetFor(by)));
        if (fault !== undefined && !this.#closed) faults.set(`${by.name} (${by.address})`, fault);
      }
    } finally {
      done.resolve();
    }
    return faults;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#sending;
    await new Promise<void>((resolve) => attempt(() => this.#socket.close(() => resolve())) || resolve());
  }

  #hear(message: Buffer, source: string): void {
    if (message.length > messageBytesMax || !this.#mayHear(source)) return;
    const packet = packetIn(message);
    if (packet?.type === "response") this.#listener.answer(packet);
    else for (const { name } of packet?.questions ?? []) this.#listener.question(name);
  }

  #mayHear(source: string): boolean {
    const nowMs = performance.now();
    const bucket =
      this.#bySource.get(source) ?? new LeakyBucket(perSourceBurst, perSourcePerSecond / 1_000, nowMs);
    this.#bySource.set(source, bucket);
    return bucket.add(1, nowMs) && this.#inAll.add(1, nowMs);
  }

  #sendBy({ address }: MulticastInterface, message: Uint8Array): Promise<string | undefined> {
    return new Promise((resolve) => {
      try {
        this.#socket.setMulticastInterface(address);
        this.#socket.send(message, mdnsPort, mdnsGroup, (error) => resolve(error?.message));
      } catch (thrown) {
        resolve(toError(thrown).message);
      }
    });
  }
}

/** Undefined for bytes that are no DNS message: any machine on the LAN can send any bytes. */
function packetIn(message: Buffer): Packet | undefined {
  try {
    return decode(message);
  } catch {
    return undefined;
  }
}

/** Whether `what` did not throw. */
function attempt(what: () => void): boolean {
  try {
    what();
    return true;
  } catch {
    return false;
  }
}
