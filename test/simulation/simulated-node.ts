/** A node of a simulation: what outlives its process (disk, journal, key), and the process that comes and goes. */
import assert from "node:assert/strict";
import { toHex } from "../../src/base/bytes.ts";
import type { Clock } from "../../src/base/clock.ts";
import { type Logger, silentLogger } from "../../src/base/logger.ts";
import type { PeerHost } from "../../src/network/peer-host.ts";
import { NodeCore } from "../../src/node/node-core.ts";
import { type Block, decodeBlock } from "../../src/protocol/block.ts";
import type { Checkpoint } from "../../src/protocol/checkpoint.ts";
import type { ChainSpec } from "../../src/protocol/genesis.ts";
import { nodeIdOf } from "../../src/protocol/identity.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import type { TransactionVerifier } from "../../src/protocol/transaction-verifier.ts";
import type { Vote } from "../../src/protocol/vote.ts";
import type { BlockSealer } from "../../src/sealing/block-sealer.ts";
import type { SealJournal, SealJournalEntry } from "../../src/sealing/poa/seal-journal.ts";
import type { VoteJournal } from "../../src/sealing/poa/vote-journal.ts";
import { WorkBoard } from "../../src/sealing/pow/work-board.ts";
import type { Sealer } from "../../src/sealing/sealer.ts";
import { StoreError } from "../../src/store/chain-store.ts";
import { createInlineVerifier } from "../../src/verifier/verifier.ts";
import { createInlinePowSealer } from "../support/inline-pow-sealer.ts";
import { createMemorySealJournal } from "../support/memory-seal-journal.ts";
import { createMemoryDisk, type MemoryDisk } from "../support/memory-store.ts";
import { createMemoryVoteJournal } from "../support/memory-vote-journal.ts";
import type { MemoryNetwork } from "../support/network/memory-network.ts";
import { createNodeClock, type NodeClock } from "./node-clock.ts";

export interface SimulatedNodeOptions {
  readonly name: string;
  readonly spec: ChainSpec;
  readonly keyPair: KeyPair;
  readonly bootstrap: readonly string[];
  readonly rulesOff: RulesOff;
  /** As an authority does where nothing is said. */
  readonly listensFirst?: false;
  /** The operator started it with --sign-alone. */
  readonly signsAlone?: true;
  /** Hash of the block that the operator named with --trust-recovery. */
  readonly trustRecovery?: Uint8Array;
  /** It is an authority of a set, and signs nothing: a follower of the chain. */
  readonly follows?: true;
  readonly sealsWrongRoots?: boolean;
  /** Seals at every slot, transactions waiting or not. */
  readonly mineEmptyBlocks?: true;
  /** How a Proof of Work node searches; where nothing is said, without taking any simulated time. */
  readonly miner?: (clock: Clock) => Sealer;
}

/** Controls: a rule that is switched off must be seen by the checks. */
export interface RulesOff {
  /** A restarted authority has forgotten what it sealed. */
  readonly journal?: boolean;
  /** Nobody verifies the signatures of transactions. */
  readonly signatures?: boolean;
  /** So many nodes of each chain put a wrong state root into what they seal. */
  readonly stateRoots?: number;
  /** Links that are cut when the faults end stay cut. */
  readonly healing?: boolean;
}

export interface SimulatedNodeModules {
  readonly clock: Clock;
  readonly network: MemoryNetwork;
  readonly observer: SimulationObserver;
  readonly logger?: Logger;
}

/** Sees everything that must hold at any moment, and not only in the end. */
export interface SimulationObserver {
  sealed(node: SimulatedNode, block: Block): void;
  headMoved(node: SimulatedNode, connected: readonly Block[], disconnected: readonly Block[]): void;
  /** @param previousHeight of the final block before, as this disk has it; −1: none */
  finalMoved(node: SimulatedNode, final: Checkpoint, previousHeight: number): void;
}

interface Running {
  readonly core: NodeCore;
  readonly host: PeerHost;
  readonly clock: NodeClock;
}

export class SimulatedNode {
  readonly name: string;
  readonly spec: ChainSpec;
  readonly keyPair: KeyPair;
  readonly peerId: string;
  #options: SimulatedNodeOptions;
  readonly #modules: SimulatedNodeModules;
  #disk: MemoryDisk = createMemoryDisk();
  #journal = createMemorySealJournal();
  #votes = createMemoryVoteJournal();
  readonly #sealed: SealJournalEntry[] = [];
  readonly #voted: Vote[] = [];
  #running: Running | undefined;
  #wrongByMs = 0;
  #finalHeight = -1;

  constructor(options: SimulatedNodeOptions, modules: SimulatedNodeModules) {
    this.name = options.name;
    this.spec = options.spec;
    this.keyPair = options.keyPair;
    this.peerId = nodeIdOf(options.keyPair.publicKey);
    this.#options = options;
    this.#modules = modules;
  }

  /** Absent while the process is down. */
  get core(): NodeCore | undefined {
    return this.#running?.core;
  }

  /** The newest one that its key has signed. */
  get lastVote(): Vote | undefined {
    return this.#votes.last;
  }

  get disk(): MemoryDisk {
    return this.#disk;
  }

  /** @param changes for this start and those after it, as an operator adds flags */
  async start(
    changes: Partial<Pick<SimulatedNodeOptions, "signsAlone" | "trustRecovery">> = {},
  ): Promise<void> {
    this.#options = { ...this.#options, ...changes };
    assert.equal(this.#running, undefined, `${this.name} runs already`);
    const { network, logger = silentLogger, observer } = this.#modules;
    const clock = createNodeClock(this.#modules.clock);
    clock.setWrongBy(this.#wrongByMs);
    const own = logger.child({ node: this.name });
    const host = network.createHost(this.peerId, { bootstrap: this.#options.bootstrap, logger: own });
    const { name, spec, keyPair, rulesOff, listensFirst, mineEmptyBlocks = false } = this.#options;
    const { signsAlone = false, follows, trustRecovery } = this.#options;
    const { miner = (of: Clock) => createInlinePowSealer({ clock: of }) } = this.#options;
    const core = await NodeCore.open(
      {
        spec,
        network: "simulation",
        name,
        keyPair,
        mineEmptyBlocks,
        software: "simulated",
        // Listening first, and hearing the others first, would hide that the journal is gone.
        ...(rulesOff.journal || listensFirst === false ? { listenFirstMs: 0 } : {}),
        signAlone: signsAlone || rulesOff.journal === true,
        ...(trustRecovery ? { trustRecovery } : {}),
      },
      {
        store: this.#disk.open(),
        host,
        verifier: this.#verifier(),
        sealer: spec.consensus === "pow" ? this.#observed(miner(clock)) : undefined,
        journals:
          spec.consensus === "poa" && !follows
            ? { seals: this.#observedJournal(), votes: this.#observedVotes() }
            : undefined,
        clock,
        logger: own,
      },
    );
    if (this.#options.sealsWrongRoots) core.chain.stateRootAfter = () => new Uint8Array(32).fill(0xbd);
    core.chain.events.on("headChanged", ({ connected, disconnected }) =>
      observer.headMoved(this, connected, disconnected),
    );
    core.chain.events.on("finalChanged", (final) => {
      observer.finalMoved(this, final, this.#finalHeight);
      this.#finalHeight = final.height;
    });
    this.#running = { core, host, clock };
    await core.start();
  }

  /** As by a kill: nothing is closed in order, and what was only in memory is gone. */
  crash(): void {
    const running = this.#running;
    assert.ok(running, `${this.name} does not run`);
    this.#running = undefined;
    running.clock.kill();
    void running.host.stop();
    if (!this.#options.rulesOff.journal) return;
    this.#journal = createMemorySealJournal();
    this.#votes = createMemoryVoteJournal();
  }

  /** A copy of all that this node has on disk, journals included, as of now. */
  async backup(): Promise<() => void> {
    const disk = this.#disk.copy();
    const [journal, votes] = [createMemorySealJournal(), createMemoryVoteJournal()];
    for (const entry of this.#sealed) await journal.record(entry);
    for (const vote of this.#voted) await votes.record(vote);
    return () => {
      assert.equal(this.#running, undefined, `${this.name} runs`);
      [this.#disk, this.#journal, this.#votes] = [disk, journal, votes];
      this.#finalHeight = -1;
    };
  }

  /** The journals are gone, the chain stays. */
  loseJournals(): void {
    assert.equal(this.#running, undefined, `${this.name} runs`);
    [this.#journal, this.#votes] = [createMemorySealJournal(), createMemoryVoteJournal()];
  }

  /** The chain's data is gone with the process; the journal, which lies elsewhere, stays. */
  loseDisk(): void {
    assert.equal(this.#running, undefined, `${this.name} runs`);
    this.#disk = createMemoryDisk();
    this.#finalHeight = -1;
  }

  failNextCommit(): void {
    this.#disk.failNextCommit(new StoreError("store/disk-full", "the simulated disk is full", "make room"));
  }

  setClockWrongBy(offsetMs: number): void {
    this.#wrongByMs = offsetMs;
    this.#running?.clock.setWrongBy(offsetMs);
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.core.stop();
  }

  #verifier(): TransactionVerifier {
    if (!this.#options.rulesOff.signatures) return createInlineVerifier();
    return { verify: async (transactions) => transactions.map(() => true), close: async () => {} };
  }

  #observed(miner: Sealer): BlockSealer {
    const board = new WorkBoard({ own: miner, firstJobId: 0 });
    return {
      previousOn: () => board.previousOn(),
      pause: () => board.pause(),
      close: () => board.close(),
      sealBlock: async (...call) => {
        const block = await board.sealBlock(...call);
        if (block) this.#modules.observer.sealed(this, block);
        return block;
      },
    };
  }

  /** What an authority has signed is in its journal before it is anywhere else. */
  #observedJournal(): SealJournal {
    const journal = this.#journal;
    return {
      floorHeight: journal.floorHeight,
      sealedOn: (parentHash) => journal.sealedOn(parentHash),
      record: async (entry) => {
        this.#checkMaySign(`block ${entry.height}`);
        await journal.record(entry);
        this.#sealed.push(entry);
        const block = decodeBlock(entry.blockBytes);
        assert.ok(block.ok);
        this.#modules.observer.sealed(this, block.value);
      },
      close: () => journal.close(),
    };
  }

  #observedVotes(): VoteJournal {
    const journal = this.#votes;
    return {
      get watermark() {
        return journal.watermark;
      },
      get last() {
        return journal.last;
      },
      get floorHeight() {
        return journal.floorHeight;
      },
      votedAt: (height) => journal.votedAt(height),
      record: async (vote) => {
        this.#checkMaySign(`a vote for block ${vote.target.height}`);
        await journal.record(vote);
        this.#voted.push(vote);
      },
      close: () => journal.close(),
    };
  }

  /** Holds in every simulation: nothing is signed that the gate forbids. Thrown so that no part of the node catches it. */
  #checkMaySign(what: string): void {
    const reason = this.core?.gate?.reason;
    if (reason === undefined) return;
    queueMicrotask(() => assert.fail(`${this.name} signs ${what} although: ${reason}`));
  }

  /** For a trace: what tells this node's state from another. */
  describe(): string {
    const head = this.core?.chain.head;
    return head ? `${this.name}@${head.header.height}:${toHex(head.hash).slice(0, 8)}` : `${this.name} down`;
  }
}

export function memoryAddress(peerId: string): string {
  return `/memory/${peerId}/p2p/${peerId}`;
}
