/** One socket on UDP 5353 that receives on all interfaces, and sends on one after the other. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { decode, encode, type Packet } from "dns-packet";
import { toError } from "../../base/invariant.ts";
import type { MulticastInterface } from "./multicast-interfaces.ts";

export const mdnsGroup = "224.0.0.251";
export const mdnsPort = 5353;
const multicastTtl = 255;

export class MdnsSocket {
  readonly #socket: Socket = createSocket({ type: "udp4", reuseAddr: true });
  readonly #interfaces: readonly MulticastInterface[];
  readonly #onQuestion: (name: string) => void;
  /** Sends run one after the other: the interface is a setting of the socket, not of a datagram. */
  #sending: Promise<void> = Promise.resolve();
  #closed = false;

  /** @param onQuestion called with the name of each question that is heard */
  constructor(interfaces: readonly MulticastInterface[], onQuestion: (name: string) => void) {
    this.#interfaces = interfaces;
    this.#onQuestion = onQuestion;
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
    this.#socket.on("message", (message) => {
      for (const name of questionsIn(message)) this.#onQuestion(name);
    });
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

/** The names in a question; none for an answer, or for bytes that are no DNS message: any machine on the LAN can send any bytes. */
function questionsIn(message: Buffer): string[] {
  try {
    const packet = decode(message);
    return packet.type === "query" ? (packet.questions ?? []).map(({ name }) => name) : [];
  } catch {
    return [];
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
