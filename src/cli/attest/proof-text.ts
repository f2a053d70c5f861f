/** What a proof proves, in words. */
import type { ProvenFact } from "../../attest/proof/verify-proof.ts";
import { visibleText } from "../../base/visible-text.ts";
import { aurDecimals, aurSymbol, formatAmount } from "../../protocol/amount.ts";
import { addressOf } from "../../protocol/identity.ts";
import { type FieldValue, fieldList } from "../field-list.ts";
import type { Terminal } from "../terminal.ts";

export function tellProof(fact: ProvenFact, terminal: Terminal): void {
  terminal.stdout.write(fieldList(fieldsOf(fact), terminal.columns));
}

function fieldsOf(fact: ProvenFact): Record<string, FieldValue> {
  const { header, hash, spec, claim, transaction } = fact;
  return {
    chain: `${spec.name} (${spec.consensus})`,
    "chain id": `${Buffer.from(spec.chainId).toString("hex")}, ${fact.isChainGiven ? "as you gave it" : "as the proof says: compare it"}`,
    block: `${header.height} ${hash}`,
    time: new Date(header.timestampMs).toISOString(),
    proved: finalityText(fact),
    ...(claim.kind === "transaction"
      ? {
          transaction: claim.id,
          position: `${claim.position} of ${header.transactionCount} in the block`,
          ...transactionFields(transaction),
        }
      : {
          account: claim.address,
          name: claim.name === null ? undefined : visibleText(claim.name),
          balance:
            claim.balanceUnits === null
              ? undefined
              : `${formatAmount(BigInt(claim.balanceUnits), aurDecimals)} ${aurSymbol}`,
          sequence: claim.sequence,
          assets: claim.assets.map(({ assetId, balanceUnits }) => `${balanceUnits} units of ${assetId}`),
        }),
  };
}

function transactionFields(transaction: ProvenFact["transaction"]): Record<string, FieldValue> {
  if (!transaction) return {};
  const { payload } = transaction;
  const from = { kind: payload.kind, from: addressOf(transaction.transaction.sender) };
  if (payload.kind !== "transfer") return from;
  const isAur = payload.assetId.every((byte) => byte === 0);
  const amount = isAur
    ? `${formatAmount(payload.amount, aurDecimals)} ${aurSymbol}`
    : `${payload.amount} units of ${Buffer.from(payload.assetId).toString("hex")}`;
  return { ...from, to: addressOf(payload.to), amount };
}

function finalityText({ finality, header }: ProvenFact): string {
  if (finality.consensus === "poa") {
    if (header.height === 0) return "block 0 follows from the chain id alone";
    return `the block is final: ${finality.sets} ${finality.sets === 1 ? "set" : "sets"} of authorities followed from the genesis, and the certificates of a quorum`;
  }
  const { confirmations, workAbove } = finality;
  return (
    `the block has ${confirmations} ${confirmations === 1 ? "confirmation" : "confirmations"}: about ${workAbove} hashes of work in it and above it. ` +
    "Whether a heavier branch is known elsewhere, a proof cannot say"
  );
}
