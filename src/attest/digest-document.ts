/** The digest of a ledger as a document: what a chain in a file comes to at one height, signed by a node if it is asked for. */
import { setImmediate as turn } from "node:timers/promises";
import { LedgerContentError, type LedgerDigest, ledgerDigests } from "../audit/ledger-digest.ts";
import { concatBytes, fromHex, fromUtf8, toHex } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { visibleText } from "../base/visible-text.ts";
import { blockHash, HeaderType, headerRoot } from "../protocol/block.ts";
import { decode } from "../protocol/codec.ts";
import type { ConsensusName } from "../protocol/genesis.ts";
import { sha256 } from "../protocol/hashing.ts";
import { nodeIdOf } from "../protocol/identity.ts";
import { type KeyPair, sign, verifySignature } from "../protocol/signing.ts";
import { AttestError } from "./attest-error.ts";
import type { LedgerBlocks, LedgerChain } from "./ledger-blocks.ts";
import { stopped } from "./stopped.ts";

export const digestFormat = "aurex-ledger-digest/1";
/** More than any digest document has. */
export const digestBytesMax = 64 * 1024;
const signatureDomain = fromUtf8("aurex/ledger-digest/1");

export interface DigestDocument {
  readonly format: typeof digestFormat;
  /** Hex, as all hashes here. */
  readonly chainId: string;
  readonly name: string;
  readonly consensus: ConsensusName;
  /** Of block 0. */
  readonly genesisHash: string;
  /** The block up to which the digest goes. */
  readonly head: { readonly height: number; readonly hash: string };
  /** The newest final block up to the head, as the ledger says; null if it says of none. */
  readonly final: { readonly height: number; readonly hash: string } | null;
  /** After the head. */
  readonly stateRoot: string;
  /** Of all rows that follow from the chain, up to the head. */
  readonly contentDigest: string;
  readonly signature?: {
    readonly publicKey: string;
    readonly nodeId: string;
    /** Over "aurex/ledger-digest/1" ‖ SHA256 of the other fields as JSON with sorted keys and without blanks. */
    readonly signature: string;
  };
}

export interface DigestModules {
  readonly onProgress?:
    | ((progress: { readonly height: number; readonly headHeight: number }) => void)
    | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * @param at the height up to which it goes; by default the last block in the file
 * @throws AttestError if the file has no such block, or no rows that a digest could be made of
 */
export async function digestOfLedger(
  ledger: LedgerBlocks,
  chain: LedgerChain,
  at: number | undefined,
  { onProgress, signal }: DigestModules = {},
): Promise<DigestDocument> {
  const headHeight = at ?? chain.cursorHeight;
  const last = await lastDigest(ledger, chain, headHeight, { onProgress, signal });
  const header = headerAt(ledger, chain, headHeight, last.hash);
  const { final, spec } = chain;
  return {
    format: digestFormat,
    chainId: chain.chainId,
    name: spec.name,
    consensus: spec.consensus,
    genesisHash: last.genesisHash,
    head: { height: headHeight, hash: last.hash },
    final:
      final === undefined
        ? null
        : final.height < headHeight
          ? final
          : { height: headHeight, hash: last.hash },
    stateRoot: toHex(header.stateRoot),
    contentDigest: toHex(last.digest),
  };
}

async function lastDigest(
  ledger: LedgerBlocks,
  chain: LedgerChain,
  headHeight: number,
  { onProgress, signal }: DigestModules,
): Promise<LedgerDigest & { readonly genesisHash: string }> {
  let turnAt = performance.now() + 50;
  let genesisHash = "";
  try {
    for (const entry of ledgerDigests(ledger.reader.db, chain.chainId)) {
      if (entry.height === 0) genesisHash = entry.hash;
      if (entry.height === headHeight) return { ...entry, genesisHash };
      if (performance.now() < turnAt) continue;
      onProgress?.({ height: entry.height, headHeight });
      await turn();
      if (signal?.aborted) throw stopped();
      turnAt = performance.now() + 50;
    }
  } catch (thrown) {
    if (!(thrown instanceof LedgerContentError)) throw thrown;
    throw new AttestError("attest/not-a-ledger", visibleText(thrown.message), thrown.next, { cause: thrown });
  }
  throw new AttestError(
    "attest/not-found",
    `the ledger has no block ${headHeight} of the chain ${chain.spec.name}`,
    `it ends with block ${chain.cursorHeight}: name a block up to there`,
  );
}

/** The header that the block's hash is the hash of: the state root is that of a block, and not that of a column. */
function headerAt({ reader, file }: LedgerBlocks, { chainId }: LedgerChain, height: number, hash: string) {
  const row = reader.first("blocks", {
    columns: ["header_bytes", "nonce_bytes"],
    where: `chain_id = ? AND "index" = ?`,
    parameters: [chainId, height],
  });
  const { header_bytes: bytes, nonce_bytes: nonce } = row ?? {};
  const decoded = bytes instanceof Uint8Array ? decode(HeaderType, bytes, "header") : undefined;
  if (decoded?.ok && nonce instanceof Uint8Array) {
    const found = toHex(blockHash(headerRoot(decoded.value), nonce));
    if (found === hash) return decoded.value;
  }
  throw new AttestError(
    "attest/does-not-follow",
    `block ${height} of ${file} has another hash than its bytes`,
    `aurex-node audit '${file}' says what is wrong with the ledger`,
  );
}

/** Signs a digest with a node's key. */
export function signDigest(document: DigestDocument, keyPair: KeyPair): DigestDocument {
  const signature = toHex(sign(messageOf(document), keyPair));
  const { publicKey } = keyPair;
  return {
    ...document,
    signature: { publicKey: toHex(publicKey), nodeId: nodeIdOf(publicKey), signature },
  };
}

/** Whether the signature in the document holds for the node that it names; undefined if there is none. */
export function isSignatureValid(document: DigestDocument): boolean | undefined {
  if (!document.signature) return undefined;
  const { publicKey, nodeId, signature } = document.signature;
  const key = fromHex(publicKey, 32);
  const bytes = fromHex(signature, 64);
  return (
    key !== undefined &&
    bytes !== undefined &&
    nodeIdOf(key) === nodeId &&
    verifySignature(messageOf(document), bytes, key)
  );
}

function messageOf({ signature: _, ...fields }: DigestDocument): Uint8Array {
  return concatBytes([signatureDomain, sha256(fromUtf8(canonicalJson(fields)))]);
}

/** JSON without blanks, the keys of each object in the order of their characters. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === "object" && part !== null
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** One way in which a ledger differs from a digest that was made before. */
export interface DigestDifference {
  readonly what: "block" | "hash" | "stateRoot" | "contentDigest" | "chain" | "final" | "signature";
  readonly expected: string;
  readonly found: string;
  /** One sentence for an auditor. */
  readonly meaning: string;
}

/** @param found of the same ledger, or of a later one of the same chain, at the document's height */
export function differencesOf(document: DigestDocument, found: DigestDocument): DigestDifference[] {
  const pairs: readonly (readonly [DigestDifference["what"], string, string, string])[] = [
    ["chain", document.chainId, found.chainId, "the digest is of another chain"],
    ["chain", document.genesisHash, found.genesisHash, "the chain begins with another block"],
    ["hash", document.head.hash, found.head.hash, "the chain has another block at the digest's height"],
    ["stateRoot", document.stateRoot, found.stateRoot, "the block commits to other balances"],
    ["contentDigest", document.contentDigest, found.contentDigest, "rows up to that block were changed"],
  ];
  return pairs
    .filter(([, expected, is]) => expected !== is)
    .map(([what, expected, is, meaning]) => ({ what, expected, found: is, meaning }));
}

export function encodeDigest(document: DigestDocument): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** Strict in form, also in what fields there are; the fault is for people. */
export function readDigest(text: string): Result<DigestDocument, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return fail("it is no JSON");
  }
  const json = objectIn(value);
  if (json?.format !== digestFormat) return fail(`its format is not ${digestFormat}`);
  const head = checkpointIn(json.head);
  const final = json.final === null ? null : checkpointIn(json.final);
  const signature = json.signature === undefined ? undefined : signatureIn(json.signature);
  const { chainId, name, consensus, genesisHash, stateRoot, contentDigest } = json;
  const hashes = [chainId, genesisHash, stateRoot, contentDigest];
  if (
    !head ||
    final === undefined ||
    (json.signature !== undefined && !signature) ||
    !hashes.every(isHash) ||
    typeof name !== "string" ||
    !/^[a-z0-9][a-z0-9-]{0,63}$/.test(name) ||
    (consensus !== "pow" && consensus !== "poa")
  ) {
    return fail("a field of it is missing or of another form");
  }
  const strange = Object.keys(json).find((key) => !fieldNames.has(key));
  if (strange !== undefined) return fail(`it has a field ${visibleText(strange)}, which no digest has`);
  return ok({
    format: digestFormat,
    chainId: chainId as string,
    name,
    consensus,
    genesisHash: genesisHash as string,
    head,
    final,
    stateRoot: stateRoot as string,
    contentDigest: contentDigest as string,
    ...(signature ? { signature } : {}),
  });
}

const fieldNames: ReadonlySet<string> = new Set([
  ...["format", "chainId", "name", "consensus", "genesisHash", "head", "final", "stateRoot"],
  ...["contentDigest", "signature"],
]);

function checkpointIn(value: unknown): { height: number; hash: string } | undefined {
  const json = objectIn(value);
  if (!json || Object.keys(json).length !== 2) return undefined;
  const { height, hash } = json;
  if (typeof height !== "number" || !Number.isSafeInteger(height) || height < 0 || !isHash(hash)) {
    return undefined;
  }
  return { height, hash: hash as string };
}

function signatureIn(value: unknown): DigestDocument["signature"] {
  const json = objectIn(value);
  if (!json || Object.keys(json).length !== 3) return undefined;
  const { publicKey, nodeId, signature } = json;
  if (!isHash(publicKey) || typeof nodeId !== "string" || typeof signature !== "string") return undefined;
  if (!/^[0-9a-f]{128}$/.test(signature) || nodeId.length > 64) return undefined;
  return { publicKey: publicKey as string, nodeId, signature };
}

function objectIn(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}

function isHash(value: unknown): boolean {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}
