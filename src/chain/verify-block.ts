/** The stages of judging a block before anything is executed, in the order in which they cost more. Pure. */
import { bytesEqual, toHex } from "../base/bytes.ts";
import type { ConsensusEngine, EngineState } from "../consensus/engine.ts";
import {
  type Block,
  blockVersion,
  consensusRoot,
  type Header,
  type HeaderRecord,
  transactionsRoot,
} from "../protocol/block.ts";
import type { BlockFault } from "../protocol/faults.ts";
import type { ChainSpec } from "../protocol/genesis.ts";
import { sha256 } from "../protocol/hashing.ts";

/** What the header says by itself: version, chain, sizes. */
export function verifySanity(block: Block, spec: ChainSpec): BlockFault | undefined {
  const { header } = block;
  const { blockBytesMax, blockTransactionsMax } = spec.genesis;
  if (header.version !== blockVersion) return { code: "block/version-unknown", version: header.version };
  if (!bytesEqual(header.chainId, spec.chainId)) {
    return { code: "block/wrong-chain", chainId: toHex(header.chainId) };
  }
  if (block.bytes.length > blockBytesMax) {
    return { code: "block/too-large", bytes: block.bytes.length, bytesMax: blockBytesMax };
  }
  const transactions = block.transactions.length;
  if (transactions > blockTransactionsMax) {
    return { code: "block/too-many-transactions", transactions, transactionsMax: blockTransactionsMax };
  }
  return undefined;
}

/** The header on its parent: height, the engine's rules, and the clock (a fault of the last kind is transient). */
export function verifyHeader(
  block: Block,
  parent: HeaderRecord,
  engine: ConsensusEngine,
  nowMs: number,
): BlockFault | undefined {
  const { header } = block;
  const expected = parent.header.height + 1;
  if (header.height !== expected) return { code: "block/height-wrong", expected, actual: header.height };
  const fault = engine.verifyHeader(header, parent);
  if (fault) return fault;
  const latestMs = nowMs + engine.aheadMaxMs;
  if (header.timestampMs > latestMs) {
    return { code: "block/timestamp-ahead", latestMs, actualMs: header.timestampMs };
  }
  return undefined;
}

/** That the body is the one that the header commits to. */
export function verifyBody(block: Block): BlockFault | undefined {
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

/** That the engine's state after the block is the one that the header commits to. */
export function consensusStateFault(
  header: Pick<Header, "consensusStateHash">,
  { consensusState }: EngineState,
): BlockFault | undefined {
  const expected = sha256(consensusState);
  if (bytesEqual(header.consensusStateHash, expected)) return undefined;
  return {
    code: "block/consensus-state-wrong",
    expected: toHex(expected),
    actual: toHex(header.consensusStateHash),
  };
}

/** The first transaction whose signature does not hold, as a fault of its block. */
export function signatureFault(block: Block, verdicts: readonly boolean[]): BlockFault | undefined {
  const position = verdicts.indexOf(false);
  if (position < 0) return undefined;
  return {
    code: "block/transaction-invalid",
    position,
    id: block.transactions[position]?.idHex ?? "",
    fault: { code: "transaction/signature-invalid" },
  };
}
