/** Votes for the head. This is the only place where an authority's key signs votes, and each is on disk before it is sent. */
import { bytesEqual } from "../../base/bytes.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import { toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import { voteOn } from "../../consensus/finality/vote-rule.ts";
import type { HeaderRecord } from "../../protocol/block.ts";
import type { Checkpoint } from "../../protocol/checkpoint.ts";
import type { KeyPair } from "../../protocol/signing.ts";
import { type Link, signVote, type Vote, verifyVote } from "../../protocol/vote.ts";
import type { SigningPermission } from "../signing-permission.ts";
import type { VoteJournal } from "./vote-journal.ts";

export interface VoterOptions {
  readonly keyPair: KeyPair;
  readonly chainId: Uint8Array;
  /** A head that was sealed out of turn must stay the head for this long before it is voted for. Default 1,000. */
  readonly delayMs?: number;
}

/** What a voter asks of the chain. */
export interface VoterChain {
  head(): HeaderRecord;
  /** The source of every vote for a block. */
  justifiedOf(record: HeaderRecord): Checkpoint;
  /** Whether the block's producer had the first turn: rank 0. */
  isInTurn(record: HeaderRecord): boolean;
  /** Counts this node's vote like any other. */
  countVote(vote: Vote): void;
}

export interface VoterModules {
  readonly chain: VoterChain;
  readonly journal: VoteJournal;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly announceVote: (vote: Vote) => void;
  /** Asked before every vote. */
  readonly permission: SigningPermission;
  /** No block of this height or below is voted for. Default 0. */
  readonly floorHeight?: () => number;
}

/**
 * The block of the authority whose turn it is may be late by what clocks differ and the network takes. Votes that were
 * cast for another block before it came split, and then neither block is certified.
 */
export const outOfTurnVoteDelayMs = 1_000;
const retryMinMs = 2_000;
const retryMaxMs = 60_000;

export class Voter {
  readonly #options: VoterOptions;
  readonly #modules: VoterModules;
  #running = false;
  #casting: Promise<void> | undefined;
  #timer: Timer | undefined;
  #seen: { readonly hashHex: string; readonly sinceMs: number } | undefined;
  #retry: { readonly delayMs: number; readonly untilMs: number } | undefined;
  readonly #reconsider = () => this.#consider();

  constructor(options: VoterOptions, modules: VoterModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** Sends the last vote once more, byte for byte, since it may never have left. Then votes for new heads. */
  start(): void {
    this.#running = true;
    const { keyPair, chainId } = this.#options;
    const { permission, journal } = this.#modules;
    const { last } = journal;
    permission.events.on("changed", this.#reconsider);
    // A journal of another key or chain still binds this voter by its watermark, but its votes are not this node's.
    if (last && bytesEqual(last.voter, keyPair.publicKey) && verifyVote(chainId, last)) this.#send(last);
    this.#consider();
  }

  /** To be called whenever the chain has another head. */
  headChanged(): void {
    this.#consider();
  }

  /** Resolves when nothing of it runs any more; closes the journal. */
  async stop(): Promise<void> {
    this.#running = false;
    this.#timer?.cancel();
    this.#modules.permission.events.off("changed", this.#reconsider);
    await this.#casting;
    await this.#modules.journal.close();
  }

  #consider(): void {
    if (!this.#running || this.#casting) return;
    this.#timer?.cancel();
    let waitMs: number | undefined;
    try {
      waitMs = this.#castIfDue();
    } catch (thrown) {
      waitMs = this.#failed(thrown);
    }
    if (waitMs !== undefined) this.#timer = this.#modules.clock.schedule(waitMs, this.#reconsider);
  }

  /** @returns how long to wait before the next look; undefined: until head or permission change, or the vote is cast */
  #castIfDue(): number | undefined {
    const { chain, journal, clock, permission, floorHeight } = this.#modules;
    const head = chain.head();
    const nowMs = clock.monotonicMs();
    if (this.#seen?.hashHex !== head.hashHex) this.#seen = { hashHex: head.hashHex, sinceMs: nowMs };
    if (permission.reason !== undefined) return undefined;
    const link = voteOn(head, chain.justifiedOf(head), journal.watermark);
    if (!link || link.target.height <= (floorHeight?.() ?? 0)) return undefined;
    const delayMs = chain.isInTurn(head) ? 0 : (this.#options.delayMs ?? outOfTurnVoteDelayMs);
    const waitMs = Math.max(this.#seen.sinceMs + delayMs, this.#retry?.untilMs ?? 0) - nowMs;
    if (waitMs > 0) return waitMs;
    this.#casting = this.#cast(link)
      .catch((thrown: unknown) => this.#failed(thrown))
      .then(() => {
        this.#casting = undefined;
        this.#consider();
      });
    return undefined;
  }

  async #cast({ source, target }: Link): Promise<void> {
    const { keyPair, chainId } = this.#options;
    const vote = signVote(chainId, source, target, keyPair);
    await this.#modules.journal.record(vote);
    this.#retry = undefined;
    this.#modules.logger.debug({ source: source.height, target: target.height }, "voted");
    this.#send(vote);
  }

  /** @returns how long to wait before another try */
  #failed(thrown: unknown): number {
    const { clock, logger } = this.#modules;
    const delayMs = Math.min(this.#retry ? 2 * this.#retry.delayMs : retryMinMs, retryMaxMs);
    this.#retry = { delayMs, untilMs: clock.monotonicMs() + delayMs };
    logger.error({ error: toError(thrown), retryAfterMs: delayMs }, "no vote was cast");
    return delayMs;
  }

  /** The vote is on disk. If sending fails, the vote is sent again after a restart. */
  #send(vote: Vote): void {
    const { chain, announceVote, logger } = this.#modules;
    try {
      chain.countVote(vote);
      announceVote(vote);
    } catch (thrown) {
      logger.error({ error: toError(thrown), target: vote.target.height }, "a vote could not be sent");
    }
  }
}
