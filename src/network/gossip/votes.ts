/** Votes and evidence between nodes: told, judged before they are passed on, and asked for where gossip lost them. */
import type { Clock } from "../../base/clock.ts";
import { toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import type { Chain } from "../../chain/chain.ts";
import { describeFault, type Fault } from "../../protocol/faults.ts";
import type { Vote } from "../../protocol/vote.ts";
import { type ChainRequests, serveVotes } from "../fetch/requests.ts";
import {
  chainTopics,
  decodeFinalityMessage,
  encodeFinalityMessage,
  type FinalityMessage,
  finalityMessageBytesMax,
} from "../messages.ts";
import type { PeerHost, PeerId, Verdict } from "../peer-host.ts";
import { verdictOf } from "../verdicts.ts";
import { BlockWaits } from "./block-waits.ts";

const messagesQueuedMax = 256;

export interface FinalityGossipModules {
  readonly host: PeerHost;
  readonly chain: Chain;
  readonly requests: ChainRequests;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly publish: (topic: string, message: Uint8Array) => void;
  /** A peer served something that nobody who follows the rules has. */
  readonly penalise: (peer: PeerId, fault: Fault) => void;
  /** A vote that was not known has come by gossip: its voter is there. */
  readonly voterHeard: (voter: Uint8Array) => void;
  /** A vote is for a block that does not come by itself. */
  readonly fetchTarget: (vote: Vote, from: PeerId) => void;
}

export class FinalityGossip {
  readonly #modules: FinalityGossipModules;
  readonly #topic: string;
  readonly #waits: BlockWaits;

  constructor(modules: FinalityGossipModules) {
    const { chain, clock } = modules;
    this.#modules = modules;
    this.#topic = chainTopics(chain.spec.chainId).votes;
    this.#waits = new BlockWaits({ clock, isKnown: (hash) => chain.headerOf(hash) !== undefined });
  }

  /** Serves and listens, where the engine has finality. */
  start(): void {
    const { host, chain } = this.#modules;
    if (!chain.final) return;
    serveVotes(host, chain);
    host.subscribe(this.#topic, {
      messageBytesMax: finalityMessageBytesMax,
      queueMax: messagesQueuedMax,
      judge: (message, from) => this.#judge(message, from),
    });
    chain.events.on("headChanged", () => this.#waits.look());
    chain.events.on("evidenceFound", (evidence) => this.announce({ kind: "evidence", evidence }));
  }

  close(): void {
    this.#waits.close();
  }

  announce(message: FinalityMessage): void {
    this.#modules.publish(this.#topic, encodeFinalityMessage(message));
  }

  /** A block was stored, be it on a side branch: votes may be waiting for it. */
  blockStored(): void {
    this.#waits.look();
  }

  /** Asks a peer for what it knows, if blocks of ours still lack votes. False if the answer was bad or did not come. */
  async fetchFrom(peer: PeerId): Promise<boolean> {
    const { chain, requests, penalise, logger } = this.#modules;
    if (!chain.final || chain.final.height >= chain.head.header.height) return true;
    try {
      for await (const message of requests.votes(peer)) {
        const fault = message.ok ? this.#take(message.value) : message.fault;
        if (fault && verdictOf(fault) === "reject") {
          penalise(peer, fault);
          return false;
        }
      }
      return true;
    } catch (thrown) {
      logger.debug({ peer, reason: toError(thrown).message }, "a peer could not be asked for votes");
      return false;
    }
  }

  /** Asked for, not gossiped: whoever stands behind this node has heard of it from nobody. Evidence is told by the chain. */
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
    return added.ok ? "accept" : this.#verdict(added.fault, from);
  }

  #judgeVote(vote: Vote, from: PeerId): Verdict | Promise<Verdict> {
    const { chain, voterHeard } = this.#modules;
    const added = chain.addVote(vote);
    const isEarly = !added.ok && added.fault.code === "vote/target-unknown";
    if (!added.ok && !isEarly) return this.#verdict(added.fault, from);
    // Also an early one is signed by who it says.
    voterHeard(vote.voter);
    return isEarly ? this.#judgeEarlyVote(vote, from) : "accept";
  }

  /** The chain has put such a vote by and counts it when its block comes; here it is a matter of passing it on. */
  async #judgeEarlyVote(vote: Vote, from: PeerId): Promise<Verdict> {
    const { chain, fetchTarget } = this.#modules;
    if (!(await this.#waits.targetOf(vote))) {
      fetchTarget(vote, from);
      return "ignore";
    }
    const added = chain.addVote(vote);
    // Known: counted when the block came.
    if (added.ok || added.fault.code === "vote/known") return "accept";
    return this.#verdict(added.fault, from);
  }

  #verdict(fault: Fault, from: PeerId): Verdict {
    const verdict = verdictOf(fault);
    if (verdict === "reject") {
      const fields = { from, fault: describeFault(fault) };
      this.#modules.logger.info(fields, "a vote or evidence was rejected");
    }
    return verdict;
  }
}
