/** Votes and evidence among peers: validated before they are relayed, and asked for if gossip lost them. */
import { includesBytes } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import { toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import type { Chain } from "../../chain/chain.ts";
import { authoritiesOf } from "../../consensus/engine.ts";
import type { Fault } from "../../protocol/faults.ts";
import type { Vote } from "../../protocol/vote.ts";
import type { BlockFetcher } from "../fetch/block-fetcher.ts";
import { type ChainRequests, serveVotes } from "../fetch/requests.ts";
import {
  chainTopics,
  decodeFinalityMessage,
  encodeFinalityMessage,
  type FinalityMessage,
  finalityMessageBytesMax,
} from "../messages.ts";
import type { PeerHost, PeerId, Verdict } from "../peer-host.ts";
import { reportBadAnswer } from "../peers/bad-answer.ts";
import type { PeerDirectory } from "../peers/directory.ts";
import { verdictOf } from "../verdicts.ts";
import { acceptanceRates } from "./acceptance.ts";
import { BlockWaits } from "./block-waits.ts";
import { GossipTopic } from "./topic.ts";
import { UselessVotes } from "./useless-votes.ts";

const queueMax = 256;

export interface FinalityGossipModules {
  readonly host: PeerHost;
  readonly chain: Chain;
  readonly requests: ChainRequests;
  readonly directory: PeerDirectory;
  /** Fetches the block that a vote is for, if the block does not come by itself. */
  readonly fetcher: BlockFetcher;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class FinalityGossip {
  readonly #modules: FinalityGossipModules;
  readonly #topic: GossipTopic;
  readonly #waits: BlockWaits;
  readonly #useless: UselessVotes;

  constructor(modules: FinalityGossipModules) {
    const { chain, clock } = modules;
    this.#modules = modules;
    this.#topic = new GossipTopic(chainTopics(chain.spec.chainId).votes, modules);
    this.#useless = new UselessVotes(modules);
    this.#waits = new BlockWaits({ clock, isKnown: (hash) => chain.headerOf(hash) !== undefined });
  }

  /** Serves and listens, if the engine has finality. Before the host is started. */
  start(): void {
    const { host, chain } = this.#modules;
    if (!chain.final) return;
    serveVotes(host, chain);
    this.#topic.subscribe({
      messageBytesMax: finalityMessageBytesMax,
      queueMax,
      acceptance: acceptanceRates.votes,
      isCredited: true,
      hasRoomFor: (message, from) => !this.#useless.isSuspect(from) || !this.#isUseless(message, from),
      judge: (message, from) => this.#judge(message, from),
    });
  }

  close(): void {
    this.#waits.close();
  }

  announce(message: FinalityMessage): void {
    this.#topic.publish(encodeFinalityMessage(message));
  }

  /** A block was stored, on the canonical chain or beside it: votes may be waiting for it. */
  blockStored(): void {
    this.#waits.look();
  }

  /**
   * Asks a peer for the votes and evidence that it knows, if blocks of ours still lack votes.
   *
   * @returns false if the answer was bad or did not come
   */
  async fetchFrom(peer: PeerId): Promise<boolean> {
    const { chain, requests, logger } = this.#modules;
    if (!chain.final || chain.final.height >= chain.head.header.height) return true;
    try {
      for await (const message of requests.votes(peer)) {
        const fault = message.ok ? this.#take(message.value) : message.fault;
        if (fault && verdictOf(fault) === "reject") {
          reportBadAnswer(this.#modules, peer, fault);
          return false;
        }
      }
      return true;
    } catch (thrown) {
      logger.debug({ peer, reason: toError(thrown).message }, "a peer could not be asked for votes");
      return false;
    }
  }

  /**
   * This node asked for the message, so peers connected only through this node have not seen it yet. A new vote is
   * announced here. New evidence is announced by the step that follows `evidenceFound` of the chain.
   */
  #take(message: FinalityMessage): Fault | undefined {
    const { chain } = this.#modules;
    if (message.kind === "evidence") {
      const added = chain.addEvidence(message.evidence);
      return added.ok ? undefined : added.fault;
    }
    const added = chain.addVote(message.vote);
    if (added.ok) this.announce(message);
    return added.ok ? undefined : added.fault;
  }

  #judge(message: Uint8Array, from: PeerId): Verdict | Promise<Verdict> {
    const decoded = decodeFinalityMessage(message);
    if (!decoded.ok) return this.#verdict(decoded.fault, from);
    if (decoded.value.kind === "vote") return this.#judgeVote(decoded.value.vote, from);
    const added = this.#modules.chain.addEvidence(decoded.value.evidence);
    return added.ok ? "accept" : this.#refused(added.fault, from);
  }

  /**
   * A flood of useless votes is charged and dropped before it counts as seen: what gossipsub has seen it remembers for
   * minutes, in 1 KB each. As the finality gadget decides, which judges what is left.
   */
  #isUseless(message: Uint8Array, from: PeerId): boolean {
    const { chain } = this.#modules;
    const decoded = decodeFinalityMessage(message);
    if (!decoded.ok || decoded.value.kind !== "vote") return false;
    const { voter, target } = decoded.value.vote;
    const isStale = target.height <= (chain.final?.height ?? 0);
    const authorities = authoritiesOf(chain.engine, chain.headerOf(target.hash) ?? chain.head);
    if (!isStale && includesBytes(authorities, voter)) return false;
    this.#useless.came(from);
    return true;
  }

  #judgeVote(vote: Vote, from: PeerId): Verdict | Promise<Verdict> {
    const { chain, directory, clock } = this.#modules;
    const added = chain.addVote(vote);
    const isEarly = !added.ok && added.fault.code === "vote/target-unknown";
    if (!added.ok && !isEarly) return this.#refused(added.fault, from);
    // The signature of an early vote has been verified, too: its voter is alive.
    directory.keyHeard(vote.voter, clock.monotonicMs());
    return isEarly ? this.#judgeEarlyVote(vote, from) : "accept";
  }

  /** The chain keeps such a vote and counts it when its block comes. Only the relay has to wait here. */
  async #judgeEarlyVote(vote: Vote, from: PeerId): Promise<Verdict> {
    const { chain, fetcher } = this.#modules;
    if (!(await this.#waits.targetOf(vote))) {
      fetcher.wantBlock(vote.target.hash, vote.target.height, from);
      return "ignore";
    }
    const added = chain.addVote(vote);
    // Known: the vote was counted when the block came.
    if (added.ok || added.fault.code === "vote/known") return "accept";
    return this.#verdict(added.fault, from);
  }

  /** What is known already, or of no use any more, is charged above a small rate. */
  #refused(fault: Fault, from: PeerId): Verdict {
    if (verdictOf(fault) === "ignore") this.#useless.came(from);
    return this.#verdict(fault, from);
  }

  #verdict(fault: Fault, from: PeerId): Verdict {
    return this.#topic.verdict(fault, from, "a vote or evidence");
  }
}
