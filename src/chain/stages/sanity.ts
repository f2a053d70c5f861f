/** Stage 1: what a block shows by itself, without its parent: version, chain, sizes, seal, body. Pure. */
import { bytesEqual, toHex } from "../../base/bytes.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import type { ConsensusEngine } from "../../consensus/engine.ts";
import {
  type Block,
  blockVersion,
  consensusRoot,
  type Header,
  transactionsRoot,
} from "../../protocol/block.ts";
import type { BlockFault } from "../../protocol/faults.ts";
import type { ChainSpec } from "../../protocol/genesis.ts";

declare const isSane: unique symbol;

/** A block whose seal and body are verified. Only {@link saneBlock} makes one; an orphan is kept as such. */
export type SaneBlock = Block & { readonly [isSane]: true };

export interface SanityRules {
  readonly spec: ChainSpec;
  readonly engine: Pick<ConsensusEngine, "verifySeal">;
  /** Why a block need not be looked at any further. Asked after what costs nothing, and before hashes and signatures. */
  readonly knownFault: (block: Block) => BlockFault | undefined;
}

/** Verifies a block by itself, what costs least first. */
export function saneBlock(
  block: Block,
  { spec, engine, knownFault }: SanityRules,
): Result<SaneBlock, BlockFault> {
  const fault =
    sizeFault(block, spec) ??
    knownFault(block) ??
    engine.verifySeal(block.header, block.seal, block.hash) ??
    bodyFault(block);
  return fault ? fail(fault) : ok(block as SaneBlock);
}

/** Version and chain. */
export function strangerFault(
  { version, chainId }: Header,
  spec: Pick<ChainSpec, "chainId">,
): BlockFault | undefined {
  if (version !== blockVersion) return { code: "block/version-unknown", version };
  if (!bytesEqual(chainId, spec.chainId)) return { code: "block/wrong-chain", chainId: toHex(chainId) };
  return undefined;
}

/** Version, chain and sizes. */
function sizeFault(block: Block, spec: ChainSpec): BlockFault | undefined {
  const { blockBytesMax, blockTransactionsMax } = spec.genesis;
  const stranger = strangerFault(block.header, spec);
  if (stranger) return stranger;
  if (block.bytes.length > blockBytesMax) {
    return { code: "block/too-large", bytes: block.bytes.length, bytesMax: blockBytesMax };
  }
  const transactions = block.transactions.length;
  if (transactions > blockTransactionsMax) {
    return { code: "block/too-many-transactions", transactions, transactionsMax: blockTransactionsMax };
  }
  return undefined;
}

/** That the body is the one that the header commits to. */
function bodyFault(block: Block): BlockFault | undefined {
  const { header, transactions, consensusSection } = block;
  if (header.transactionCount !== transactions.length) {
    return {
      code: "block/transaction-count-wrong",
      declared: header.transactionCount,
      actual: transactions.length,
    };
  }
  if (!bytesEqual(header.transactionsRoot, transactionsRoot(transactions))) {
    return { code: "block/transactions-root-wrong" };
  }
  if (!bytesEqual(header.consensusRoot, consensusRoot(consensusSection))) {
    return { code: "block/consensus-root-wrong" };
  }
  const ids = new Set<string>();
  for (const { idHex } of transactions) {
    if (ids.has(idHex)) return { code: "block/transaction-duplicate", id: idHex };
    ids.add(idHex);
  }
  return undefined;
}
