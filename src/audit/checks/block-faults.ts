/** A block that breaks a rule, as a finding: the column that shows it, what the rule asks, and what it means. */
import { type BlockFault, describeFault, type TransactionFault } from "../../protocol/faults.ts";
import type { FindingDraft } from "../finding.ts";

type Told = Pick<FindingDraft, "column" | "expected" | "found" | "meaning">;

/** A fault of the block itself. */
export function faultFinding(height: number, fault: BlockFault): FindingDraft {
  if (fault.code === "block/transaction-invalid") {
    return transactionFinding(height, fault.position, fault.fault);
  }
  return { table: "blocks", row: `block ${height}`, ...toldOf(fault) };
}

/** A fault of one of its transactions. */
export function transactionFinding(height: number, position: number, fault: TransactionFault): FindingDraft {
  const isSequence = fault.code === "transaction/sequence-gap" || fault.code === "transaction/sequence-used";
  return {
    // That sequences have no gap is what check 6 says, and only the replay sees it.
    ...(isSequence ? { check: "transactions" as const } : {}),
    table: "transactions",
    row: `block ${height}, transaction ${position}`,
    ...toldOfTransaction(fault),
  };
}

function toldOf(fault: Exclude<BlockFault, { code: "block/transaction-invalid" }>): Told {
  switch (fault.code) {
    case "block/work-insufficient":
      return {
        ...{ column: "hash", expected: `at most ${fault.target}`, found: fault.hash },
        meaning: "the work that the header names was not done",
      };
    case "block/target-above-floor":
      return {
        ...{ column: "target", expected: `at most ${fault.easiest}`, found: fault.actual },
        meaning: "the target is easier than the genesis allows",
      };
    case "block/target-wrong":
      return {
        ...{ column: "target", expected: fault.expected, found: fault.actual },
        meaning: "the target is not the one that the chain asks of this block",
      };
    case "block/timestamp-too-early":
      return {
        ...{ column: "timestamp_ms", expected: `at least ${fault.earliestMs}` },
        ...{
          found: BigInt(fault.actualMs),
          meaning: "no node takes a block so soon after the one before it",
        },
      };
    case "block/timestamp-ahead":
      return {
        ...{ column: "timestamp_ms", expected: `at most ${fault.latestMs}` },
        ...{
          found: BigInt(fault.actualMs),
          meaning: "the block is of the future by the clock of this audit",
        },
      };
    case "block/producer-unknown":
      return {
        ...{ column: "producer", expected: "an authority after the block before", found: fault.producer },
        meaning: "the block was sealed by somebody who was no authority",
      };
    case "block/seal-malformed":
      return {
        ...{ column: "seal_signature", expected: "a seal of the chain's engine", found: fault.reason },
        meaning: "the block is not sealed as its engine asks",
      };
    case "block/certificate-invalid":
      return {
        ...{ column: "consensus_bytes", expected: "a certificate that a quorum signed", found: fault.reason },
        meaning: "the finality certificate in the block proves nothing",
      };
    case "block/evidence-invalid":
      return {
        ...{
          column: "consensus_bytes",
          expected: "evidence that convicts an authority",
          found: fault.reason,
        },
        meaning: "the evidence in the block convicts nobody",
      };
    case "block/consensus-section-not-open":
      return {
        ...{ column: "consensus_bytes", expected: "no certificate and no evidence", found: "some" },
        meaning: "Proof of Work has neither certificates nor evidence",
      };
    default:
      return {
        ...{ column: null, expected: "a block that nodes take", found: describeFault(fault) },
        meaning: "the block breaks a rule of the chain",
      };
  }
}

function toldOfTransaction(fault: TransactionFault): Told {
  switch (fault.code) {
    case "transaction/balance-too-low":
      return {
        ...{ column: "amount_units", expected: `at most ${fault.balance}`, found: fault.needed },
        meaning: "the sender spends more than it has",
      };
    case "transaction/sequence-used":
    case "transaction/sequence-gap":
      return {
        ...{ column: "sequence", expected: BigInt(fault.expected), found: BigInt(fault.actual) },
        meaning: "a transaction of the sender is missing, or stands here twice",
      };
    case "transaction/fee-too-low":
      return {
        ...{ column: "fee_units", expected: `at least ${fault.minimum}`, found: fault.actual },
        meaning: "the fee is below the least that the genesis asks",
      };
    case "transaction/expired":
      return {
        ...{ column: "valid_until", expected: `at least ${fault.height}`, found: BigInt(fault.validUntil) },
        meaning: "the transaction was valid only in earlier blocks",
      };
    case "transaction/name-taken":
      return {
        ...{ column: "data", expected: "a name that nobody has", found: fault.name },
        meaning: "the name belongs to another account",
      };
    case "transaction/sender-has-name":
      return {
        ...{ column: "data", expected: "an account without a name", found: fault.name },
        meaning: "an account registers a second name",
      };
    case "transaction/asset-unknown":
      return {
        ...{ column: "asset_id", expected: "an asset that was issued before", found: fault.asset },
        meaning: "the transaction moves an asset that nobody issued",
      };
    case "transaction/voter-not-authority":
      return {
        ...{ column: "from_account", expected: "an authority", found: fault.voter },
        meaning: "somebody votes on authorities who is none",
      };
    default:
      return {
        ...{ column: "bytes", expected: "a transaction that nodes take", found: describeFault(fault) },
        meaning: "the transaction breaks a rule of the chain",
      };
  }
}
