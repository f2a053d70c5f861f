/** Topics over gossipsub: every message is judged before it is relayed, every peer has a budget. */
import { type GossipSub, type GossipSubComponents, gossipsub } from "@chainsafe/libp2p-gossipsub";
import type { PeerId as Libp2pPeerId } from "@libp2p/interface";
import { toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import { JudgingQueue } from "../host/judging-queue.ts";
import type { PeerLimits } from "../host/peer-limits.ts";
import type { PeerId, TopicOptions, Verdict } from "../peer-host.ts";
import type { PeerOffence } from "../peers/score.ts";
import { gossipOptions, scoreThresholds, type TopicScore, topicScore } from "./gossip-config.ts";

/** A gossip frame as far as its cost is counted. */
interface GossipRpc {
  messages: { readonly topic: string; readonly data?: Uint8Array }[];
  readonly subscriptions: readonly unknown[];
  readonly control?: {
    readonly ihave?: readonly { readonly messageIDs?: readonly unknown[] }[];
    readonly iwant?: readonly { readonly messageIDs?: readonly unknown[] }[];
    readonly idontwant?: readonly { readonly messageIDs?: readonly unknown[] }[];
    readonly graft?: readonly unknown[];
    readonly prune?: readonly unknown[];
  };
}

/** What the implementation has and its published type lacks. */
interface GossipSubInternals extends GossipSub {
  reportMessageValidationResult(messageId: string, from: PeerId, verdict: Verdict): void;
  getMeshPeers(topic: string): PeerId[];
  getScore(peer: PeerId): number;
  handleReceivedRpc(from: Libp2pPeerId, rpc: GossipRpc): Promise<void>;
  readonly score: { readonly params: { readonly topics: Record<string, TopicScore> } };
}

export interface GossipModules {
  readonly limits: PeerLimits;
  readonly logger: Logger;
  readonly isBanned: (peer: PeerId) => boolean;
  readonly report: (peer: PeerId, offence: PeerOffence, reason?: string) => void;
}

/** Message ids in IHAVE, IWANT and IDONTWANT are cheap: this many cost as much as one message. */
const idsPerItem = 64;

export class Gossip {
  readonly #modules: GossipModules;
  readonly #topics = new Map<string, { readonly options: TopicOptions; readonly queue: JudgingQueue }>();
  #gossip: GossipSubInternals | undefined;
  #started = false;

  constructor(modules: GossipModules) {
    this.#modules = modules;
  }

  /** The libp2p service; made once, by libp2p. */
  createService(components: GossipSubComponents): GossipSub {
    const { privateKey, peerId, peerStore, connectionManager, logger } = components;
    const registrar = this.#meter(components.registrar);
    const service = gossipsub(gossipOptions())({
      privateKey,
      peerId,
      peerStore,
      connectionManager,
      logger,
      registrar,
    });
    const gossip = service as GossipSubInternals;
    this.#gossip = gossip;
    this.#screen(gossip);
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

  subscribe(topic: string, options: TopicOptions): void {
    const queue = new JudgingQueue(topic, options, { ...this.#modules, isStopped: () => !this.#started });
    this.#topics.set(topic, { options, queue });
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

  /** Gossipsub itself only ignores whom it has graylisted; hanging up is left to us. */
  isGraylisted(peer: PeerId): boolean {
    return (this.#gossip?.getScore(peer) ?? 0) < scoreThresholds.graylistThreshold;
  }

  async #judge(messageId: string, from: PeerId, topic: string, data: Uint8Array): Promise<void> {
    const { report, logger } = this.#modules;
    const verdict = (await this.#topics.get(topic)?.queue.judge(data, from)) ?? "ignore";
    try {
      if (this.#started) this.#gossip?.reportMessageValidationResult(messageId, from, verdict);
    } catch (thrown) {
      logger.error({ topic, from, error: toError(thrown) }, "reporting a verdict failed");
    }
    if (verdict === "reject") report(from, "rejected message", `rejected messages on ${topic}`);
  }

  /** Counts what arrives, message by message, before gossipsub spends anything on it. */
  #screen(gossip: GossipSubInternals): void {
    const handle = gossip.handleReceivedRpc.bind(gossip);
    gossip.handleReceivedRpc = async (from, rpc) => {
      const peer = from.toString();
      if (this.#modules.isBanned(peer)) return;
      if (!this.#modules.limits.spendItems(peer, itemsOf(rpc))) {
        this.#modules.report(peer, "gossip item budget");
        return;
      }
      // Gossipsub would keep messages of topics that nobody here judges, until they age out.
      rpc.messages = rpc.messages.filter(({ topic }) => this.#topics.has(topic));
      await handle(from, rpc);
    };
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
          stream.addEventListener("message", ({ data }) => {
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

function itemsOf({ messages, subscriptions, control }: GossipRpc): number {
  const entries = [...(control?.ihave ?? []), ...(control?.iwant ?? []), ...(control?.idontwant ?? [])];
  const ids = entries.reduce((sum, entry) => sum + (entry.messageIDs?.length ?? 0), 0);
  const grafts = (control?.graft?.length ?? 0) + (control?.prune?.length ?? 0);
  return messages.length + subscriptions.length + entries.length + grafts + Math.ceil(ids / idsPerItem);
}
