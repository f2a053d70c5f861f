/** Works out from a ledger's own rows who came into the set of authorities and who left it: for files from before `authority_changes`. */
import type { DatabaseSync } from "node:sqlite";
import { bytesEqual, fromHex, toHex } from "../../base/bytes.ts";
import { ancestryOf } from "../../consensus/ancestry.ts";
import type { AuthorityChange, AuthorityFacet, BlockContents, EngineState } from "../../consensus/engine.ts";
import { type AdvanceModules, advanceState, poaRules } from "../../consensus/poa/advance.ts";
import { authorityStateOf, encodeAuthorityState } from "../../consensus/poa/authority-state.ts";
import { createPoaEngine } from "../../consensus/poa/poa-engine.ts";
import { recoveredAuthorityState } from "../../consensus/poa/recovered-state.ts";
import { genesisBlockOf } from "../../ledger/genesis-state.ts";
import { ConsensusSectionType, type HeaderRecord, HeaderType } from "../../protocol/block.ts";
import type { ChainSpec } from "../../protocol/genesis.ts";
import { sha256 } from "../../protocol/hashing.ts";
import { type DecodedTransaction, decodeTransaction } from "../../protocol/transaction.ts";
import { transactionKey } from "../rows.ts";

export interface ReplayedBlock {
  readonly height: number;
  readonly changes: readonly AuthorityChange[];
}

/** Certificates reach 64 blocks back; operators that recovered trust declared one of these blocks final, or the file is written anew. */
const rememberedMax = 256;

interface Step {
  readonly contents: BlockContents;
  /** As the block's child has it: with another state than the header commits to, if operators have recovered trust below it. */
  record: HeaderRecord;
}

/**
 * Signatures are not verified: the node that wrote the rows has done so, and each state is held against its header.
 *
 * @throws Error if the rows do not lead to the states that the headers commit to
 */
export function* replayAuthorities(
  db: DatabaseSync,
  spec: ChainSpec,
  chainNumber: number,
): Generator<ReplayedBlock> {
  const replay = new AuthorityReplay(spec);
  yield { height: 0, changes: replay.founders };
  const chainId = toHex(spec.chainId);
  const blocks = db.prepare(
    'SELECT "index", hash, header_bytes, nonce_bytes, seal_signature, consensus_bytes, transaction_count ' +
      'FROM blocks WHERE chain_id = ? AND "index" > 0 ORDER BY "index"',
  );
  // All that the engine asks of other transactions is whether there are any: one stands for them.
  const bytes = db.prepare(
    "SELECT bytes FROM transactions WHERE transaction_key >= ?1 AND transaction_key < ?2 AND kind = 'authorityVote' " +
      "UNION ALL SELECT bytes FROM (SELECT bytes FROM transactions WHERE transaction_key >= ?1 AND transaction_key < ?2 " +
      "AND kind <> 'authorityVote' LIMIT 1)",
  );
  for (const row of blocks.iterate(chainId)) {
    const height = Number(row.index);
    const header = HeaderType.deserialize(row.header_bytes as Uint8Array);
    const keys = [transactionKey(chainNumber, height), transactionKey(chainNumber, height + 1)] as const;
    const found = Number(row.transaction_count) === 0 ? [] : bytes.all(...keys);
    const contents: BlockContents = {
      height,
      timestampMs: header.timestampMs,
      producer: header.producer,
      transactions: found.map((each) => decoded(each.bytes as Uint8Array, spec)),
      consensusSection: ConsensusSectionType.deserialize(row.consensus_bytes as Uint8Array),
    };
    const seal = { nonce: row.nonce_bytes as Uint8Array, signature: row.seal_signature as Uint8Array };
    const hashHex = String(row.hash);
    const hash = fromHex(hashHex, 32);
    if (!hash) throw new Error(`the hash of block ${height} is none`);
    yield { height, changes: replay.next(contents, { hash, hashHex, header, seal }) };
  }
}

function decoded(bytes: Uint8Array, { chainId }: ChainSpec): DecodedTransaction {
  const transaction = decodeTransaction(bytes, chainId);
  if (!transaction.ok) throw new Error("a transaction does not decode");
  return transaction.value;
}

class AuthorityReplay {
  readonly founders: readonly AuthorityChange[];
  readonly #authority: AuthorityFacet;
  readonly #modules: AdvanceModules;
  /** The last blocks, ascending, and block 0 as long as it is among them. */
  #steps: Step[];
  readonly #records = new Map<string, HeaderRecord>();
  /** Under the header of the last block. */
  #committed: EngineState;

  constructor(spec: ChainSpec) {
    const engine = createPoaEngine(spec.genesis);
    this.#authority = engine.authority;
    this.#modules = { chainId: spec.chainId, rules: poaRules, verify: () => true };
    const genesis = genesisBlockOf(spec);
    const { hash, hashHex, header, seal, consensusSection } = genesis;
    const state = engine.genesisState(genesis);
    const record = { hash, hashHex, header, seal, cumulativeWeight: 0n, ...state };
    const { height, timestampMs, producer } = header;
    const contents = { height, timestampMs, producer, transactions: [], consensusSection };
    this.#steps = [{ contents, record }];
    this.#records.set(hashHex, record);
    this.#committed = state;
    this.founders = this.#authority.changes(undefined, state, consensusSection);
  }

  next(
    contents: BlockContents,
    block: Pick<HeaderRecord, "hash" | "hashHex" | "header" | "seal">,
  ): readonly AuthorityChange[] {
    const { consensusStateHash } = block.header;
    const plain = this.#advance(contents, this.#steps);
    const state = isState(plain, consensusStateHash) ? plain : this.#recovered(contents, consensusStateHash);
    if (!state) throw new Error(`block ${contents.height} commits to another state of the authorities`);
    const record = { ...block, cumulativeWeight: 0n, ...state };
    this.#steps.push({ contents, record });
    this.#records.set(block.hashHex, record);
    const oldest = this.#steps.length > rememberedMax ? this.#steps.shift() : undefined;
    if (oldest) this.#records.delete(oldest.record.hashHex);
    const changes = this.#authority.changes(this.#committed, state, contents.consensusSection);
    this.#committed = state;
    return changes;
  }

  #advance(contents: BlockContents, steps: readonly Step[]): EngineState | undefined {
    const parent = steps.at(-1)?.record;
    const ancestry = ancestryOf((hash) => this.#records.get(toHex(hash)));
    const advanced = parent && advanceState(contents, parent, ancestry, this.#modules);
    if (!advanced?.ok) return undefined;
    const { value } = advanced;
    return { consensusState: encodeAuthorityState(value), justifiedHeight: value.justified.height };
  }

  /** The block's state if operators declared one of the blocks below it final; their records then stand as that makes them. */
  #recovered(contents: BlockContents, expected: Uint8Array): EngineState | undefined {
    const before = this.#steps.map(({ record }) => record);
    for (let at = this.#steps.length - 1; at > 0; at -= 1) {
      const state = this.#withTrustIn(at, contents);
      if (isState(state, expected)) return state;
      for (const [index, record] of before.entries()) this.#restate(index, record);
    }
    return undefined;
  }

  #withTrustIn(at: number, contents: BlockContents): EngineState | undefined {
    const { record } = this.#steps[at] as Step;
    const checkpoint = { height: record.header.height, hash: record.hash };
    const state = recoveredAuthorityState(authorityStateOf(record), checkpoint);
    const consensusState = encodeAuthorityState(state);
    this.#restate(at, { ...record, consensusState, justifiedHeight: state.justified.height });
    for (let index = at + 1; index < this.#steps.length; index += 1) {
      const step = this.#steps[index] as Step;
      const advanced = this.#advance(step.contents, this.#steps.slice(0, index));
      if (!advanced) return undefined;
      this.#restate(index, { ...step.record, ...advanced });
    }
    return this.#advance(contents, this.#steps);
  }

  #restate(index: number, record: HeaderRecord): void {
    (this.#steps[index] as Step).record = record;
    this.#records.set(record.hashHex, record);
  }
}

function isState(state: EngineState | undefined, hash: Uint8Array): state is EngineState {
  return state !== undefined && bytesEqual(sha256(state.consensusState), hash);
}
