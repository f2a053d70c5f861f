/** What a node does as an authority besides sealing: it votes for finality and watches for another process with its key. */
import { bytesEqual, compareBytes } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { invariant, toError } from "../base/invariant.ts";
import type { Logger } from "../base/logger.ts";
import type { Chain } from "../chain/chain.ts";
import type { Network } from "../network/network.ts";
import type { KnownPeer } from "../network/peers/directory.ts";
import type { Block, HeaderRecord } from "../protocol/block.ts";
import type { Genesis } from "../protocol/genesis.ts";
import type { NodeRecord } from "../protocol/node-record.ts";
import type { Presence } from "../protocol/presence.ts";
import type { KeyPair } from "../protocol/signing.ts";
import type { Vote } from "../protocol/vote.ts";
import { KeyWatch } from "../sealing/poa/key-watch.ts";
import type { SealJournal } from "../sealing/poa/seal-journal.ts";
import type { VoteJournal } from "../sealing/poa/vote-journal.ts";
import { Voter } from "../sealing/poa/voter.ts";
import type { OwnCandidacy } from "./own-candidacy.ts";
import { SigningGate } from "./signing-gate.ts";
import { Standings } from "./standings.ts";

/** The slashing-protection databases: what this authority's key has signed, on disk. */
export interface AuthorityJournals {
  readonly seals: SealJournal;
  readonly votes: VoteJournal;
}

export interface AuthorityRoleOptions {
  readonly keyPair: KeyPair;
  /** 32 random bytes of this process. Without them no peer can tell it that another process uses its key. */
  readonly instance: Uint8Array | undefined;
  /** See {@link listenFirstMs}. */
  readonly listenFirstMs: number;
  /** See {@link Standings}. */
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

/** Long enough to hear a block of every authority that is at work, and of another process with this node's key. */
export function listenFirstMs({ periodMs, stepMs, authorities }: Genesis): number {
  return Math.min(listenFirstMaxMs, 2 * periodMs + authorities.length * stepMs);
}

export class AuthorityRole {
  /** Whether this node may sign now; whoever owns this role starts and stops the gate. */
  readonly gate: SigningGate;
  readonly #options: AuthorityRoleOptions;
  readonly #modules: AuthorityRoleModules;
  readonly #standings: Standings;
  readonly #watch: KeyWatch;
  readonly #voter: Voter;
  readonly #startedMs: number;
  #saidTwin = false;

  constructor(options: AuthorityRoleOptions, modules: AuthorityRoleModules) {
    const { keyPair, signAlone, listenFirstMs } = options;
    const { publicKey } = keyPair;
    const { chain, network, candidacy, journals, clock, logger } = modules;
    this.#options = options;
    this.#modules = modules;
    const startedMs = clock.nowMs();
    this.#startedMs = startedMs;
    const standings = new Standings(
      { publicKey, signAlone, startedMs },
      { chain, isBehind: () => network.isBehind, logger },
    );
    this.#standings = standings;
    const watch = new KeyWatch(
      { publicKey, startedMs },
      {
        sealJournal: journals.seals,
        voteJournal: journals.votes,
        timestampOf: (hash) => chain.headerOf(hash)?.header.timestampMs,
        logger,
      },
    );
    this.#watch = watch;
    watch.events.once("seenElsewhere", () => {
      // Peers cannot tell the two processes apart, and drop the messages of one for those of the other.
      network
        .withdraw()
        .catch((thrown: unknown) => logger.error({ error: toError(thrown) }, "parting failed"));
    });
    const authority = { watch, candidacy, standings };
    this.gate = new SigningGate({ listenFirstMs }, { chain, network, authority, clock, logger });
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
          isInTurn: (record) => this.#isInTurn(record),
          countVote: (vote) => void chain.addVote(vote),
        },
        permission: this.gate,
        journal: journals.votes,
        clock,
        logger,
        announceVote: (vote) => network.announceVote(vote),
        floorHeight: () => standings.voteFloorHeight,
      },
    );
  }

  /** This node has reached the blocks of another authority that was heard after the start (decision 018). */
  get isAnotherReached(): boolean {
    return this.#standings.isAnotherReached;
  }

  start(): void {
    const { events } = this.#modules.network;
    events.on("twin", this.#onTwin);
    events.on("caughtUpOnVotes", this.#onGreeted);
    events.on("nodeRecord", this.#onRecord);
    this.#standings.start();
    this.#voter.start();
  }

  /** Closes the vote journal; the seal journal is the sealer's to close. */
  async stop(): Promise<void> {
    const { events } = this.#modules.network;
    events.off("twin", this.#onTwin);
    events.off("caughtUpOnVotes", this.#onGreeted);
    events.off("nodeRecord", this.#onRecord);
    await this.#voter.stop();
  }

  /** To be called on each new head, after the gate. */
  headChanged(): void {
    this.#voter.headChanged();
  }

  /** To be called with each block that the chain has stored, on the canonical branch or not. */
  blockStored({ header }: Block): void {
    this.#watch.noticeBlock(header);
    if (!this.isAnotherReached) this.gate.look();
  }

  /** To be called with each vote that the chain has counted. */
  voteCounted(vote: Vote): void {
    this.#watch.noticeVote(vote);
    if (!bytesEqual(vote.voter, this.#options.keyPair.publicKey)) return;
    const { targetHeight } = this.#modules.journals.votes.watermark;
    if (vote.target.height > targetHeight) this.#standings.forgottenVote(vote.target.height);
  }

  /** The peer's connection has proven its key, and its votes have been taken in. */
  readonly #onGreeted = (peer: KnownPeer): void => {
    this.#standings.greeted(peer);
    this.gate.look();
  };

  readonly #onRecord = (record: NodeRecord): void => {
    this.#standings.recordHeard(record);
    this.gate.look();
  };

  /** Of two processes with one key the older one stays. The younger one signs nothing and leaves all peers. */
  readonly #onTwin = (twin: Presence): void => {
    if (this.#isYounger(twin)) {
      this.#watch.noticeTwin(twin);
    } else if (!this.#saidTwin) {
      this.#saidTwin = true;
      this.#modules.logger.warn(
        {},
        "another machine has been started with this node's key; it is told to sign nothing",
      );
    }
  };

  /** Whether this process started after the other. */
  #isYounger({ startedMs, instance }: Presence): boolean {
    if (startedMs !== this.#startedMs) return startedMs < this.#startedMs;
    return compareBytes(instance, this.#options.instance ?? instance) < 0;
  }

  #isInTurn(record: HeaderRecord): boolean {
    const { chain } = this.#modules;
    const parent = chain.headerOf(record.header.parentHash);
    return parent !== undefined && chain.engine.slot(parent, record.header.producer)?.outOfTurnDelayMs === 0;
  }
}
