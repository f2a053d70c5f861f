/** Proofs as the API answers them: of a block, of a transaction, of what an account has. */

import type {
  AccountProofAnswer,
  BlockProofAnswer,
  EntryProofItem,
  TransactionProofAnswer,
} from "../api/light.ts";
import { toHex } from "../base/bytes.ts";
import type { Chain, LocatedTransaction } from "../chain/chain.ts";
import { ledgerDepthMax } from "../chain/ledger-below.ts";
import type { LedgerDraft } from "../ledger/ledger-state.ts";
import { AttestedBlockType } from "../light/attested-block.ts";
import { newestShownFinal } from "../light/certified-blocks.ts";
import { accountProofsOf } from "../light/entry-proof.ts";
import { type FinalityProof, finalityHeadersMax, finalityProofOf } from "../light/finality-proof.ts";
import { transactionProofOf } from "../light/transaction-proof.ts";
import { type HeaderRecord, HeaderType } from "../protocol/block.ts";
import { addressOf } from "../protocol/identity.ts";
import { ApiError } from "./api-error.ts";
import { blockNamed } from "./block-lookup.ts";
import { headReference } from "./chain-references.ts";
import { lightSourceOf } from "./light-source.ts";

/**
 * The final block of a proof: as certificates show it, which is where `GET /v1/light` leads a reader, also if it is not on
 * disk as final yet. Else a reader who has followed the chain to there is shown an older one.
 */
export function shownFinalRecord(chain: Chain): HeaderRecord {
  const shown = chain.engine.authority && newestShownFinal(lightSourceOf(chain));
  const isNewer = shown !== undefined && shown.height > (chain.final?.height ?? 0);
  return (isNewer && chain.headerAtHeight(shown.height)) || blockNamed("final", chain);
}

/** @throws ApiError 409 for a block that is on another branch, or (Proof of Authority) not final */
export function blockProofAnswer(record: HeaderRecord, chain: Chain): BlockProofAnswer {
  const { height } = record.header;
  if (!chain.isCanonical(record)) {
    throw new ApiError(
      409,
      "proof/not-canonical",
      `block ${record.hashHex} is not on the chain: another branch has outweighed it`,
      `ask for the block of its height: GET /v1/blocks/${height}/proof`,
    );
  }
  if (!chain.engine.authority) return provenBlock(record, undefined, chain);
  const proof = finalityProofOf(height, lightSourceOf(chain));
  if (proof === "not-final") {
    throw new ApiError(
      409,
      "proof/not-final",
      `block ${height} is not shown to be final by certificates`,
      "ask again once it is final: GET /v1/blocks/final says up to which height blocks are",
    );
  }
  if (proof === "too-long") {
    throw new ApiError(
      409,
      "proof/too-long",
      `the next final block above ${height} is more than ${finalityHeadersMax} blocks away`,
      "replay the blocks instead: GET /v1/blocks/{height}/raw",
    );
  }
  return provenBlock(record, proof, chain);
}

/** @param proof none in Proof of Work, where the reader judges the header by its work */
function provenBlock(
  { header, hashHex, seal }: HeaderRecord,
  proof: FinalityProof | undefined,
  chain: Chain,
): BlockProofAnswer {
  return {
    consensus: chain.engine.name,
    height: header.height,
    hash: hashHex,
    header: toHex(HeaderType.serialize(header)),
    nonce: toHex(seal.nonce),
    head: headReference(chain),
    link: proof?.link.map((block) => toHex(AttestedBlockType.serialize(block))) ?? [],
    headers: proof?.headers.slice(1).map((above) => toHex(HeaderType.serialize(above))) ?? [],
    final: proof !== undefined,
  };
}

export function transactionProofAnswer(
  { block, position }: LocatedTransaction,
  chain: Chain,
): TransactionProofAnswer {
  const record = chain.headerOf(block.hash);
  const transaction = block.transactions[position];
  if (!record || !transaction) throw new Error("a committed transaction stands in a stored block");
  const proof = transactionProofOf(block, position);
  const proven = blockProofAnswer(record, chain);
  return {
    id: transaction.idHex,
    bytes: toHex(proof.bytes),
    position,
    siblings: proof.siblings.map(toHex),
    block: proven,
    head: proven.head,
    final: proven.final,
  };
}

/** @param assetIdHex the holding that is to be proven, too */
export function accountProofAnswer(
  publicKey: Uint8Array,
  assetIdHex: string | undefined,
  chain: Chain,
): AccountProofAnswer {
  const newest = newestProvable(chain);
  const ledger = newest && provingLedger(newest.record.header.height, chain);
  if (!newest || !ledger) {
    throw new ApiError(
      409,
      "proof/not-final",
      `none of the last ${ledgerDepthMax} blocks below the head is shown to be final by certificates`,
      "ask again once blocks are final: GET /v1/consensus says what finality waits for",
    );
  }
  const accountHex = toHex(publicKey);
  const items = accountProofsOf(ledger, accountHex, assetIdHex).map(
    ({ bytes, siblings, ...proof }): EntryProofItem => {
      return { ...proof, bytes: toHex(bytes), siblings: siblings.map(toHex) };
    },
  );
  if (items.length === 0) {
    throw new ApiError(
      404,
      "account/not-found",
      `the ledger has no entry of ${addressOf(publicKey)} after block ${newest.record.header.height}`,
      "nothing can prove that an account is not there; GET /v1/accounts/{account} says what this node sees",
    );
  }
  const block = provenBlock(newest.record, newest.proof, chain);
  return {
    address: addressOf(publicKey),
    publicKey: accountHex,
    items,
    block,
    head: block.head,
    final: block.final,
  };
}

interface KeptLedger {
  readonly head: HeaderRecord;
  readonly height: number;
  readonly ledger: LedgerDraft | undefined;
}

/** The last ledger that was asked for, until the head moves: undoing blocks anew for each caller could keep a node busy. */
const keptLedgers = new WeakMap<Chain, KeptLedger>();

function provingLedger(height: number, chain: Chain): LedgerDraft | undefined {
  const { head } = chain;
  const kept = keptLedgers.get(chain);
  if (kept?.head === head && kept.height === height) return kept.ledger;
  const ledger = chain.ledgerAt(height);
  keptLedgers.set(chain, { head, height, ledger });
  return ledger;
}

interface ProvableBlock {
  readonly record: HeaderRecord;
  /** None in Proof of Work. */
  readonly proof: FinalityProof | undefined;
}

/** The newest block whose ledger can be proven: the head in Proof of Work, else one that certificates show to be final. */
function newestProvable(chain: Chain): ProvableBlock | undefined {
  const { head } = chain;
  if (!chain.engine.authority) return { record: head, proof: undefined };
  const source = lightSourceOf(chain);
  const highest = newestShownFinal(source)?.height ?? 0;
  const lowest = Math.max(0, head.header.height - ledgerDepthMax);
  for (let height = highest; height >= lowest; height -= 1) {
    const record = source.recordAt(height);
    const proof = record && finalityProofOf(height, source);
    if (proof && typeof proof !== "string") return { record, proof };
  }
  return undefined;
}
