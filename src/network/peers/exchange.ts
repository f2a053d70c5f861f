/** One message there and one of the same kind back: how two connected nodes tell each other about themselves. */
import type { Type } from "@chainsafe/ssz";
import type { Clock } from "../../base/clock.ts";
import { toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import type { Result } from "../../base/result.ts";
import { decode } from "../../protocol/codec.ts";
import { describeFault, type MessageFault } from "../../protocol/faults.ts";
import { RequestError } from "../host/request-error.ts";
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

export interface ExchangeModules<Message> {
  readonly host: PeerHost;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What this node says to a peer. */
  readonly own: (to: PeerId) => Message;
  /**
   * Takes in what a peer says. If the peer began the exchange this comes before our answer is made, so that the answer
   * can tell of it.
   */
  readonly heard: (from: PeerId, message: Message, begunBy: "peer" | "us") => void;
  /** A peer has said what nobody says who follows the rules. */
  readonly refused?: (from: PeerId, fault: MessageFault) => void;
}

export class Exchange<Message> {
  readonly #kind: MessageKind<Message>;
  readonly #modules: ExchangeModules<Message>;

  constructor(kind: MessageKind<Message>, modules: ExchangeModules<Message>) {
    this.#kind = kind;
    this.#modules = modules;
  }

  /** Answers peers; before the host is started. */
  serve(): void {
    const { host, own } = this.#modules;
    const { protocol, type } = this.#kind;
    host.serve(protocol, {
      requestBytesMax: type.maxSize,
      chunkBytesMax: type.maxSize,
      timeoutMs,
      rateLimit,
      handle: (request, from) => {
        this.#read(request, from, "peer");
        return [type.serialize(own(from))];
      },
    });
  }

  /**
   * Says our message to a peer, takes in the peer's and returns it.
   *
   * @throws RequestError if no answer comes, another error if the answer breaks the rules
   */
  async ask(peer: PeerId): Promise<Answer<Message>> {
    const { host, clock, own } = this.#modules;
    const { protocol, what, type } = this.#kind;
    const request = type.serialize(own(peer));
    const sentMs = clock.monotonicMs();
    const options = { timeoutMs, chunksMax: 1, chunkBytesMax: type.maxSize };
    for await (const chunk of host.request(peer, protocol, request, options)) {
      const [roundTripMs, receivedMs] = [clock.monotonicMs() - sentMs, clock.nowMs()];
      return { message: this.#read(chunk, peer, "us"), roundTripMs, receivedMs };
    }
    throw new Error(`the peer closed the stream without a ${what}`);
  }

  /** The same if nothing waits for the answer. */
  tell(peer: PeerId): void {
    this.ask(peer).catch((thrown: unknown) => {
      const { what } = this.#kind;
      this.#modules.logger.debug({ peer, what, reason: toError(thrown).message }, "a peer did not answer");
    });
  }

  #read(bytes: Uint8Array, from: PeerId, begunBy: "peer" | "us"): Message {
    const { type, what, check } = this.#kind;
    const { heard, refused } = this.#modules;
    const decoded = decode(type, bytes, what);
    const message = decoded.ok && check ? check(decoded.value, from) : decoded;
    if (!message.ok) {
      refused?.(from, message.fault);
      if (!decoded.ok && begunBy === "peer") {
        throw new RequestError("request/malformed", describeFault(message.fault));
      }
      throw new Error(describeFault(message.fault));
    }
    heard(from, message.value, begunBy);
    return message.value;
  }
}
