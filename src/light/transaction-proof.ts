/** That a transaction stands at a place of a block whose header is known to be true. */
import { ok, type Result } from "../base/result.ts";
import { type Block, type Header, transactionListDepth } from "../protocol/block.ts";
import { describeFault } from "../protocol/faults.ts";
import { sha256 } from "../protocol/hashing.ts";
import { listProof, verifyListProof } from "../protocol/merkle.ts";
import { verifySignature } from "../protocol/signing.ts";
import { type DecodedTransaction, decodeTransaction, transactionLeaves } from "../protocol/transaction.ts";
import { type LightFault, lightFault } from "./light-fault.ts";

export interface TransactionProof {
  /** The signed transaction. */
  readonly bytes: Uint8Array;
  /** Its place in the block, from 0. */
  readonly position: number;
  /** 13: from the sibling of its leaf to the child of the root. */
  readonly siblings: readonly Uint8Array[];
}

export interface ProvenTransaction {
  readonly decoded: DecodedTransaction;
  readonly position: number;
}

export function transactionProofOf(block: Block, position: number): TransactionProof {
  const { siblings } = listProof(transactionLeaves(block.transactions), position, transactionListDepth);
  return { bytes: (block.transactions[position] as DecodedTransaction).bytes, position, siblings };
}

/** Recomputes id, leaf and root, and verifies the sender's signature. */
export function verifyTransaction(
  header: Pick<Header, "chainId" | "transactionsRoot" | "transactionCount">,
  { bytes, position, siblings }: TransactionProof,
): Result<ProvenTransaction, LightFault> {
  const decoded = decodeTransaction(bytes, header.chainId);
  if (!decoded.ok) return lightFault("light/malformed", describeFault(decoded.fault));
  const { transaction, id } = decoded.value;
  if (!verifySignature(id, transaction.signature, transaction.sender)) {
    return lightFault("light/signature-invalid", "the sender has not signed the transaction");
  }
  const proof = { index: position, leafCount: header.transactionCount, leaf: sha256(bytes), siblings };
  if (!verifyListProof(header.transactionsRoot, proof, transactionListDepth)) {
    return lightFault(
      "light/proof-invalid",
      "the transaction does not stand under the block's transactionsRoot",
    );
  }
  return ok({ decoded: decoded.value, position });
}
