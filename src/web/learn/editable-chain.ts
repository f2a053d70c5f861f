/** Copies of real blocks that a learner edits in the page, judged by the rules that every node judges blocks by. */
import type { BlockHeaderAnswer } from "../../api/blocks.ts";
import { compareBytes, concatBytes, fromHex, fromUtf8, toHex, toUtf8 } from "../../base/bytes.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import { blockHash, type Header, HeaderType, headerRoot, type Seal } from "../../protocol/block.ts";
import { decode } from "../../protocol/codec.ts";
import { sealDomain } from "../../protocol/hashing.ts";
import { verifySignature } from "../../protocol/signing.ts";

/** One copy of a block's header and seal. */
export interface EditableBlock {
  readonly header: Header;
  readonly seal: Seal;
  /** The block's hash on the chain, before anything was edited. */
  readonly trueHash: string;
}

/** "parent": it names another parent. "work": its hash is above its target. "signature": its authority did not sign this hash. */
export type Flaw = "parent" | "work" | "signature";

/** What a node would say of one copy. */
export interface Judgement {
  readonly hash: string;
  /** Its hash is not the one that stands on the chain. */
  readonly isChanged: boolean;
  readonly flaws: readonly Flaw[];
  /** It has a flaw, or a block below it has one. */
  readonly isBroken: boolean;
}

/** Bytes of a block's note. */
export const noteBytesMax = 32;

/** The copy that the answer of `GET /v1/blocks/{reference}/header` makes, or why its bytes make none. */
export function editableBlock({
  bytes,
  nonce,
  sealSignature,
  hash,
}: HeaderFields): Result<EditableBlock, string> {
  const header = decode(HeaderType, fromHex(bytes) ?? new Uint8Array(), "header");
  if (!header.ok) return fail(header.fault.reason);
  const seal = { nonce: fromHex(nonce, 32), signature: fromHex(sealSignature) };
  if (!seal.nonce || !seal.signature) return fail("its seal is not hex");
  return ok({ header: header.value, seal: { nonce: seal.nonce, signature: seal.signature }, trueHash: hash });
}
type HeaderFields = Pick<BlockHeaderAnswer, "bytes" | "nonce" | "sealSignature" | "hash">;

/** The hash of a copy as it is now. */
export function hashOf({ header, seal }: EditableBlock): Uint8Array {
  return blockHash(headerRoot(header), seal.nonce);
}

export function isMined({ header }: EditableBlock): boolean {
  return header.target.some((byte) => byte !== 0);
}

/** The note in a block, without the zeros behind it; hex where it is no text. */
export function noteOf({ header }: EditableBlock): string {
  const end = header.extraData.findLastIndex((byte) => byte !== 0) + 1;
  const note = header.extraData.subarray(0, end);
  return toUtf8(note) ?? toHex(note);
}

/** The copy with another note; what does not fit into {@link noteBytesMax} bytes is left out, never half a character. */
export function withNote(block: EditableBlock, note: string): EditableBlock {
  let fitting = "";
  for (const character of note) {
    if (fromUtf8(fitting + character).length > noteBytesMax) break;
    fitting += character;
  }
  const extraData = new Uint8Array(noteBytesMax);
  extraData.set(fromUtf8(fitting));
  return { ...block, header: { ...block.header, extraData } };
}

/** The copy as it has to be before it is mined again: it names its parent's present hash and a target for this browser. */
export function readyToMine(
  block: EditableBlock,
  parent: EditableBlock | undefined,
  target: Uint8Array,
): EditableBlock {
  const parentHash = parent ? hashOf(parent) : block.header.parentHash;
  return { ...block, header: { ...block.header, parentHash, target } };
}

/** The copy with a nonce that was found for it. */
export function withNonce(block: EditableBlock, nonce: Uint8Array): EditableBlock {
  return { ...block, seal: { nonce, signature: new Uint8Array(0) } };
}

/** Judges copies that stand on each other, lowest first. The lowest one's parent is not among them, so it is believed. */
export function judgeChain(blocks: readonly EditableBlock[]): Judgement[] {
  const judgements: Judgement[] = [];
  for (const [index, block] of blocks.entries()) {
    const hash = hashOf(block);
    const below = judgements[index - 1];
    const flaws = [...parentFlaws(block, below), ...sealFlaws(block, hash)];
    judgements.push({
      hash: toHex(hash),
      isChanged: toHex(hash) !== block.trueHash,
      flaws,
      isBroken: flaws.length > 0 || below?.isBroken === true,
    });
  }
  return judgements;
}

function parentFlaws({ header }: EditableBlock, below: Judgement | undefined): Flaw[] {
  return below && toHex(header.parentHash) !== below.hash ? ["parent"] : [];
}

function sealFlaws(block: EditableBlock, hash: Uint8Array): Flaw[] {
  const { header, seal } = block;
  // Nobody seals the genesis block: its hash follows from the chain id.
  if (header.height === 0) return toHex(hash) === block.trueHash ? [] : ["parent"];
  if (isMined(block)) return compareBytes(hash, header.target) <= 0 ? [] : ["work"];
  const isSigned = verifySignature(concatBytes([sealDomain, hash]), seal.signature, header.producer);
  return isSigned ? [] : ["signature"];
}

/** The first height at which copies of one chain differ, lowest first in each; undefined if they agree. */
export function firstDifference(copies: readonly (readonly EditableBlock[])[]): number | undefined {
  const [first = [], ...others] = copies;
  return first.find((block) => {
    const hash = toHex(hashOf(block));
    return others.some((copy) => {
      const other = copy.find(({ header }) => header.height === block.header.height);
      return other !== undefined && toHex(hashOf(other)) !== hash;
    });
  })?.header.height;
}

/** For each copy, how many copies have the same blocks as it has, itself included. */
export function agreeingCopies(copies: readonly (readonly EditableBlock[])[]): number[] {
  const all = copies.map((copy) => copy.map((block) => toHex(hashOf(block))).join());
  return all.map((own) => all.filter((other) => other === own).length);
}
