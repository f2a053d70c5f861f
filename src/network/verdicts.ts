/** The one table from fault to verdict. A new fault does not compile until it has a verdict here. */
import type { Fault, FaultCode } from "../protocol/faults.ts";
import type { Verdict } from "./peer-host.ts";

/**
 * "reject": no honest node relays such a message, so its sender is penalised. "ignore": the fault depends on what this node
 * has seen so far, on its clock, or on a version, and so says nothing about the sender.
 */
const verdicts: Record<FaultCode, Verdict> = {
  "codec/malformed": "reject",

  "transaction/version-unknown": "ignore",
  "transaction/kind-unknown": "reject",
  "transaction/kind-not-open": "ignore",
  "transaction/signature-invalid": "reject",
  "transaction/sequence-used": "ignore",
  "transaction/sequence-gap": "ignore",
  "transaction/fee-too-low": "reject",
  "transaction/expired": "ignore",
  "transaction/balance-too-low": "ignore",
  "transaction/amount-zero": "reject",
  "transaction/amount-overflow": "ignore",
  "transaction/data-empty": "reject",
  "transaction/name-invalid": "reject",
  "transaction/name-taken": "ignore",
  "transaction/sender-has-name": "ignore",
  "transaction/asset-unknown": "ignore",
  "transaction/asset-invalid": "reject",
  // Wrong on every chain: a field does not fit the action, or the candidate has not consented.
  "transaction/vote-invalid": "reject",
  // Both depend on the head: on the set of authorities there, and on what has passed or expired.
  "transaction/voter-not-authority": "ignore",
  "transaction/vote-useless": "ignore",

  "mempool/known": "ignore",
  "mempool/full": "ignore",
  "mempool/account-full": "ignore",
  "mempool/too-large": "ignore",
  "mempool/sequence-too-far": "ignore",
  "mempool/replacement-fee-too-low": "ignore",
  "mempool/sequence-taken": "ignore",
  "mempool/not-stored": "ignore",
  "mempool/replaced": "ignore",
  "mempool/withdrawn": "ignore",
  "mempool/expired": "ignore",

  "block/version-unknown": "ignore",
  "block/wrong-chain": "reject",
  "block/known": "ignore",
  "block/parent-unknown": "ignore",
  // A node that is far ahead relays blocks of authorities that this node has not heard of yet.
  "block/orphan-unlikely": "ignore",
  "block/parent-invalid": "reject",
  "block/known-invalid": "reject",
  "block/height-wrong": "reject",
  "block/timestamp-too-early": "reject",
  "block/timestamp-ahead": "ignore",
  "block/producer-unknown": "reject",
  "block/seal-malformed": "reject",
  "block/seal-invalid": "reject",
  "block/target-wrong": "reject",
  "block/target-above-floor": "reject",
  "block/work-insufficient": "reject",
  "block/too-large": "reject",
  "block/too-many-transactions": "reject",
  "block/transaction-count-wrong": "reject",
  "block/transactions-root-wrong": "reject",
  "block/transaction-duplicate": "reject",
  "block/transaction-invalid": "reject",
  "block/state-root-wrong": "reject",
  "block/consensus-root-wrong": "reject",
  "block/consensus-state-wrong": "reject",
  "block/consensus-section-not-open": "ignore",
  "block/certificate-invalid": "reject",
  "block/evidence-invalid": "reject",
  // An honest node that comes out of a partition sends its own branch before it has heard of ours.
  "block/conflicts-with-final": "ignore",
  // An honest node that was alone for long sends its own branch. A heavier branch is fetched from the peer that has it.
  "block/far-behind": "ignore",
  "block/queue-full": "ignore",

  "vote/known": "ignore",
  "vote/stale": "ignore",
  "vote/target-unknown": "ignore",
  // A node that knows the target knows its height and its source. A node that does not know the target relays nothing.
  "vote/target-height-wrong": "reject",
  "vote/source-wrong": "reject",
  // While the target is unknown, only the head tells the set of authorities, and after a trust recovery the sets differ for
  // good. Such a vote costs one look-up and no signature check, so a punishment would gain nothing.
  "vote/voter-not-authority": "ignore",
  "vote/signature-invalid": "reject",

  "evidence/invalid": "reject",
  "evidence/known": "ignore",
  "evidence/offender-not-removable": "ignore",

  "message/empty": "reject",
  "message/key-wrong": "reject",

  "record/signature-invalid": "reject",
  "record/stale": "ignore",
  "record/timestamp-ahead": "ignore",
  "record/invalid": "reject",
};

export function verdictOf(fault: Fault): Verdict {
  return verdicts[fault.code];
}
