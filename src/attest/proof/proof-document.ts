/** A proof as a file: self-contained JSON that leads from the chain id to one transaction, or to what one account has. */
import { fromHex, fromUtf8, toHex } from "../../base/bytes.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import type { ConsensusName } from "../../protocol/genesis.ts";

export const proofFormat = "aurex-proof/1";
/** Bytes of one header and its nonce in a proof of work. */
export const minedHeaderBytes = 341;
/** Headers that a proof of work may have: the file has 227 MB then. */
export const proofHeadersMax = 500_000;
/** What a proof file may have: more is not read. */
export const proofBytesMax = 256 * 1024 * 1024;
/** Holdings of assets that one proof shows. */
export const proofItemsMax = 1_002;

/** What the proof proves, for people. Whoever verifies works it out again and compares. */
export type ProofClaim =
  | {
      readonly kind: "transaction";
      readonly id: string;
      readonly position: number;
    }
  | {
      readonly kind: "account";
      readonly address: string;
      /** Base units of AUR; null if the proof does not show the account itself. */
      readonly balanceUnits: string | null;
      readonly sequence: number | null;
      readonly name: string | null;
      readonly assets: readonly { readonly assetId: string; readonly balanceUnits: string }[];
    };

export interface ProofItem {
  readonly kind: "account" | "user" | "assetBalance";
  /** Hex of the entry, section 4 of the protocol. */
  readonly bytes: string;
  readonly index: number;
  readonly leafCount: number;
  readonly siblings: readonly string[];
}

export interface ProofDocument {
  readonly format: typeof proofFormat;
  /** Hex; the SHA-256 of `genesis`. */
  readonly chainId: string;
  readonly name: string;
  readonly consensus: ConsensusName;
  /** Hex of the chain spec's SSZ. */
  readonly genesis: string;
  readonly claim: ProofClaim;
  readonly block: {
    readonly height: number;
    readonly hash: string;
    /** Hex of the header's SSZ. */
    readonly header: string;
    readonly nonce: string;
  };
  /** Exactly one of both is there. */
  readonly transaction?: {
    readonly bytes: string;
    readonly position: number;
    readonly siblings: readonly string[];
  };
  readonly items?: readonly ProofItem[];
  /** Proof of Authority: light steps, then a link of attested blocks, then the headers above the block up to a final one. */
  readonly finality?: {
    readonly steps: readonly string[];
    readonly link: readonly string[];
    readonly headers: readonly string[];
  };
  /** Proof of Work: header and nonce of each block from 1 up, 341 bytes each, as base64. */
  readonly work?: { readonly headers: string };
}

export function encodeProof(proof: ProofDocument): string {
  return `${JSON.stringify(proof, null, 1)}\n`;
}

/** Strict in form; nothing of it is verified. The fault is for people. */
export function readProof(text: string): Result<ProofDocument, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return fail("it is no JSON");
  }
  try {
    return ok(proofIn(value));
  } catch (thrown) {
    if (thrown instanceof NoProof) return fail(thrown.message);
    throw thrown;
  }
}

class NoProof extends Error {}

function proofIn(value: unknown): ProofDocument {
  const json = objectIn(value, "the file");
  if (json.format !== proofFormat) throw new NoProof(`its format is not ${proofFormat}`);
  const { consensus } = json;
  if (consensus !== "pow" && consensus !== "poa") throw new NoProof("consensus is not pow or poa");
  const block = objectIn(json.block, "block");
  const isTransaction = json.transaction !== undefined;
  if (isTransaction === (json.items !== undefined)) {
    throw new NoProof("it has to prove a transaction or entries, and not both");
  }
  return {
    format: proofFormat,
    chainId: hexIn(json.chainId, "chainId", 32),
    name: textIn(json.name, "name"),
    consensus,
    genesis: hexIn(json.genesis, "genesis"),
    claim: claimIn(json.claim),
    block: {
      height: countIn(block.height, "block.height"),
      hash: hexIn(block.hash, "block.hash", 32),
      header: hexIn(block.header, "block.header"),
      nonce: hexIn(block.nonce, "block.nonce", 32),
    },
    ...(isTransaction
      ? { transaction: transactionIn(json.transaction) }
      : { items: listIn(json.items, "items", proofItemsMax).map(itemIn) }),
    ...(consensus === "poa" ? { finality: finalityIn(json.finality) } : { work: workIn(json.work) }),
  };
}

/** The claim is compared with what the proof shows, so that its form is all that matters here. */
function claimIn(value: unknown): ProofClaim {
  const claim = objectIn(value, "claim");
  if (claim.kind !== "transaction" && claim.kind !== "account") {
    throw new NoProof("claim.kind is not transaction or account");
  }
  return claim as unknown as ProofClaim;
}

function transactionIn(value: unknown): NonNullable<ProofDocument["transaction"]> {
  const transaction = objectIn(value, "transaction");
  return {
    bytes: hexIn(transaction.bytes, "transaction.bytes"),
    position: countIn(transaction.position, "transaction.position"),
    siblings: hashesIn(transaction.siblings, "transaction.siblings"),
  };
}

function itemIn(value: unknown): ProofItem {
  const item = objectIn(value, "items");
  const { kind } = item;
  if (kind !== "account" && kind !== "user" && kind !== "assetBalance") {
    throw new NoProof("items: kind is not account, user or assetBalance");
  }
  return {
    kind,
    bytes: hexIn(item.bytes, "items: bytes"),
    index: countIn(item.index, "items: index"),
    leafCount: countIn(item.leafCount, "items: leafCount"),
    siblings: hashesIn(item.siblings, "items: siblings"),
  };
}

function finalityIn(value: unknown): NonNullable<ProofDocument["finality"]> {
  const finality = objectIn(value, "finality");
  const listOf = (name: string, most: number) =>
    listIn(finality[name], `finality.${name}`, most).map((item) => hexIn(item, `finality.${name}`));
  return { steps: listOf("steps", 100_000), link: listOf("link", 64), headers: listOf("headers", 2_048) };
}

function workIn(value: unknown): NonNullable<ProofDocument["work"]> {
  const { headers } = objectIn(value, "work");
  const bytesMax = proofHeadersMax * minedHeaderBytes;
  if (typeof headers !== "string" || headers.length > Math.ceil(bytesMax / 3) * 4) {
    throw new NoProof("work.headers is no base64 of a length that is read");
  }
  return { headers };
}

function hashesIn(value: unknown, what: string): string[] {
  return listIn(value, what, 64).map((item) => hexIn(item, what, 32));
}

function objectIn(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw new NoProof(`${what} is no object`);
}

function listIn(value: unknown, what: string, most: number): readonly unknown[] {
  if (Array.isArray(value) && value.length <= most) return value;
  throw new NoProof(`${what} is no list of at most ${most}`);
}

function hexIn(value: unknown, what: string, bytes?: number): string {
  if (typeof value === "string" && /^[0-9a-f]*$/.test(value) && fromHex(value, bytes)) return value;
  throw new NoProof(`${what} is no lower-case hex${bytes === undefined ? "" : ` of ${bytes} bytes`}`);
}

function countIn(value: unknown, what: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new NoProof(`${what} is no whole number`);
}

function textIn(value: unknown, what: string): string {
  if (typeof value === "string" && fromUtf8(value).length <= 64) return value;
  throw new NoProof(`${what} is no short text`);
}

/** An entry's proof as it stands in a document. */
export function proofItemOf(
  kind: ProofItem["kind"],
  {
    bytes,
    index,
    leafCount,
    siblings,
  }: {
    readonly bytes: Uint8Array;
    readonly index: number;
    readonly leafCount: number;
    readonly siblings: readonly Uint8Array[];
  },
): ProofItem {
  return { kind, bytes: toHex(bytes), index, leafCount, siblings: siblings.map(toHex) };
}
