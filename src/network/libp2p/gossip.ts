/** Topics over gossipsub: every message is judged before it is relayed, every peer has its budgets, and one score. */
import { type GossipSub, type GossipSubComponents, gossipsub } from "@chainsafe/libp2p-gossipsub";
import type { Connection, PeerId as Libp2pPeerId } from "@libp2p/interface";
import type { Clock } from "../../base/clock.ts";
import { toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import { AcceptanceBudget } from "../host/acceptance-budget.ts";
import { JudgingQueue } from "../host/judging-queue.ts";
import { messageId } from "../host/message-id.ts";
import type { PeerLimits } from "../host/peer-limits.ts";
import type { PeerId, TopicOptions, Verdict } from "../peer-host.ts";
import type { PeerOffence } from "../peers/score.ts";
import { FrameBacklog } from "./frame-backlog.ts";
import { gossipOptions, messageIdText, type TopicScore, topicScore } from "./gossip-config.ts";
import { boundControl, type GossipControl } from "./gossip-control.ts";
import { countFrame, type FrameCount } from "./gossip-frame.ts";
import { boundMemory, type GossipMemory } from "./gossip-memory.ts";
import {
  type ConnectionsOf,
  type GossipStreams,
  openGossipStream,
  openSideBySide,
  outliveConnections,
} from "./gossip-streams.ts";

interface GossipMessage {
  readonly topic: string;
  readonly data?: Uint8Array;
}

/** A gossip frame as far as it is looked at here. */
interface GossipRpc {
  messages: GossipMessage[];
}

/** What the implementation has and its published type lacks. */
interface GossipSubInternals extends GossipSub, GossipStreams, GossipMemory, GossipControl {
  reportMessageValidationResult(messageId: string, from: PeerId, verdict: Verdict): void;
  getMeshPeers(topic: string): PeerId[];
  decodeRpc(bytes: Uint8Array): GossipRpc;
  handleReceivedRpc(from: Libp2pPeerId, rpc: GossipRpc): Promise<void>;
  readonly score: GossipMemory["score"] & {
    readonly params: { readonly topics: Record<string, TopicScore> };
    addPenalty(peer: PeerId, count: number, label: string): void;
  };
  /** Whom messages were asked of; mostly nobody. */
  readonly gossipTracer: { readonly size: number; deliverMessage(messageId: string): void };
}

export interface GossipModules {
  readonly limits: PeerLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly connectionsOf: ConnectionsOf;
  readonly isBanned: (peer: PeerId) => boolean;
  /** Of the one score. */
  readonly pointsOf: (peer: PeerId) => number;
  readonly report: (peer: PeerId, offence: PeerOffence, reason?: string) => void;
  /** A peer was the first to bring an accepted message of a credited topic. */
  readonly delivered: (peer: PeerId) => void;
}

const noBytes = new Uint8Array(0);
/** A message keeps its frame if the rest of the frame is no more than this part of it: a block of 1 MiB is not copied. */
const wastedPartMax = 1 / 8;

interface Subscription {
  readonly options: TopicOptions;
  readonly queue: JudgingQueue;
  /** Absent: this topic takes as much as comes. */
  readonly budget: AcceptanceBudget | undefined;
}

/** Messages of one frame that were taken already. */
interface Ahead {
  count: number;
  bytes: number;
}

export class Gossip {
  readonly #modules: GossipModules;
  readonly #topics = new Map<string, Subscription>();
  readonly #backlog = new FrameBacklog();
  #gossip: GossipSubInternals | undefined;
  #started = false;

  constructor(modules: GossipModules) {
    this.#modules = modules;
  }

  /** The libp2p service; made once, by libp2p. */
  createService(components: GossipSubComponents): GossipSub {
    const { privateKey, peerId, peerStore, connectionManager, logger } = components;
    const registrar = this.#meter(components.registrar);
    const service = gossipsub(gossipOptions(this.#modules.pointsOf))({
      privateKey,
      peerId,
      peerStore,
      connectionManager,
      logger,
      registrar,
    });
    const gossip = service as GossipSubInternals;
    this.#gossip = gossip;
    boundMemory(gossip);
    boundControl(gossip, this.#modules.clock);
    openSideBySide(gossip);
    this.#screen(gossip);
    outliveConnections(gossip, this.#modules.connectionsOf);
    this.#meterFrames(gossip);
    gossip.score.addPenalty = (peer, count) => {
      for (let index = 0; index < count; index += 1) this.#modules.report(peer, "gossip misbehaviour");
    };
    gossip.addEventListener("gossipsub:message", ({ detail }) => {
      void this.#judge(detail.msgId, detail.propagationSource.toString(), detail.msg.topic, detail.msg.data);
    });
    return service;
  }

  /** To be called once libp2p runs: gossipsub takes no subscription before. */
  start(): void {
    this.#started = true;
    for (const topic of this.#topics.keys()) this.#gossip?.subscribe(topic);
  }

  stop(): void {
    this.#started = false;
  }

  /**
   * Opens the stream on which this node speaks to a peer, if there is none.
   *
   * @returns false if gossipsub does not know the peer, since libp2p could not identify it
   */
  openStream(connection: Connection): boolean {
    const { connectionsOf } = this.#modules;
    return this.#gossip !== undefined && openGossipStream(this.#gossip, connection, connectionsOf);
  }

  subscribe(topic: string, options: TopicOptions): void {
    const budget = options.acceptance && new AcceptanceBudget(options.acceptance, this.#modules);
    const queue = new JudgingQueue(topic, options, { ...this.#modules, isStopped: () => !this.#started });
    this.#topics.set(topic, { options, queue, budget });
    if (this.#gossip === undefined) return;
    // A topic without score parameters never penalises anyone.
    this.#gossip.score.params.topics[topic] = { ...topicScore };
    if (this.#started) this.#gossip.subscribe(topic);
  }

  async publish(topic: string, message: Uint8Array): Promise<number> {
    const subscription = this.#topics.get(topic);
    if (subscription === undefined) throw new Error(`not subscribed to ${topic}`);
    if (message.length > subscription.options.messageBytesMax) {
      throw new Error(`${message.length} bytes are over the limit of ${topic}`);
    }
    if (!this.#started || this.#gossip === undefined) return 0;
    const { recipients } = await this.#gossip.publish(topic, message);
    return recipients.length;
  }

  topicPeers(topic: string): readonly PeerId[] {
    return this.#gossip?.getSubscribers(topic).map((peer) => peer.toString()) ?? [];
  }

  meshPeers(topic: string): readonly PeerId[] {
    return this.#gossip?.getMeshPeers(topic) ?? [];
  }

  /** Bytes that have come from a peer and are no whole frame yet, or one that waits for the frames before it. */
  unfinishedBytes(peer: PeerId): number {
    return this.#backlog.of(peer);
  }

  async #judge(messageId: string, from: PeerId, topic: string, data: Uint8Array): Promise<void> {
    const { report, logger } = this.#modules;
    const subscription = this.#topics.get(topic);
    subscription?.budget?.judging(from, data.length);
    const verdict = (await subscription?.queue.judge(data, from)) ?? "ignore";
    if (verdict === "accept") subscription?.budget?.accepted(from, data.length);
    try {
      if (this.#started) this.#gossip?.reportMessageValidationResult(messageId, from, verdict);
    } catch (thrown) {
      logger.error({ topic, from, error: toError(thrown) }, "reporting a verdict failed");
    }
    if (verdict === "accept" && this.#topics.get(topic)?.options.isCredited) this.#modules.delivered(from);
    if (verdict === "reject") report(from, "rejected message", `rejected messages on ${topic}`);
  }

  /** Decides message by message, before gossipsub spends anything on it. */
  #screen(gossip: GossipSubInternals): void {
    const handle = gossip.handleReceivedRpc.bind(gossip);
    gossip.handleReceivedRpc = async (from, rpc) => {
      const { isBanned, limits, report } = this.#modules;
      const peer = from.toString();
      if (isBanned(peer)) return;
      // Gossipsub would keep messages of topics that nobody here judges, until they age out.
      const known = rpc.messages.filter(({ topic }) => this.#topics.has(topic));
      const foreign = rpc.messages.length - known.length;
      if (!limits.spendControl(peer, foreign)) return report(peer, "gossip control budget");
      const ahead = { count: 0, bytes: 0 };
      rpc.messages = known.filter((message) => this.#admits(peer, message, ahead)).map(withOwnData);
      await handle(from, rpc);
    };
  }

  /**
   * A message for which there is no room is dropped before gossipsub takes it for seen: it may come by another peer, and
   * what gossipsub has seen it remembers for five minutes, in 1 KB. To gossipsub it counts as delivered, since the peer
   * that was asked for it has kept its word.
   */
  #admits(peer: PeerId, { topic, data = noBytes }: GossipMessage, ahead: Ahead): boolean {
    const subscription = this.#topics.get(topic);
    if (subscription && hasRoomFor(subscription, peer, data, ahead)) {
      ahead.count += 1;
      ahead.bytes += data.length;
      return true;
    }
    const tracer = this.#gossip?.gossipTracer;
    if (tracer && tracer.size > 0) tracer.deliverMessage(messageIdText(messageId(topic, data)));
    return false;
  }

  /**
   * Counts what a frame holds before gossipsub decodes it, and drops what is over a budget: what is left of a flood would be
   * decoded after the peer was cut, and that took more memory than the flood before it.
   */
  #meterFrames(gossip: GossipSubInternals): void {
    const read = gossip.pipePeerReadStream.bind(gossip);
    const decode = gossip.decodeRpc.bind(gossip);
    const { isBanned, report } = this.#modules;
    const backlog = this.#backlog;
    const affords = (peer: PeerId, count: FrameCount) => this.#affords(peer, count);
    let sender: PeerId | undefined;
    gossip.pipePeerReadStream = (from, frames) => {
      const peer = from.toString();
      const metered = async function* () {
        for await (const frame of frames) {
          const bytes = frame.subarray();
          backlog.took(peer, bytes.length);
          if (isBanned(peer)) continue;
          const count = countFrame(bytes);
          if (!count) report(peer, "malformed gossip");
          else if (affords(peer, count)) {
            yield {
              subarray() {
                sender = peer;
                return bytes;
              },
            };
          }
        }
      };
      return read(from, metered());
    };
    // Gossipsub skips what is no gossip and does not say whose it was; it decodes a frame as soon as it has its bytes.
    gossip.decodeRpc = (bytes) => {
      try {
        return decode(bytes);
      } catch (thrown) {
        if (sender !== undefined) report(sender, "malformed gossip");
        throw thrown;
      }
    };
  }

  #affords(peer: PeerId, { messages, control, ids }: FrameCount): boolean {
    const { limits, report } = this.#modules;
    if (!limits.spendControl(peer, control)) report(peer, "gossip control budget");
    else if (!limits.spendItems(peer, messages) || !limits.spendIds(peer, ids))
      report(peer, "gossip item budget");
    else return true;
    return false;
  }

  /** Counts raw bytes on gossip streams, also those that decode to nothing. */
  #meter(registrar: GossipSubComponents["registrar"]): GossipSubComponents["registrar"] {
    const handle: typeof registrar.handle = (protocol, handler, options) =>
      registrar.handle(
        protocol,
        (stream, connection) => {
          // First the handler: data waits in the stream for its first listener, and that must not be ours.
          const handled = handler(stream, connection);
          const peer = connection.remotePeer.toString();
          stream.addEventListener("close", () => this.#backlog.ended(peer));
          stream.addEventListener("message", ({ data }) => {
            this.#backlog.came(peer, data.byteLength);
            if (this.#modules.isBanned(peer)) return;
            if (stream.writeStatus !== "writable") {
              // Gossipsub has given up on this stream, as after an over-long frame, and reads no more of it.
              stream.abort(new Error("nobody reads this stream"));
            } else if (!this.#modules.limits.spendBytes(peer, data.byteLength)) {
              this.#modules.report(peer, "gossip byte budget");
            }
          });
          return handled;
        },
        options,
      );
    return Object.assign(Object.create(registrar), { handle });
  }
}

function hasRoomFor({ budget, options, queue }: Subscription, peer: PeerId, data: Uint8Array, ahead: Ahead) {
  if (budget?.admits(peer, data.length, ahead) === false) return false;
  // Also where the queue is full, as it is under a flood: what a topic charges to the sender ends the flood.
  return options.hasRoomFor?.(data, peer) !== false && queue.hasRoomFor(peer, data.length, ahead);
}

/**
 * A message is a part of the frame in which it came, and waits, is relayed and is kept for 14 s: with a frame of 4 MiB
 * behind a hundred bytes a peer made a node hold 40,000 times what its budgets count.
 */
function withOwnData<Message extends GossipMessage>(message: Message): Message {
  const { data } = message;
  if (data === undefined || data.buffer.byteLength - data.length <= data.length * wastedPartMax)
    return message;
  return { ...message, data: new Uint8Array(data) };
}
