/** Executes a chain block by block from its genesis: the ledger after each block, and the records that proofs stand on. */
import { isCommitted } from "../audit/replay/consensus-replay.ts";
import { type FoundRecovery, type PastBlock, searchRecovery } from "../audit/replay/recovery-search.ts";
import { bytesEqual, toHex } from "../base/bytes.ts";
import { ancestryOf } from "../consensus/ancestry.ts";
import { createEngine } from "../consensus/create-engine.ts";
import { type ConsensusEngine, contentsOf, type EngineState } from "../consensus/engine.ts";
import { applyBlock } from "../ledger/apply-block.ts";
import type { StateChange } from "../ledger/entry.ts";
import { genesisBlockOf, genesisEntries } from "../ledger/genesis-state.ts";
import { ledgerContext } from "../ledger/ledger-context.ts";
import { LedgerState } from "../ledger/ledger-state.ts";
import { finalityHeadersMax } from "../light/finality-proof.ts";
import type { LightSource } from "../light/light-source.ts";
import { type Block, blockVersion, type ConsensusSection, type HeaderRecord } from "../protocol/block.ts";
import type { Certificate } from "../protocol/certificate.ts";
import { describeFault } from "../protocol/faults.ts";
import type { ChainSpec } from "../protocol/genesis.ts";
import { AttestError } from "./attest-error.ts";

/** As many blocks stay at hand as a proof of finality may reach over, and those that certify the last of them. */
const windowBlocks = finalityHeadersMax + 256;

/** Blocks among which the one is looked for that operators declared final, and how often in one chain. */
const pastKept = 256;
const searchesMax = 20;

interface Kept {
  readonly record: HeaderRecord;
  readonly section: ConsensusSection;
}

/**
 * What follows from the blocks alone. It judges headers, work or seals' producers, certificates and the ledger; it does
 * not verify the signatures of transactions and seals, which the audit does.
 */
export class LedgerReplay {
  readonly spec: ChainSpec;
  readonly #engine: ConsensusEngine;
  readonly #kept = new Map<number, Kept>();
  readonly #heights = new Map<string, number>();
  #ledger: LedgerState;
  #head: HeaderRecord;
  #past: PastBlock[] = [];
  #searchesLeft = searchesMax;
  readonly #recoveries: Recovery[] = [];

  constructor(spec: ChainSpec) {
    this.spec = spec;
    this.#engine = createEngine(spec);
    const genesis = genesisBlockOf(spec);
    this.#ledger = LedgerState.fromEntries(genesisEntries(spec.genesis));
    this.#head = recordOf(genesis, 0n, this.#engine.genesisState(genesis));
    this.#keep(this.#head, genesis.consensusSection);
  }

  /** The block that was executed last. */
  get head(): HeaderRecord {
    return this.#head;
  }

  /** The ledger after {@link head}. */
  get ledger(): LedgerState {
    return this.#ledger;
  }

  /** Blocks that operators must have declared final without a quorum, as the states above them show. */
  get recoveries(): readonly Recovery[] {
    return this.#recoveries;
  }

  /**
   * Executes the next block; block 0 is only compared.
   *
   * @returns what the block changes; undefined for block 0
   * @throws AttestError if the block does not follow
   */
  step(block: Block): StateChange | undefined {
    const { header } = block;
    if (header.height === 0 && this.#head.header.height === 0) {
      if (bytesEqual(block.hash, this.#head.hash)) return undefined;
      throw doesNotFollow(0, "it is not the block 0 of its chain's genesis spec");
    }
    const before = this.#head;
    if (header.version !== blockVersion) throw doesNotFollow(header.height, `version ${header.version}`);
    if (!bytesEqual(header.chainId, this.spec.chainId)) {
      throw doesNotFollow(header.height, "it is of another chain");
    }
    if (header.height !== before.header.height + 1 || !bytesEqual(header.parentHash, before.hash)) {
      throw doesNotFollow(header.height, `its parent is not the block ${before.hashHex} before it`);
    }
    const { parent, state } = this.#advance(block, before);
    const applied = this.#execute(block, parent, state);
    const weight = parent.cumulativeWeight + this.#engine.weight(header, parent);
    this.#head = recordOf(block, weight, state);
    this.#remember(block);
    this.#keep(this.#head, block.consensusSection);
    return applied;
  }

  /** What proofs are put together from: the blocks at hand, up to {@link head}. */
  source(newest?: Certificate): LightSource {
    return {
      head: this.#head,
      newestCertificate: newest,
      certificateOf: (hash) => (newest && bytesEqual(newest.targetHash, hash) ? newest : undefined),
      recordAt: (height) => this.#kept.get(height)?.record,
      sectionAt: (height) => this.#kept.get(height)?.section,
      contentsAt: (height) => this.#past.find(({ record }) => record.header.height === height)?.contents,
      advance: (contents, parent) => {
        const advanced = this.#engine.advance(contents, parent, this.#ancestry);
        return advanced.ok ? advanced.value : undefined;
      },
    };
  }

  /** The state after the next block, and its parent with the state that it was sealed on. */
  #advance(block: Block, parent: HeaderRecord): { parent: HeaderRecord; state: EngineState } {
    const { header } = block;
    const fault = this.#engine.verifyHeader(header, parent);
    const advanced = fault ? undefined : this.#engine.advance(contentsOf(block), parent, this.#ancestry);
    if (advanced?.ok && isCommitted(block, advanced.value)) return { parent, state: advanced.value };
    const found = this.#searchRecovery(block);
    if (found) return { parent: found.parent, state: found.state };
    if (fault) throw doesNotFollow(header.height, describeFault(fault));
    if (advanced && !advanced.ok) throw doesNotFollow(header.height, describeFault(advanced.fault));
    throw doesNotFollow(header.height, "it commits to another state of its authorities or of its target");
  }

  /** Whether a block below was declared final by operators; then the states from there on are others than before. */
  #searchRecovery(block: Block): FoundRecovery | undefined {
    if (!this.#engine.authority || this.#searchesLeft === 0) return undefined;
    this.#searchesLeft -= 1;
    const contents = contentsOf(block);
    const found = searchRecovery(block.header, contents, this.#past, this.#engine, this.#ancestry);
    if (!found) return undefined;
    for (const record of found.restated) {
      const kept = this.#kept.get(record.header.height);
      if (kept) this.#kept.set(record.header.height, { ...kept, record });
      this.#past = this.#past.map((past) =>
        past.record.hashHex === record.hashHex ? { ...past, record } : past,
      );
    }
    this.#recoveries.push({ ...found.recovery, foundAt: block.header.height });
    return found;
  }

  #remember(block: Block): void {
    if (!this.#engine.authority) return;
    const votes = block.transactions.filter(({ payload }) => payload.kind === "authorityVote");
    const other = block.transactions.find(({ payload }) => payload.kind !== "authorityVote");
    // The engine asks of the others only whether there are any, and they may be large.
    const contents = { ...contentsOf(block), transactions: other ? [...votes, other] : votes };
    this.#past.push({ record: this.#head, contents });
    if (this.#past.length > pastKept) this.#past.shift();
  }

  #execute(block: Block, parent: HeaderRecord, state: EngineState) {
    const { header, transactions } = block;
    const context = ledgerContext(header, this.spec.genesis);
    const draft = this.#ledger.draft();
    const updates = this.#engine.authority?.updates(parent, state) ?? [];
    const applied = applyBlock(draft, context, transactions, updates);
    if (!applied.ok) throw doesNotFollow(header.height, describeFault(applied.fault));
    draft.apply(applied.value);
    if (!bytesEqual(draft.stateRoot(), header.stateRoot)) {
      throw doesNotFollow(header.height, "its transactions do not lead to the state root that it commits to");
    }
    this.#ledger.commit(draft);
    return applied.value;
  }

  readonly #ancestry = ancestryOf((hash) => {
    const height = this.#heights.get(toHex(hash));
    return height === undefined ? undefined : this.#kept.get(height)?.record;
  });

  #keep(record: HeaderRecord, section: ConsensusSection): void {
    const { height } = record.header;
    this.#kept.set(height, { record, section });
    this.#heights.set(record.hashHex, height);
    const old = this.#kept.get(height - windowBlocks);
    if (!old) return;
    this.#kept.delete(height - windowBlocks);
    this.#heights.delete(old.record.hashHex);
  }
}

/** A block that operators declared final. */
export interface Recovery {
  readonly height: number;
  readonly hash: Uint8Array;
  /** The block whose state showed it. */
  readonly foundAt: number;
}

function recordOf(
  { header, seal, hash, hashHex }: Block,
  cumulativeWeight: bigint,
  state: Pick<HeaderRecord, "consensusState" | "justifiedHeight">,
): HeaderRecord {
  return { header, seal, hash, hashHex, cumulativeWeight, ...state };
}

function doesNotFollow(height: number, why: string): AttestError {
  return new AttestError(
    "attest/does-not-follow",
    `block ${height} does not follow from the chain before it: ${why}`,
    "aurex-node audit LEDGER says all that is wrong with the ledger",
  );
}
