/** What each step of a verification means, and what it means if one fails, for people. */
import type { FailureCode, StepName } from "./report.ts";

export interface StepText {
  readonly title: string;
  readonly meaning: string;
}

export const stepTexts: Readonly<Record<StepName, StepText>> = {
  kept: {
    title: "Kept in this browser",
    meaning:
      "An earlier verification proved the chain up to here. Its result is kept under the chain id, so that the way is not walked again.",
  },
  "chain-id": {
    title: "Chain id",
    meaning:
      "The hash of the chain's first rules (authorities or difficulty, first balances) is the chain id that you trust.",
  },
  authorities: {
    title: "Authorities",
    meaning:
      "Every change of who may sign, from the first authorities on, was decided by those who were authorities before.",
  },
  work: {
    title: "Headers and their work",
    meaning:
      "Every header from block 1 on follows the one before, and its hash shows the work that the rules demand.",
  },
  header: {
    title: "Header hash",
    meaning: "The block's hash was computed anew from its header.",
  },
  certificates: {
    title: "Certificate signatures",
    meaning: "The authorities' signatures under the certificates were checked one by one.",
  },
  final: {
    title: "Finality",
    meaning: "Certificates of two thirds of the authorities make the block final: nothing can undo it.",
  },
  heaviest: {
    title: "Heaviest chain",
    meaning: "The block stands on the chain with the most work that this browser has seen.",
  },
  seal: { title: "Seal", meaning: "The block's producer has signed its hash, or the hash shows the work." },
  newest: {
    title: "Newest",
    meaning: "This browser knows of no newer block: the node does not show an old state.",
  },
  asked: {
    title: "What was asked",
    meaning: "The proof is of what was asked for, and not of something else.",
  },
  id: { title: "Id", meaning: "The transaction's id was computed anew from its bytes." },
  signature: {
    title: "Signature",
    meaning: "The sender's key has signed the id, so nobody has changed a byte.",
  },
  leaf: { title: "Leaf", meaning: "The hash of all the transaction's bytes: the leaf of the block's tree." },
  transactions: {
    title: "Inclusion proof",
    meaning: "Hashes lead from the leaf up to the root in the header: the transaction stands in this block.",
  },
  entry: {
    title: "Ledger entry",
    meaning: "Hashes lead from the ledger's entry up to the state root in the header.",
  },
  name: { title: "Name", meaning: "The ledger says that the name belongs to this account." },
  asset: {
    title: "Asset",
    meaning: "The transaction that issued the asset was proven, too: it says the symbol and the decimals.",
  },
  shown: {
    title: "What this page shows",
    meaning: "Each value on this page was compared with the proven one.",
  },
};

/** What a failure means. */
export const failureTexts: Readonly<Record<FailureCode, string>> = {
  "light/malformed": "The node's answer is not what it should be. It is damaged, or the node is not honest.",
  "light/wrong-chain": "The node shows data of another chain than the one that you trust.",
  "light/wrong-genesis":
    "The node is on another chain: the rules that it shows do not have the chain id that you trust.",
  "light/state-not-committed": "The node shows a state that is not the one under its block's header.",
  "light/certificate-invalid":
    "The signatures that should make the block final do not hold. The authorities have not signed what the node shows.",
  "light/authorities-unexplained":
    "The node shows authorities that nobody let in. They may be imposters who sign a chain of their own.",
  "light/link-broken": "The headers that the node shows do not follow one another.",
  "light/contradiction":
    "Two blocks of one height are final. More than a third of the authorities signed both, or this browser was lied to before.",
  "light/evidence-invalid": "The node names an authority as an offender and has no valid evidence.",
  "light/recovery-not-trusted":
    "The operators declared a block final without a quorum (trust recovery). A browser cannot decide whether to believe that.",
  "light/not-final": "The node cannot show that the block is final.",
  "light/work-invalid": "A header does not have the work that the chain's rules demand.",
  "light/not-heavier": "The node shows a branch with less work than the one that is known.",
  "light/block-unknown":
    "The block is not on the heaviest chain that this browser has seen. A reorganization has undone it, or it never was there.",
  "light/signature-invalid":
    "The signature does not hold: somebody has changed the bytes, or the signer never signed them.",
  "light/proof-invalid":
    "The proof does not lead to the root in the block's header: what the node shows does not stand there.",
  "light/not-what-was-asked": "The node proved something else than what was asked for.",
  "light/stale": "The node shows an older state than this browser has seen proven already.",
  "light/stored-invalid": "What this browser had kept is damaged.",
  "shown/differs":
    "The node proved one thing and shows another on this page. Do not believe the values above.",
};
