/** One message there and one of the same kind back: how two connected nodes tell each other about themselves. */
import type { Type } from "@chainsafe/ssz";
import type { Clock } from "../../base/clock.ts";
import type { Result } from "../../base/result.ts";
import { decode } from "../../protocol/codec.ts";
import { describeFault, type MessageFault } from "../../protocol/faults.ts";
import type { PeerHost, PeerId } from "../peer-host.ts";

const timeoutMs = 5_000;
/** One peer may start this many exchanges of one kind. */
const rateLimit = { requests: 20, perMs: 10_000 };

/** What both sides say in one protocol. */
export interface MessageKind<Message> {
  readonly protocol: string;
  /** Names the message in faults and errors. */
  readonly what: string;
  readonly type: Type<Message>;
  /** What a message of this sender must satisfy besides its encoding. */
  readonly check?: (message: Message, from: PeerId) => Result<Message, MessageFault>;
}

/** A peer's answer, and how long it took. */
export interface Answer<Message> {
  readonly message: Message;
  /** Monotonic, from sending our message to having the peer's. */
  readonly roundTripMs: number;
  /** Our wall clock when the answer came. */
  readonly receivedMs: number;
}

/** Thrown if a peer's message is one that nobody who follows the rules sends. */
export class MessageRefused extends Error {
  readonly fault: MessageFault;

  constructor(fault: MessageFault) {
    super(describeFault(fault));
    this.fault = fault;
  }
}

export interface ExchangeModules<Message> {
  readonly host: PeerHost;
  readonly clock: Clock;
  /** What this node says to a peer. */
  readonly own: (to: PeerId) => Message;
}

export class Exchange<Message> {
  readonly #kind: MessageKind<Message>;
  readonly #modules: ExchangeModules<Message>;

  constructor(kind: MessageKind<Message>, modules: ExchangeModules<Message>) {
    this.#kind = kind;
    this.#modules = modules;
  }

  /** Answers peers. `heard` is told of each message before the answer is made, so that the answer can take it in. */
  serve(heard: (peer: PeerId, message: Result<Message, MessageFault>) => void): void {
    const { host, own } = this.#modules;
    const { protocol, type } = this.#kind;
    host.serve(protocol, {
      requestBytesMax: type.maxSize,
      chunkBytesMax: type.maxSize,
      timeoutMs,
      rateLimit,
      handle: (request, from) => {
        const message = this.#decode(request, from);
        heard(from, message);
        if (!message.ok) throw new MessageRefused(message.fault);
        return [type.serialize(own(from))];
      },
    });
  }

  /**
   * Says our message to a peer and returns the peer's.
   *
   * @throws MessageRefused for an answer that breaks the rules; RequestError if none comes
   */
  async ask(peer: PeerId): Promise<Answer<Message>> {
    const { host, clock, own } = this.#modules;
    const { protocol, what, type } = this.#kind;
    const request = type.serialize(own(peer));
    const sentMs = clock.monotonicMs();
    const options = { timeoutMs, chunksMax: 1, chunkBytesMax: type.maxSize };
    for await (const chunk of host.request(peer, protocol, request, options)) {
      const [roundTripMs, receivedMs] = [clock.monotonicMs() - sentMs, clock.nowMs()];
      const message = this.#decode(chunk, peer);
      if (!message.ok) throw new MessageRefused(message.fault);
      return { message: message.value, roundTripMs, receivedMs };
    }
    throw new Error(`the peer closed the stream without a ${what}`);
  }

  #decode(bytes: Uint8Array, from: PeerId): Result<Message, MessageFault> {
    const { type, what, check } = this.#kind;
    const decoded = decode(type, bytes, what);
    return decoded.ok && check ? check(decoded.value, from) : decoded;
  }
}
