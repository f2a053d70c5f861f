/** What the API has to answer about a block, computed from the bytes that were proven. */
import { toHex, withoutPadding } from "../../base/bytes.ts";
import type { VerifiedBody } from "../../client/index.ts";
import { formatAmount } from "../../protocol/amount.ts";
import { countingNonceOf } from "../../protocol/block.ts";
import { documentedSignature } from "../../protocol/documented-signature.ts";
import { decodeEvidence, offenderOf } from "../../protocol/evidence.ts";
import { addressOf } from "../../protocol/identity.ts";
import type { Proven } from "./differences.ts";
import { isoTimeOf, type ProvenAssets, provenTransaction, shownText } from "./proven-transaction.ts";

/** Without names, and without what a node counts: its weight and the confirmations. */
export function provenBlock({ contents, signers, transactions }: VerifiedBody, assets: ProvenAssets): Proven {
  const { header, seal, hash, consensusSection, bytes } = contents;
  const fees = transactions.reduce((sum, { transaction }) => sum + transaction.fee, 0n);
  const [certificate] = consensusSection.certificates;
  return {
    height: header.height,
    hash: toHex(hash),
    parentHash: toHex(header.parentHash),
    timestampMs: header.timestampMs,
    time: isoTimeOf(header.timestampMs),
    producer: header.height === 0 ? null : addressOf(header.producer),
    transactionCount: header.transactionCount,
    bytes: bytes.length,
    canonical: true,
    chainId: toHex(header.chainId),
    transactionsRoot: toHex(header.transactionsRoot),
    stateRoot: toHex(header.stateRoot),
    consensusRoot: toHex(header.consensusRoot),
    consensusStateHash: toHex(header.consensusStateHash),
    target: toHex(header.target),
    extraData: shownText(withoutPadding(header.extraData)),
    nonce: toHex(seal.nonce),
    countingNonce: countingNonceOf(seal.nonce).toString(),
    signature: seal.signature.length > 0 ? documentedSignature(header.producer, hash, seal.signature) : null,
    fees: formatAmount(fees),
    feesUnits: fees.toString(),
    certificate: certificate
      ? {
          height: certificate.targetHeight,
          hash: toHex(certificate.targetHash),
          ...(signers ? { signers } : {}),
        }
      : null,
    offenders: consensusSection.evidence.flatMap((evidence) => {
      const decoded = decodeEvidence(evidence);
      return decoded.ok ? [addressOf(offenderOf(decoded.value))] : [];
    }),
    transactions: transactions.map((transaction, position) => ({
      position,
      ...provenTransaction(transaction, assets),
    })),
  };
}
