/** Verifies a proof from the chain id on, without a network and without a ledger. */
import { bytesEqual, fromHex, toHex } from "../../base/bytes.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import { entryKey } from "../../ledger/entry.ts";
import { decodeEntry } from "../../ledger/entry-codec.ts";
import { type AttestedBlock, AttestedBlockType, authorityHeaderHash } from "../../light/attested-block.ts";
import { type AuthorityLight, beginAuthorityLight, followStep } from "../../light/authority-light.ts";
import { verifyEntry } from "../../light/entry-proof.ts";
import { verifyFinality } from "../../light/finality-proof.ts";
import type { LightFault } from "../../light/light-fault.ts";
import { decodeLightStep } from "../../light/light-step.ts";
import { verifyTransaction } from "../../light/transaction-proof.ts";
import {
  beginWorkLight,
  followHeaders,
  heightOf,
  type MinedHeader,
  MinedHeaderType,
  minedHash,
} from "../../light/work-light.ts";
import { type Header, HeaderType } from "../../protocol/block.ts";
import { decode } from "../../protocol/codec.ts";
import { type ChainSpec, decodeGenesis } from "../../protocol/genesis.ts";
import { sha256 } from "../../protocol/hashing.ts";
import { addressOf } from "../../protocol/identity.ts";
import { verifySignature } from "../../protocol/signing.ts";
import type { DecodedTransaction } from "../../protocol/transaction.ts";
import { minedHeaderBytes, type ProofClaim, type ProofDocument, type ProofItem } from "./proof-document.ts";

export interface VerifyProofOptions {
  /** From somewhere the reader trusts; without it the proof holds for the chain that it names itself. */
  readonly chainId?: Uint8Array | undefined;
  /** Blocks that operators declared final (trust recovery), if the reader believes them. */
  readonly trusted?: readonly Uint8Array[];
  readonly nowMs: number;
}

/** What holds if the chain id is the right one. */
export interface ProvenFact {
  readonly spec: ChainSpec;
  readonly header: Header;
  readonly hash: string;
  readonly claim: ProofClaim;
  /** The transaction, if that is what was proven. */
  readonly transaction: DecodedTransaction | undefined;
  /** Proof of Authority: final by certificates. Proof of Work: by how many blocks and how much work. */
  readonly finality:
    | { readonly consensus: "poa"; readonly sets: number; readonly certificates: number }
    | {
        readonly consensus: "pow";
        readonly confirmations: number;
        /** Hashes that it takes on average to make the blocks from this one up. */
        readonly workAbove: bigint;
        readonly work: bigint;
      };
  /** Whether the chain id was given by the reader, and not by the proof alone. */
  readonly isChainGiven: boolean;
}

/** @returns what the proof shows, or why it shows nothing, for people */
export function verifyProof(proof: ProofDocument, options: VerifyProofOptions): Result<ProvenFact, string> {
  try {
    return ok(provenBy(proof, options));
  } catch (thrown) {
    if (thrown instanceof DoesNotHold) return fail(thrown.message);
    throw thrown;
  }
}

/** What a proof shows under its header, whether or not that header is one of the chain. */
export function claimOf(proof: ProofDocument): Result<ProofClaim, string> {
  try {
    const header = headerIn(proof.block.header);
    return ok((proof.transaction ? transactionBy(proof, header) : accountBy(proof, header)).claim);
  } catch (thrown) {
    if (thrown instanceof DoesNotHold) return fail(thrown.message);
    throw thrown;
  }
}

/** Hashes of blocks that operators declared final without a quorum: the proof holds for whoever trusts them in that. */
export function recoveriesIn({ finality }: ProofDocument): Uint8Array[] {
  return (finality?.steps ?? []).flatMap((hex) => {
    const step = decodeLightStep(bytesIn(hex));
    return step.ok ? step.value.recovery.map(({ header }) => authorityHeaderHash(header)) : [];
  });
}

class DoesNotHold extends Error {}

function held<Value>(result: Result<Value, LightFault>): Value {
  if (result.ok) return result.value;
  throw new DoesNotHold(result.fault.reason);
}

function provenBy(proof: ProofDocument, options: VerifyProofOptions): ProvenFact {
  const spec = specIn(proof, options.chainId);
  const header = headerIn(proof.block.header);
  const nonce = bytesIn(proof.block.nonce);
  const hash = minedHash({ header, nonce });
  if (toHex(hash) !== proof.block.hash || header.height !== proof.block.height) {
    throw new DoesNotHold(
      `the header is that of block ${header.height}, ${toHex(hash)}, and not the block that the proof names`,
    );
  }
  const finality =
    spec.consensus === "poa"
      ? finalBy(proof, header, nonce, spec, options)
      : workBy(proof, { header, nonce }, spec, options);
  const shown = proof.transaction ? transactionBy(proof, header) : accountBy(proof, header);
  // What people read has to be what was proven, to the letter.
  if (canonical(shown.claim) !== canonical(proof.claim)) {
    throw new DoesNotHold("what the proof claims is not what it proves");
  }
  return {
    spec,
    header,
    hash: toHex(hash),
    ...shown,
    finality,
    isChainGiven: options.chainId !== undefined,
  };
}

function specIn(
  { genesis, chainId, name, consensus }: ProofDocument,
  wanted: Uint8Array | undefined,
): ChainSpec {
  const bytes = bytesIn(genesis);
  const found = sha256(bytes);
  if (toHex(found) !== chainId) throw new DoesNotHold(`its chain spec is that of the chain ${toHex(found)}`);
  if (wanted && !bytesEqual(found, wanted)) {
    throw new DoesNotHold(`it is of the chain ${chainId}, and not of ${toHex(wanted)}`);
  }
  const spec = decodeGenesis(bytes);
  if (!spec.ok) throw new DoesNotHold(`its chain spec is none: ${spec.fault.reason}`);
  if (spec.value.name !== name || spec.value.consensus !== consensus) {
    throw new DoesNotHold(`its chain is ${spec.value.name} (${spec.value.consensus})`);
  }
  return spec.value;
}

function finalBy(
  { finality }: ProofDocument,
  header: Header,
  nonce: Uint8Array,
  spec: ChainSpec,
  { trusted = [] }: VerifyProofOptions,
): ProvenFact["finality"] {
  if (!finality) throw new DoesNotHold("it does not show that its block is final");
  if (nonce.some((byte) => byte !== 0)) throw new DoesNotHold("a block of authorities has a zero nonce");
  const modules = { spec, verify: verifySignature, trusted };
  let light: AuthorityLight = beginAuthorityLight(spec);
  for (const step of finality.steps) {
    light = held(followStep(light, held(decodeLightStep(bytesIn(step))), modules));
  }
  const link = finality.link.map(attestedIn);
  const headers = [header, ...finality.headers.map(headerIn)];
  held(verifyFinality(light, { link, headers }, modules));
  return { consensus: "poa", sets: light.sets.length, certificates: link.length };
}

function workBy(
  { work }: ProofDocument,
  mined: MinedHeader,
  spec: ChainSpec,
  { nowMs }: VerifyProofOptions,
): ProvenFact["finality"] {
  if (!work) throw new DoesNotHold("it has no headers with work");
  const headers = minedHeadersIn(work.headers);
  const light = held(followHeaders(beginWorkLight(spec), headers, { spec, nowMs }));
  const height = held(heightOf(light, mined));
  const total = light.points.at(-1)?.work ?? 0n;
  const below = height === 0 ? 0n : (light.points[height - 1]?.work ?? 0n);
  return {
    consensus: "pow",
    confirmations: light.points.length - height,
    workAbove: total - below,
    work: total,
  };
}

function transactionBy({ transaction }: ProofDocument, header: Header) {
  if (!transaction) throw new DoesNotHold("it has no transaction");
  const { bytes, position, siblings } = transaction;
  const proven = held(
    verifyTransaction(header, { bytes: bytesIn(bytes), position, siblings: siblings.map(bytesIn) }),
  );
  const claim: ProofClaim = { kind: "transaction", id: proven.decoded.idHex, position: proven.position };
  return { claim, transaction: proven.decoded };
}

function accountBy({ items = [] }: ProofDocument, header: Header) {
  const entries = items.map((item) => entryBy(item, header));
  const owners = new Set(entries.map(({ account }) => account));
  const [owner] = owners;
  if (owner === undefined) throw new DoesNotHold("it shows no entry of an account");
  if (owners.size > 1) throw new DoesNotHold("its entries are those of several accounts");
  const keys = new Set(entries.map(entryKey));
  if (keys.size !== entries.length) throw new DoesNotHold("it shows one entry twice");
  const account = entries.find((entry) => entry.type === "account");
  const user = entries.find((entry) => entry.type === "user");
  const key = fromHex(owner, 32);
  if (!key) throw new DoesNotHold("its account has no key");
  const claim: ProofClaim = {
    kind: "account",
    address: addressOf(key),
    balanceUnits: account?.type === "account" ? account.balance.toString() : null,
    sequence: account?.type === "account" ? account.sequence : null,
    name: user?.type === "user" ? user.name : null,
    assets: entries.flatMap((entry) =>
      entry.type === "assetBalance"
        ? [{ assetId: entry.assetId, balanceUnits: entry.balance.toString() }]
        : [],
    ),
  };
  return { claim, transaction: undefined };
}

function entryBy({ kind, bytes: hex, index, leafCount, siblings }: ProofItem, header: Header) {
  const bytes = bytesIn(hex);
  const said = decodeEntry(bytes);
  if (!said.ok) throw new DoesNotHold("an entry of the ledger does not decode");
  const proof = { bytes, index, leafCount, siblings: siblings.map(bytesIn) };
  const entry = held(verifyEntry(header, proof, entryKey(said.value)));
  if (
    entry.type !== kind ||
    (entry.type !== "account" && entry.type !== "user" && entry.type !== "assetBalance")
  ) {
    throw new DoesNotHold(`an entry is no ${kind} entry`);
  }
  return entry;
}

/** Header and nonce of each block from 1 up. */
export function minedHeadersIn(base64: string): MinedHeader[] {
  const bytes = new Uint8Array(Buffer.from(base64, "base64"));
  if (bytes.length % minedHeaderBytes !== 0 || Buffer.from(bytes).toString("base64") !== base64) {
    throw new DoesNotHold("its headers are cut");
  }
  return Array.from({ length: bytes.length / minedHeaderBytes }, (_, index) => {
    const part = bytes.subarray(index * minedHeaderBytes, (index + 1) * minedHeaderBytes);
    const decoded = decode(MinedHeaderType, part, "mined header");
    if (!decoded.ok) throw new DoesNotHold(`header ${index + 1} is none: ${decoded.fault.reason}`);
    return decoded.value;
  });
}

function headerIn(hex: string): Header {
  const decoded = decode(HeaderType, bytesIn(hex), "header");
  if (decoded.ok) return decoded.value;
  throw new DoesNotHold(`a header is none: ${decoded.fault.reason}`);
}

function attestedIn(hex: string): AttestedBlock {
  const decoded = decode(AttestedBlockType, bytesIn(hex), "attested block");
  if (decoded.ok) return decoded.value;
  throw new DoesNotHold(`an attested block is none: ${decoded.fault.reason}`);
}

function bytesIn(hex: string): Uint8Array {
  const bytes = fromHex(hex);
  if (bytes) return bytes;
  throw new DoesNotHold("a part of it is no hex");
}

/** With the keys in one order, at every depth. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
