/** Seals a block as an authority does, honest or not. */
import { concatBytes } from "../../../src/base/bytes.ts";
import {
  assembleBlock,
  type Block,
  blockHash,
  blockVersion,
  type ConsensusSection,
  consensusRoot,
  type HeaderRecord,
  headerRoot,
  nonceBytes,
  transactionsRoot,
} from "../../../src/protocol/block.ts";
import { sealDomain, zeroBytes32 } from "../../../src/protocol/hashing.ts";
import type { KeyPair } from "../../../src/protocol/signing.ts";
import type { DecodedTransaction } from "../../../src/protocol/transaction.ts";
import { madeSignature } from "./made-signatures.ts";

const emptyTransactionsRoot = transactionsRoot([]);

export interface BlockPlan {
  readonly parent: HeaderRecord;
  readonly keyPair: KeyPair;
  readonly timestampMs: number;
  readonly transactions: readonly DecodedTransaction[];
  readonly consensusSection: ConsensusSection;
  /** Tells apart what one authority seals twice. */
  readonly variant?: number;
}

export function sealBlock(plan: BlockPlan): Block {
  const { parent, keyPair, timestampMs, transactions, consensusSection, variant = 0 } = plan;
  const header = {
    version: blockVersion,
    chainId: parent.header.chainId,
    height: parent.header.height + 1,
    parentHash: parent.hash,
    timestampMs,
    producer: keyPair.publicKey,
    transactionsRoot: transactions.length === 0 ? emptyTransactionsRoot : transactionsRoot(transactions),
    transactionCount: transactions.length,
    stateRoot: zeroBytes32,
    consensusRoot: consensusRoot(consensusSection),
    // The judge of the simulation computes the state itself; what the header says of it is tested on the chain's own import.
    consensusStateHash: zeroBytes32,
    target: zeroBytes32,
    extraData: Uint8Array.from({ length: 32 }, (_, index) => (index === 0 ? variant : 0)),
  };
  const nonce = new Uint8Array(nonceBytes);
  const signature = madeSignature(concatBytes([sealDomain, blockHash(headerRoot(header), nonce)]), keyPair);
  return assembleBlock(header, { nonce, signature }, transactions, consensusSection);
}
