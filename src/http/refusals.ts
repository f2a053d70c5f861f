/** What people are told when a transaction is refused or dropped: the status, the reason in words, and what to do. */

import type { AdmissionFault } from "../mempool/admission.ts";
import { aurDecimals, aurSymbol, formatAmount } from "../protocol/amount.ts";

export interface Refusal {
  /** HTTP: 400 for bytes that can never be right, 409 and 422 for the state of the ledger, 503 for a full node. */
  readonly status: 400 | 409 | 422 | 503;
  readonly message: string;
  readonly next: string;
}

type Judge<Code> = (fault: Extract<AdmissionFault, { readonly code: Code }>) => Refusal;

const aur = (units: bigint) => `${formatAmount(units, aurDecimals)} ${aurSymbol}`;
const notMature = (units: bigint) =>
  units === 0n ? "" : `; ${aur(units)} that it earned are not mature yet`;
const notOurs = "build the transaction again with a wallet of this version";
const askSequence = "ask the account for its pendingSequence, sign again with it and send that";

/** A new fault does not compile until it stands here. */
const refusals: { readonly [Code in AdmissionFault["code"]]: Judge<Code> } = {
  "codec/malformed": ({ what, reason }) => ({
    status: 400,
    message: `the ${what} does not decode: ${reason}`,
    next: notOurs,
  }),
  "transaction/version-unknown": ({ version }) => ({
    status: 400,
    message: `version ${version} of a transaction is not known here`,
    next: notOurs,
  }),
  "transaction/kind-unknown": ({ kind }) => ({
    status: 400,
    message: `a transaction of kind ${kind} is not known here`,
    next: notOurs,
  }),
  "transaction/kind-not-open": ({ kind }) => ({
    status: 422,
    message: `transactions of kind ${kind} are not open on this chain`,
    next: "use another kind",
  }),
  "transaction/signature-invalid": () => ({
    status: 400,
    message: "the signature is not the sender's for this chain",
    next: "check that it was signed for this node's chainId and by the sender's key",
  }),
  "transaction/sequence-used": ({ expected, actual }) => ({
    status: 409,
    message: `the sequence ${actual} is used: the account's next one is ${expected}`,
    next: askSequence,
  }),
  "transaction/sequence-gap": ({ expected, actual }) => ({
    status: 409,
    message: `the sequence ${actual} is not the account's next one, ${expected}`,
    next: askSequence,
  }),
  "transaction/fee-too-low": ({ minimum, actual }) => ({
    status: 422,
    message: `the fee is ${aur(actual)} and the chain's minimum is ${aur(minimum)}`,
    next: `sign again with a fee of ${aur(minimum)} or more`,
  }),
  "transaction/expired": ({ validUntil, height }) => ({
    status: 422,
    message: `it was valid until block ${validUntil} and the next one is ${height}`,
    next: "sign again with a later validUntil, or 0 for no limit",
  }),
  "transaction/balance-too-low": ({ asset, balance, needed, immature = 0n }) => ({
    status: 422,
    message:
      asset === aurSymbol
        ? `the account has ${aur(balance)} and needs ${aur(needed)}, with all that it has waiting${notMature(immature)}`
        : `the account has ${balance} base units of the asset ${asset} and needs ${needed}`,
    next: "send less, or fund the account first",
  }),
  "transaction/amount-zero": () => ({
    status: 422,
    message: "the amount is zero",
    next: "send more than zero",
  }),
  "transaction/amount-overflow": () => ({
    status: 422,
    message: "the amount and the fee are together more than a uint64 holds",
    next: "send less",
  }),
  "transaction/data-empty": () => ({
    status: 422,
    message: "the record is empty",
    next: "record at least one byte",
  }),
  "transaction/name-invalid": ({ reason }) => ({
    status: 422,
    message: `the name cannot be registered: ${reason}`,
    next: "choose another name, such as alice@example.com",
  }),
  "transaction/name-taken": ({ name }) => ({
    status: 409,
    message: `the name ${name} is taken`,
    next: "choose another name",
  }),
  "transaction/sender-has-name": ({ name }) => ({
    status: 409,
    message: `the account has the name ${name} already`,
    next: "register another name with another key",
  }),
  "transaction/asset-unknown": ({ asset }) => ({
    status: 422,
    message: `there is no asset ${asset} on this chain`,
    next: "check the asset's id; one that was just issued has to be committed first",
  }),
  "transaction/asset-invalid": ({ reason }) => ({
    status: 422,
    message: `the asset cannot be issued: ${reason}`,
    next: "change the asset's terms",
  }),
  "transaction/vote-invalid": ({ reason }) => ({
    status: 400,
    message: `the authority vote is not valid: ${reason}`,
    next: "build the vote again; a vote to add a node needs the consent that this node gave",
  }),
  "transaction/voter-not-authority": () => ({
    status: 422,
    message: "only authorities vote, and the sender is not one",
    next: "sign the vote with the key of an authority",
  }),
  "transaction/vote-useless": ({ reason }) => ({
    status: 409,
    message: `the authority vote would change nothing: ${reason}`,
    next: "look at the authorities and at the votes that are open before voting again",
  }),
  "mempool/known": ({ id }) => ({
    status: 409,
    message: `the transaction ${id} waits already`,
    next: "nothing: it is under way",
  }),
  "mempool/full": ({ limit }) => ({
    status: 503,
    message: `the node has no room for more waiting transactions (${limit})`,
    next: "wait for the next blocks and send again, or pay a higher fee",
  }),
  "mempool/account-full": ({ transactionsMax }) => ({
    status: 503,
    message: `the account has ${transactionsMax} transactions waiting, the most that one may have`,
    next: "wait until some are committed and send again",
  }),
  "mempool/too-large": ({ bytes, bytesMax }) => ({
    status: 422,
    message: `it has ${bytes} bytes, and a block of this chain has room for a transaction of ${bytesMax} bytes`,
    next: "send less data in one transaction",
  }),
  "mempool/sequence-too-far": ({ expected, actual }) => ({
    status: 409,
    message: `the sequence ${actual} is too far ahead of the account's next one, ${expected}`,
    next: askSequence,
  }),
  "mempool/replacement-fee-too-low": ({ id, needed, actual }) => ({
    status: 409,
    message: `${id} waits with the same sequence: to replace it takes a fee of ${aur(needed)}, this pays ${aur(actual)}`,
    next: "pay the higher fee, or use the next sequence",
  }),
  "mempool/sequence-taken": ({ sequence, by }) => ({
    status: 409,
    message: `${by} waits with the sequence ${sequence}`,
    next: askSequence,
  }),
  "mempool/not-stored": ({ reason }) => ({
    status: 503,
    message: `the node could not write the transaction to its disk, so it did not take it: ${reason}`,
    next: "make room on the node's disk, then send the same transaction again",
  }),
  "mempool/replaced": ({ by }) => ({
    status: 409,
    message: `another transaction of the account took its sequence: ${by}`,
    next: askSequence,
  }),
  "mempool/withdrawn": ({ reason }) => ({
    status: 409,
    message: `this node's own account took it back: ${reason}`,
    next: "ask the operator of this node; see its log",
  }),
  "mempool/expired": ({ expiryMs }) => ({
    status: 422,
    message: `it waited for more than ${Math.round(expiryMs / 60_000)} minutes`,
    next: "send it again",
  }),
};

/** The refusal of a fault, for the API's error body and for the reason of a dropped transaction. */
export function refusalOf(fault: AdmissionFault): Refusal {
  // Each judge takes the fault of its own code, which a lookup by a variable code cannot say.
  const judge = refusals[fault.code] as (fault: AdmissionFault) => Refusal;
  return judge(fault);
}
