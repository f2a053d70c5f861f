/** What a node does as an authority besides sealing: it votes for finality, watches its key and its clock, and says why it pauses. */

import { bytesEqual, compareBytes, includesBytes } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { invariant, toError } from "../base/invariant.ts";
import type { Logger } from "../base/logger.ts";
import type { Chain } from "../chain/chain.ts";
import { authoritiesOf } from "../consensus/engine.ts";
import type { Network } from "../network/network.ts";
import type { Block, HeaderRecord } from "../protocol/block.ts";
import type { Genesis } from "../protocol/genesis.ts";
import type { Presence } from "../protocol/presence.ts";
import type { KeyPair } from "../protocol/signing.ts";
import type { Vote } from "../protocol/vote.ts";
import type { NotSealingReason } from "../sealing/not-sealing.ts";
import { KeyWatch } from "../sealing/poa/key-watch.ts";
import type { SealJournal } from "../sealing/poa/seal-journal.ts";
import type { VoteJournal } from "../sealing/poa/vote-journal.ts";
import { Voter } from "../sealing/poa/voter.ts";
import type { OwnCandidacy } from "./own-candidacy.ts";
import { SigningGate } from "./signing-gate.ts";

/** What an authority has signed, on disk. */
export interface AuthorityJournals {
  readonly seals: SealJournal;
  readonly votes: VoteJournal;
}

export interface AuthorityRoleOptions {
  readonly keyPair: KeyPair;
  /** 32 random bytes of this process; without them nobody can tell it that its key is at work elsewhere. */
  readonly instance: Uint8Array | undefined;
  /** See {@link listenFirstMs}. */
  readonly listenFirstMs: number;
  /** See {@link SigningGate}. */
  readonly signAlone: boolean;
}

export interface AuthorityRoleModules {
  readonly chain: Chain;
  readonly network: Network;
  readonly candidacy: OwnCandidacy;
  readonly journals: AuthorityJournals;
  readonly clock: Clock;
  readonly logger: Logger;
}

const listenFirstMaxMs = 10_000;

/** Long enough to hear a block of every authority that is at work, this node's own key included. */
export function listenFirstMs({ periodMs, stepMs, authorities }: Genesis): number {
  return Math.min(listenFirstMaxMs, 2 * periodMs + authorities.length * stepMs);
}

export class AuthorityRole {
  readonly #options: AuthorityRoleOptions;
  readonly #modules: AuthorityRoleModules;
  /** Whether this node has heard enough after its start to sign. */
  readonly gate: SigningGate;
  readonly #watch: KeyWatch;
  readonly #voter: Voter;
  #listenUntilMs = Number.POSITIVE_INFINITY;
  readonly #startedMs: number;
  #saidTwin = false;

  constructor(options: AuthorityRoleOptions, modules: AuthorityRoleModules) {
    const { keyPair } = options;
    const { chain, network, journals, clock, logger } = modules;
    this.#options = options;
    this.#modules = modules;
    this.#startedMs = clock.nowMs();
    this.gate = new SigningGate(
      { publicKey: keyPair.publicKey, signAlone: options.signAlone, startedMs: this.#startedMs },
      { chain, network, isBehind: () => this.#isBehind, logger },
    );
    this.gate.events.once("opened", () => this.#voter.headChanged());
    this.#watch = new KeyWatch(
      { publicKey: keyPair.publicKey, startedMs: this.#startedMs },
      {
        sealJournal: journals.seals,
        voteJournal: journals.votes,
        timestampOf: (hash) => chain.headerOf(hash)?.header.timestampMs,
        logger,
      },
    );
    this.#watch.events.once("seenElsewhere", () => {
      // Peers cannot tell the two apart, and drop one's messages for the other's.
      network
        .withdraw()
        .catch((thrown: unknown) => logger.error({ error: toError(thrown) }, "parting failed"));
    });
    this.#voter = new Voter(
      { keyPair, chainId: chain.spec.chainId },
      {
        chain: {
          head: () => chain.head,
          justifiedOf: (record) => {
            const finality = chain.engine.authority?.finality(record);
            invariant(finality, "authorities vote where there is finality");
            return finality.justified;
          },
          isAuthority: (record) => this.#isMember(record),
          isInTurn: (record) => this.#isInTurn(record),
          countVote: (vote) => void chain.addVote(vote),
        },
        journal: journals.votes,
        clock,
        logger,
        announceVote: (vote) => network.announceVote(vote),
        mayVote: () => this.notSealing() === undefined && !this.#isBehind && this.#hasListened,
        floorHeight: () => this.gate.voteFloorHeight,
      },
    );
  }

  start(): void {
    const { chain, clock } = this.#modules;
    this.#listenUntilMs = clock.monotonicMs() + this.#options.listenFirstMs;
    chain.events.on("headChanged", this.#onHead);
    chain.events.on("blockStored", this.#onBlock);
    chain.events.on("voteCounted", this.#onVote);
    this.#modules.network.events.on("twin", this.#onTwin);
    this.gate.start();
    this.#voter.start();
  }

  /** Closes the vote journal; the seal journal is the sealer's to close. */
  async stop(): Promise<void> {
    const { network, chain } = this.#modules;
    const { events } = chain;
    network.events.off("twin", this.#onTwin);
    events.off("headChanged", this.#onHead);
    events.off("blockStored", this.#onBlock);
    events.off("voteCounted", this.#onVote);
    this.gate.stop();
    await this.#voter.stop();
  }

  /** What forbids this node to sign anything right now. */
  notSealing(): NotSealingReason | undefined {
    if (this.#watch.seenElsewhere) return "key seen elsewhere";
    if (this.#modules.network.clocks.verdict().isOff) return "clock off";
    const { candidacy } = this.#modules;
    if (candidacy.isBanned) return "slashed";
    if (candidacy.current()) return "waiting for admission";
    return candidacy.isMember && !this.gate.isOpen ? "no other authority heard" : undefined;
  }

  readonly #onHead = (): void => this.#voter.headChanged();
  readonly #onBlock = ({ header }: Block): void => this.#watch.noticeBlock(header);
  readonly #onVote = (vote: Vote): void => {
    this.#watch.noticeVote(vote);
    const { journals } = this.#modules;
    if (!bytesEqual(vote.voter, this.#options.keyPair.publicKey)) return;
    if (vote.target.height > journals.votes.watermark.targetHeight) {
      this.gate.forgottenVote(vote.target.height);
    }
  };

  /** Of two processes with one key the older one stays; the younger one signs nothing and parts from everybody. */
  readonly #onTwin = (twin: Presence): void => {
    const { logger } = this.#modules;
    if (this.#isYounger(twin)) {
      this.#watch.noticeTwin(twin);
    } else if (!this.#saidTwin) {
      this.#saidTwin = true;
      logger.warn({}, "another machine has been started with this node's key; it is told to sign nothing");
    }
  };

  /** Whether this process started after the other. */
  #isYounger({ startedMs, instance }: Presence): boolean {
    if (startedMs !== this.#startedMs) return startedMs < this.#startedMs;
    return compareBytes(instance, this.#options.instance ?? instance) < 0;
  }

  get #hasListened(): boolean {
    return this.#modules.clock.monotonicMs() >= this.#listenUntilMs;
  }

  get #isBehind(): boolean {
    return this.#modules.network.isBehind;
  }

  #isMember(record: HeaderRecord): boolean {
    const authorities = authoritiesOf(this.#modules.chain.engine, record);
    return includesBytes(authorities, this.#options.keyPair.publicKey);
  }

  #isInTurn(record: HeaderRecord): boolean {
    const { chain } = this.#modules;
    const parent = chain.headerOf(record.header.parentHash);
    return parent !== undefined && chain.engine.slot(parent, record.header.producer)?.outOfTurnDelayMs === 0;
  }
}
