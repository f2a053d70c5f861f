/** Reads proofs as the API answers them. Nobody has checked these answers: whatever is not as it should be is a fault. */
import type { Type } from "@chainsafe/ssz";
import { fromHex } from "../base/bytes.ts";
import { AttestedBlockType } from "../light/attested-block.ts";
import type { EntryProof } from "../light/entry-proof.ts";
import { type FinalityProof, finalityHeadersMax } from "../light/finality-proof.ts";
import { linkBlocksMax } from "../light/light-step.ts";
import type { TransactionProof } from "../light/transaction-proof.ts";
import type { MinedHeader } from "../light/work-light.ts";
import { type Header, HeaderType } from "../protocol/block.ts";
import { decode } from "../protocol/codec.ts";
import { signatureBytes } from "../protocol/signing.ts";
import { NotVerified } from "./verified.ts";

/** A block's proof of either engine. */
export interface BlockProof extends FinalityProof {
  readonly mined: MinedHeader;
}

export function readBlockProof(answer: unknown): BlockProof {
  const proof = objectOf(answer, "block proof");
  const header = headerOf(proof.header);
  return {
    mined: { header, nonce: hexOf(proof.nonce, "nonce", 32) },
    link: listOf(proof.link, "link", linkBlocksMax).map((bytes) =>
      sszOf(AttestedBlockType, hexOf(bytes, "attested block"), "attested block"),
    ),
    headers: [header, ...listOf(proof.headers, "headers", finalityHeadersMax).map(headerOf)],
  };
}

export function readTransactionProof(answer: unknown): TransactionProof & { readonly block: BlockProof } {
  const proof = objectOf(answer, "transaction proof");
  return {
    bytes: hexOf(proof.bytes, "transaction"),
    position: countOf(proof.position, "position"),
    siblings: siblingsOf(proof.siblings),
    block: readBlockProof(proof.block),
  };
}

export interface AccountProof {
  /** The key that the node says the account has; 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly block: BlockProof;
  /** By kind: account, user, assetBalance. */
  readonly items: ReadonlyMap<string, EntryProof>;
}

/** An account, a name and one holding. */
const entriesMax = 3;

export function readAccountProof(answer: unknown): AccountProof {
  const proof = objectOf(answer, "account proof");
  const items = listOf(proof.items, "items", entriesMax).map((one) => {
    const item = objectOf(one, "entry proof");
    const entry: EntryProof = {
      bytes: hexOf(item.bytes, "entry"),
      index: countOf(item.index, "index"),
      leafCount: countOf(item.leafCount, "leafCount"),
      siblings: siblingsOf(item.siblings),
    };
    return [String(item.kind), entry] as const;
  });
  return {
    publicKey: hexOf(proof.publicKey, "publicKey", 32),
    block: readBlockProof(proof.block),
    items: new Map(items),
  };
}

export interface LightPage {
  readonly items: readonly Uint8Array[];
  readonly next: number | undefined;
}

/** As many as a node gives a page. */
const pageItemsMax = 1_000;

export function readLightPage(answer: unknown): LightPage {
  const page = objectOf(answer, "light answer");
  const items = listOf(page.items, "items", pageItemsMax).map((one) =>
    hexOf(objectOf(one, "light item").bytes, "light item"),
  );
  return { items, next: page.next === null ? undefined : countOf(page.next, "next") };
}

export function readGenesisBytes(answer: unknown): Uint8Array {
  return hexOf(objectOf(answer, "genesis").bytes, "genesis");
}

/** Of the answer about a header. */
export function readSealSignature(answer: unknown): Uint8Array {
  return hexOf(objectOf(answer, "header").sealSignature, "seal's signature", signatureBytes);
}

/** The deepest tree of the protocol. */
const siblingsMax = 64;

function siblingsOf(value: unknown): Uint8Array[] {
  return listOf(value, "siblings", siblingsMax).map((sibling) => hexOf(sibling, "sibling", 32));
}

function headerOf(value: unknown): Header {
  return sszOf(HeaderType, hexOf(value, "header"), "header");
}

function sszOf<Value>(type: Type<Value>, bytes: Uint8Array, what: string): Value {
  const decoded = decode(type, bytes, what);
  if (decoded.ok) return decoded.value;
  throw malformed(what, decoded.fault.reason);
}

function objectOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw malformed(what, "it is no object");
}

function listOf(value: unknown, what: string, max: number): readonly unknown[] {
  if (!Array.isArray(value)) throw malformed(what, "it is no list");
  if (value.length > max) throw malformed(what, `it has ${value.length} items, at most ${max} are right`);
  return value;
}

function hexOf(value: unknown, what: string, length?: number): Uint8Array {
  const bytes = typeof value === "string" ? fromHex(value, length) : undefined;
  if (bytes) return bytes;
  throw malformed(what, length === undefined ? "it is no hex" : `it is not the hex of ${length} bytes`);
}

function countOf(value: unknown, what: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw malformed(what, "it is no whole number from 0");
}

function malformed(what: string, reason: string): NotVerified {
  return new NotVerified("light/malformed", `${what}: ${reason}`);
}
