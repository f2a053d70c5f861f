/** Follows a chain by its engine's own rules, block by block: who may seal, what is certified, and the state after each block. */
import { BoundedMap } from "../../base/bounded-map.ts";
import { bytesEqual, includesBytes, toHex } from "../../base/bytes.ts";
import { ancestryOf } from "../../consensus/ancestry.ts";
import type { AuthorityUpdate, BlockContents, ConsensusEngine, EngineState } from "../../consensus/engine.ts";
import { certificateDepthMax, poaRules } from "../../consensus/poa/advance.ts";
import { createPoaEngine } from "../../consensus/poa/poa-engine.ts";
import { createPowEngine } from "../../consensus/pow/pow-engine.ts";
import { genesisBlockOf } from "../../ledger/genesis-state.ts";
import type { HeaderRecord } from "../../protocol/block.ts";
import type { BlockFault } from "../../protocol/faults.ts";
import type { ChainSpec } from "../../protocol/genesis.ts";
import { sha256 } from "../../protocol/hashing.ts";
import type { ReadBlock } from "./read-block.ts";
import { type FoundRecovery, type PastBlock, searchRecovery } from "./recovery-search.ts";
import type { SignatureSink } from "./signature-sink.ts";

/** A block as the replay went over it. */
export interface FollowedBlock {
  readonly parts: ReadBlock;
  /** The parent with its state as the replay has it. */
  readonly parent: HeaderRecord;
  /**
   * Whether the state after the parent is known. If not, only `sealFault` means something: what the other rules say
   * rests on a guess.
   */
  readonly isJudged: boolean;
  /** The seal by itself. */
  readonly sealFault: BlockFault | undefined;
  /** The header on its parent: producer, time, target. */
  readonly headerFault: BlockFault | undefined;
  /** What the block says to the engine: certificate, evidence, votes. */
  readonly contentsFault: BlockFault | undefined;
  /** Whether the header commits to the state that the rules give. */
  readonly isStateCommitted: boolean;
  /** Of the state that the rules give, hex. */
  readonly stateHash: string;
  readonly record: HeaderRecord;
  /** Undefined if the producer is none of the authorities. */
  readonly weight: bigint | undefined;
  readonly updates: readonly AuthorityUpdate[];
  /** A block at or below the parent that operators must have declared final without a quorum: the state shows it. */
  readonly recovery: FoundRecovery | undefined;
  /** The parent with the state that its own header commits to: another one than in `parent` after a recovery. */
  readonly committedParent: HeaderRecord;
}

export interface ConsensusReplayOptions {
  readonly spec: ChainSpec;
  /** The record of the block at this height is kept for {@link ConsensusReplay.watched}. */
  readonly watchedHeight: number | undefined;
}

export interface ConsensusReplayModules {
  readonly signatures: SignatureSink;
  readonly onInvalidSeal: (parts: ReadBlock) => void;
  /** A vote in the certificate of a block. */
  readonly onInvalidVote: (parts: ReadBlock, voter: Uint8Array) => void;
}

/** Known: the header commits to it. Guessed: it does not, or the block did not decode. Unknown: a block is missing. */
type Standing = "known" | "guessed" | "unknown";

interface AskedVote {
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  readonly voter: Uint8Array;
}

interface Point {
  readonly record: HeaderRecord;
  readonly standing: Standing;
  /** What the row of the block says that its hash is. */
  readonly rowHash: string | undefined;
}

/** Records that a certificate can be for, and as many again for what it links. */
const recordsKept = 2 * certificateDepthMax + 8;
/** Blocks among which a trust recovery is looked for, and how often it is looked for in one chain. */
const pastKept = 256;
const searchesMax = 20;

export class ConsensusReplay {
  readonly engine: ConsensusEngine;
  readonly #modules: ConsensusReplayModules;
  readonly #watchedHeight: number | undefined;
  readonly #records = new BoundedMap<string, HeaderRecord>(recordsKept);
  readonly #ancestry = ancestryOf((hash) => this.#records.get(toHex(hash)));
  #past: PastBlock[] = [];
  #searchesLeft = searchesMax;
  #point: Point | undefined;
  #watched: HeaderRecord | undefined;
  /** The block whose seal the engine is asked about. */
  #sealed: ReadBlock | undefined;
  /** Votes that the engine has asked about and that nobody has verified yet. */
  #votes: AskedVote[] = [];

  constructor({ spec, watchedHeight }: ConsensusReplayOptions, modules: ConsensusReplayModules) {
    this.#modules = modules;
    this.#watchedHeight = watchedHeight;
    this.engine = spec.consensus === "pow" ? createPowEngine(spec.genesis) : this.#poaEngine(spec);
    const genesis = genesisBlockOf(spec);
    const { hash, hashHex, header, seal } = genesis;
    const record = {
      ...{ hash, hashHex, header, seal, cumulativeWeight: 0n },
      ...this.engine.genesisState(genesis),
    };
    this.#move({ record, standing: "known", rowHash: undefined });
  }

  /** The block that was followed last, with its state; undefined if that state is not known. */
  get tip(): HeaderRecord | undefined {
    return this.#point?.standing === "known" ? this.#point.record : undefined;
  }

  /** The block at the watched height, if its state is known. */
  get watched(): HeaderRecord | undefined {
    return this.#watched;
  }

  /** A block of the file is missing, or nothing of it can be read. */
  skip(): void {
    this.#point = undefined;
    this.#past = [];
  }

  /**
   * Goes over the next block.
   *
   * @param rowHash what its row says that its hash is
   * @returns undefined if the block before it is missing: nothing but the seal was judged
   */
  follow(parts: ReadBlock, rowHash: string | undefined): FollowedBlock | undefined {
    const point = this.#pointFor(parts);
    if (!point) {
      const record = this.#recordOn(undefined, parts, {
        consensusState: new Uint8Array(0),
        justifiedHeight: 0,
      });
      this.#move({ record, standing: "unknown", rowHash });
      return undefined;
    }
    const followed = this.#judge(parts, point);
    const isKnown = followed.isStateCommitted;
    const isLost = point.standing === "unknown" && !isKnown;
    const standing = isKnown ? "known" : isLost ? "unknown" : "guessed";
    this.#move({ record: followed.record, standing, rowHash });
    this.#remember(followed);
    return followed;
  }

  /** The seal of a block by itself. */
  sealFault(parts: ReadBlock): BlockFault | undefined {
    this.#sealed = parts;
    return this.engine.verifySeal(parts.header, parts.seal, parts.hash);
  }

  #judge(parts: ReadBlock, { record: parent, standing }: Point): FollowedBlock {
    const { authority } = this.engine;
    const isJudged = standing === "known";
    const contents = contentsOf(parts);
    const sealFault = this.sealFault(parts);
    if (standing === "unknown" && authority) return this.#unjudged(parts, parent, sealFault);
    let on = parent;
    let headerFault = this.engine.verifyHeader(parts.header, parent);
    this.#votes = [];
    let { state, fault } = this.#advance(contents, parent, parts.header.consensusStateHash);
    let votes = this.#votes;
    const found =
      isJudged && (headerFault || !isCommitted(parts, state)) ? this.#recovery(parts, contents) : undefined;
    if (found) {
      [on, headerFault, fault, this.#votes] = [found.parent, undefined, undefined, []];
      ({ state } = this.#advance(contents, on, parts.header.consensusStateHash));
      votes = this.#votes;
    }
    // On a guess a vote may seem to be for another link than the one that it is for.
    if (isJudged) this.#verifyVotes(parts, votes);
    const isProducer = !authority || includesBytes(authority.setAt(on), parts.header.producer);
    return {
      ...{ parts, parent: on, isJudged, sealFault, headerFault, contentsFault: fault },
      ...{ recovery: found, committedParent: parent },
      isStateCommitted: isCommitted(parts, state),
      stateHash: toHex(sha256(state.consensusState)),
      record: this.#recordOn(on, parts, state),
      weight: isProducer ? this.engine.weight(parts.header, on) : undefined,
      updates: authority?.updates(on, state) ?? [],
    };
  }

  /** A trust recovery that explains the block; its restated records take the places of those from before. */
  #recovery(parts: ReadBlock, contents: BlockContents): FoundRecovery | undefined {
    if (!this.engine.authority || this.#searchesLeft === 0) return undefined;
    this.#searchesLeft -= 1;
    const found = searchRecovery(parts.header, contents, this.#past, this.engine, this.#ancestry);
    for (const record of found?.restated ?? []) {
      this.#records.set(record.hashHex, record);
      if (record.hashHex === this.#watched?.hashHex) this.#watched = record;
    }
    return found;
  }

  #unjudged(parts: ReadBlock, parent: HeaderRecord, sealFault: BlockFault | undefined): FollowedBlock {
    return {
      ...{ parts, parent, isJudged: false, sealFault, headerFault: undefined, contentsFault: undefined },
      ...{ isStateCommitted: false, stateHash: "", weight: undefined, updates: [], recovery: undefined },
      ...{ record: this.#recordOn(parent, parts, parent), committedParent: parent },
    };
  }

  /**
   * The state after a block. If the rules refuse its contents, or a part of it did not decode, the header tells which
   * part the true block can have been without.
   */
  #advance(
    contents: BlockContents,
    parent: HeaderRecord,
    committed: Uint8Array,
  ): { state: EngineState; fault: BlockFault | undefined } {
    const first = this.engine.advance(contents, parent, this.#ancestry);
    if (first.ok) return { state: first.value, fault: undefined };
    const votes = this.#votes;
    const { consensusSection: section, transactions } = contents;
    const lesser: readonly Partial<BlockContents>[] = [
      { consensusSection: { ...section, certificates: [] } },
      { consensusSection: { ...section, evidence: [] } },
      { transactions: transactions.filter(({ payload }) => payload.kind !== "authorityVote") },
      { consensusSection: { certificates: [], evidence: [] }, transactions: [] },
    ];
    let state: EngineState = parent;
    for (const less of lesser) {
      this.#votes = [];
      const next = this.engine.advance({ ...contents, ...less }, parent, this.#ancestry);
      if (!next.ok) continue;
      state = next.value;
      if (bytesEqual(sha256(state.consensusState), committed)) break;
    }
    this.#votes = votes;
    return { state, fault: first.fault };
  }

  /** The block before this one. Undefined if it is missing. */
  #pointFor({ height, header }: ReadBlock): Point | undefined {
    let point = this.#point;
    if (point?.record.header.height !== height - 1) return undefined;
    const parentHex = toHex(header.parentHash);
    if (point.record.hashHex !== parentHex && point.rowHash === parentHex) {
      // The bytes of the parent were changed, and its hash was not: what certifies it names the hash.
      point = { ...point, record: { ...point.record, hash: header.parentHash, hashHex: parentHex } };
      this.#records.set(parentHex, point.record);
    }
    const isAnchor =
      !this.engine.authority &&
      point.standing !== "known" &&
      bytesEqual(sha256(header.target), point.record.header.consensusStateHash);
    return isAnchor
      ? { ...point, standing: "known", record: { ...point.record, consensusState: header.target } }
      : point;
  }

  /** The header stands in the record at its place and on its parent, whatever it says: the links are another check. */
  #recordOn(parent: HeaderRecord | undefined, parts: ReadBlock, state: EngineState): HeaderRecord {
    const { height, hash, header, seal } = parts;
    const { consensusState, justifiedHeight } = state;
    return {
      ...{ hash, hashHex: toHex(hash), seal, cumulativeWeight: 0n, consensusState, justifiedHeight },
      header: { ...header, height, parentHash: parent?.hash ?? header.parentHash },
    };
  }

  #move(point: Point): void {
    this.#point = point;
    this.#records.set(point.record.hashHex, point.record);
    const isWatched = point.record.header.height === this.#watchedHeight && point.standing === "known";
    if (isWatched) this.#watched = point.record;
  }

  #remember({ parts, record, recovery }: FollowedBlock): void {
    if (!this.engine.authority) return;
    if (recovery) this.#past = [];
    const { transactions } = parts;
    const votes = transactions.filter(({ payload }) => payload.kind === "authorityVote");
    const other = transactions.find(({ payload }) => payload.kind !== "authorityVote");
    // The engine asks of the others only whether there are any, and they may be large.
    const contents = { ...contentsOf(parts), transactions: other ? [...votes, other] : votes };
    this.#past.push({ record, contents });
    if (this.#past.length > pastKept) this.#past.shift();
  }

  #poaEngine({ genesis }: ChainSpec): ConsensusEngine {
    return createPoaEngine(genesis, poaRules, {
      seal: (message, signature, key) => this.#takeSeal(message, signature, key),
      vote: (message, signature, voter) => {
        this.#votes.push({ message, signature, voter });
        return true;
      },
    });
  }

  #takeSeal(message: Uint8Array, signature: Uint8Array, key: Uint8Array): boolean {
    const parts = this.#sealed && withoutBody(this.#sealed);
    this.#modules.signatures.add(message, signature, key, () => parts && this.#modules.onInvalidSeal(parts));
    return true;
  }

  #verifyVotes(block: ReadBlock, votes: readonly AskedVote[]): void {
    const parts = withoutBody(block);
    for (const { message, signature, voter } of votes) {
      this.#modules.signatures.add(message, signature, voter, () =>
        this.#modules.onInvalidVote(parts, voter),
      );
    }
  }
}

/** Signatures wait for a thread: what is said of a wrong one must not keep the transactions of its block until then. */
function withoutBody(parts: ReadBlock): ReadBlock {
  return { ...parts, transactions: [] };
}

export function isCommitted({ header }: Pick<ReadBlock, "header">, { consensusState }: EngineState): boolean {
  return bytesEqual(sha256(consensusState), header.consensusStateHash);
}

function contentsOf({ height, header, transactions, section }: ReadBlock): BlockContents {
  const { timestampMs, producer } = header;
  return { height, timestampMs, producer, transactions, consensusSection: section };
}
