/** Blocks as the API shows them. */

import type {
  BlockAnswer,
  BlockHeaderAnswer,
  BlockSummary,
  BlockTransaction,
  BlockTransactionsAnswer,
} from "../api/blocks.ts";
import { toHex, withoutPadding } from "../base/bytes.ts";
import type { Chain } from "../chain/chain.ts";
import { readableText } from "../export/readable.ts";
import { formatAmount } from "../protocol/amount.ts";
import { type Block, countingNonceOf, type HeaderRecord, HeaderType } from "../protocol/block.ts";
import { signersOf } from "../protocol/certificate.ts";
import { documentedSignature } from "../protocol/documented-signature.ts";
import { decodeEvidence, offenderOf } from "../protocol/evidence.ts";
import { addressOf } from "../protocol/identity.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import { headlineOf, headReference, referenceOf, standingOf } from "./chain-references.ts";
import { nameOf, transactionFields } from "./transaction-answer.ts";

/** The block with all that it holds. */
export function blockAnswer(block: Block, record: HeaderRecord, chain: Chain): BlockAnswer {
  const fees = block.transactions.reduce((sum, { transaction }) => sum + transaction.fee, 0n);
  return {
    ...blockSummary(record, block.bytes.length, chain),
    ...headerFields(record),
    cumulativeWeight: record.cumulativeWeight.toString(),
    fees: formatAmount(fees),
    feesUnits: fees.toString(),
    certificate: certificateOf(block, chain),
    offenders: offendersOf(block),
    transactions: blockTransactions(block.transactions, 0, chain),
    head: headReference(chain),
  };
}

/** @param bytes how many the block has */
export function blockSummary(record: HeaderRecord, bytes: number, chain: Chain): BlockSummary {
  const { header } = record;
  const isGenesis = header.height === 0;
  return {
    ...headlineOf(record),
    producer: isGenesis ? null : addressOf(header.producer),
    producerName: isGenesis ? null : nameOf(toHex(header.producer), chain.ledger),
    transactionCount: header.transactionCount,
    bytes,
    ...standingOf(record, chain),
  };
}

/** @param first the position of the first of them in the block */
export function blockTransactions(
  transactions: readonly DecodedTransaction[],
  first: number,
  { ledger }: Chain,
): BlockTransaction[] {
  return transactions.map((transaction, index) => ({
    id: transaction.idHex,
    position: first + index,
    ...transactionFields(transaction, ledger),
  }));
}

/** @param from the position of the first transaction of the page */
export function blockTransactionsAnswer(
  { record, block }: { readonly record: HeaderRecord; readonly block: Block },
  { from, limit, next }: { readonly from: number; readonly limit: number; readonly next: string | null },
  chain: Chain,
): BlockTransactionsAnswer {
  const { canonical, final } = standingOf(record, chain);
  return {
    items: blockTransactions(block.transactions.slice(from, from + limit), from, chain),
    next,
    block: referenceOf(record),
    canonical,
    final,
    head: headReference(chain),
  };
}

export function blockHeaderAnswer(record: HeaderRecord, chain: Chain): BlockHeaderAnswer {
  const { header, seal } = record;
  const { canonical, final } = standingOf(record, chain);
  return {
    ...headlineOf(record),
    version: header.version,
    producerKey: toHex(header.producer),
    transactionCount: header.transactionCount,
    ...headerFields(record),
    bytes: toHex(HeaderType.serialize(header)),
    sealSignature: toHex(seal.signature),
    canonical,
    final,
    head: headReference(chain),
  };
}

function headerFields({ header, seal, hash }: HeaderRecord) {
  return {
    chainId: toHex(header.chainId),
    transactionsRoot: toHex(header.transactionsRoot),
    stateRoot: toHex(header.stateRoot),
    consensusRoot: toHex(header.consensusRoot),
    consensusStateHash: toHex(header.consensusStateHash),
    target: toHex(header.target),
    extraData: readableText(withoutPadding(header.extraData)),
    nonce: toHex(seal.nonce),
    countingNonce: countingNonceOf(seal.nonce).toString(),
    signature: seal.signature.length > 0 ? documentedSignature(header.producer, hash, seal.signature) : null,
  };
}

function certificateOf({ consensusSection }: Block, chain: Chain): BlockAnswer["certificate"] {
  const [certificate] = consensusSection.certificates;
  if (!certificate) return null;
  const target = chain.headerOf(certificate.targetHash);
  const authorities = (target && chain.engine.authority?.setAt(target)) ?? [];
  const signers = signersOf(certificate.bitmap, authorities.length) ?? [];
  return {
    height: certificate.targetHeight,
    hash: toHex(certificate.targetHash),
    signers: signers.map((index) => addressOf(authorities[index] as Uint8Array)),
  };
}

function offendersOf({ consensusSection }: Block): string[] {
  return consensusSection.evidence.flatMap((bytes) => {
    const decoded = decodeEvidence(bytes);
    return decoded.ok ? [addressOf(offenderOf(decoded.value))] : [];
  });
}
