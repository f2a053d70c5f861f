/** One pass over a chain that four checks share: its consensus, its ledger and its names after each block. */
import { CertificateType } from "../../protocol/certificate.ts";
import type { ChainSpec } from "../../protocol/genesis.ts";
import type { ChainCheckContext } from "../chain-check.ts";
import type { LedgerBlock } from "../ledger-block.ts";
import { ConsensusReplay, type ConsensusReplayOptions, type FollowedBlock } from "./consensus-replay.ts";
import { type ExecutedBlock, LedgerReplay } from "./ledger-replay.ts";
import { NameBook } from "./name-book.ts";
import { decodedFrom, type ReadBlock, readBlock } from "./read-block.ts";
import { inlineSignatures, type SignatureSink } from "./signature-sink.ts";

export interface ReplayedBlock {
  readonly block: LedgerBlock;
  /** Undefined if nothing of the block can be read. */
  readonly parts: ReadBlock | undefined;
  /** Whether the block stands right above the one before it; of block 0 true. */
  readonly isNext: boolean;
  /** Undefined for block 0, and if the block below is missing. */
  readonly followed: FollowedBlock | undefined;
}

export class ChainReplay {
  readonly consensus: ConsensusReplay;
  readonly ledger: LedgerReplay;
  readonly names = new NameBook();
  /** Told of a seal whose signature does not hold. */
  onInvalidSeal: (parts: ReadBlock) => void = () => {};
  /** Told of a vote in a block's certificate whose signature does not hold. */
  onInvalidVote: (parts: ReadBlock, voter: Uint8Array) => void = () => {};
  readonly #spec: ChainSpec;
  #last: ReplayedBlock | undefined;
  /** Of the last block, once it was asked for. */
  #executed: { readonly outcome: ExecutedBlock | undefined } | undefined;

  constructor({ spec, watchedHeight }: ConsensusReplayOptions, signatures: SignatureSink) {
    this.#spec = spec;
    this.consensus = new ConsensusReplay(
      { spec, watchedHeight },
      {
        signatures,
        onInvalidSeal: (parts) => this.onInvalidSeal(parts),
        onInvalidVote: (parts, voter) => this.onInvalidVote(parts, voter),
      },
    );
    this.ledger = new LedgerReplay(spec);
  }

  /** Goes over the next block; the checks that come after the first one get what it got. */
  at(block: LedgerBlock): ReplayedBlock {
    if (this.#last?.block === block) return this.#last;
    if (this.#last) this.execute(this.#last);
    this.#last = this.#follow(block);
    this.#executed = undefined;
    return this.#last;
  }

  /** Executes the last block, once; undefined for block 0, and if a block below is missing. */
  execute({ block, parts, followed }: ReplayedBlock): ExecutedBlock | undefined {
    if (this.#executed) return this.#executed.outcome;
    const isNext = parts !== undefined && block.height > 0;
    const outcome = isNext ? this.ledger.execute(parts, followed?.updates ?? []) : undefined;
    const refused = new Set(outcome?.refused.map(({ position }) => position));
    if (parts) this.names.apply(parts.transactions, refused);
    this.#executed = { outcome };
    return outcome;
  }

  #follow(block: LedgerBlock): ReplayedBlock {
    const parts = readBlock(block, this.#spec.chainId);
    const isNext = block.height === 0 || block.height === (this.#last?.block.height ?? 0) + 1;
    // Block 0 follows from the genesis spec: whatever its row says, the chain starts there.
    if (block.height === 0) return { block, parts, isNext, followed: undefined };
    if (!isNext || !parts) {
      this.consensus.skip();
      this.ledger.skip();
    }
    const followed = parts && this.consensus.follow(parts, String(block.row.hash));
    return { block, parts, isNext, followed };
  }
}

const replays = new WeakMap<ChainSpec, ChainReplay>();

/** The replay that the checks of one chain share; an audit decodes the spec of each chain once. */
export function replayOf({ spec, meta, signatures = inlineSignatures }: ChainCheckContext): ChainReplay {
  const known = replays.get(spec);
  if (known) return known;
  const certificate = decodedFrom(CertificateType, meta.final_certificate, "certificate");
  const replay = new ChainReplay({ spec, watchedHeight: certificate?.targetHeight }, signatures);
  replays.set(spec, replay);
  return replay;
}
