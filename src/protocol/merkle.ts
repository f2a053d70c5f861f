/** Merkle roots of flat byte arrays, a level at a time; equal to SSZ's `List[Bytes32, limit]`. */
import { bytesEqual } from "../base/bytes.ts";
import { invariant } from "../base/invariant.ts";
import { hashPairs } from "./crypto/native.ts";

export { hashPairs };

export const chunkBytes = 32;

/** `zeroHashes[d]` is the root of an all-zero tree of depth `d`. */
export const zeroHashes: readonly Uint8Array[] = makeZeroHashes(64);

function makeZeroHashes(depthMax: number): Uint8Array[] {
  const hashes: Uint8Array[] = [new Uint8Array(chunkBytes)];
  for (let depth = 1; depth <= depthMax; depth += 1) {
    const below = hashes[depth - 1] as Uint8Array;
    hashes.push(hashPair(below, below));
  }
  return hashes;
}

/** SHA256(left ‖ right) of two 32-byte nodes. */
export function hashPair(left: Uint8Array, right: Uint8Array): Uint8Array {
  const pair = new Uint8Array(2 * chunkBytes);
  pair.set(left, 0);
  pair.set(right, chunkBytes);
  const out = new Uint8Array(chunkBytes);
  hashPairs(pair, out);
  return out;
}

/** SSZ's mix_in_length: SHA256(root ‖ length as a little-endian uint256). */
export function mixInLength(root: Uint8Array, length: number): Uint8Array {
  const lengthChunk = new Uint8Array(chunkBytes);
  new DataView(lengthChunk.buffer).setBigUint64(0, BigInt(length), true);
  return hashPair(root, lengthChunk);
}

/** Carries the root of a tree of `depth` up to `toDepth`, with empty subtrees to its right. */
export function extendRoot(root: Uint8Array, depth: number, toDepth: number): Uint8Array {
  let extended = root;
  for (let level = depth; level < toDepth; level += 1) {
    extended = hashPair(extended, zeroHashes[level] as Uint8Array);
  }
  return extended;
}

/**
 * SSZ root of `List[Bytes32, 2^limitDepth]`.
 *
 * @param leaves the 32-byte leaves, one after the other; not changed
 */
export function listRoot(leaves: Uint8Array, limitDepth: number): Uint8Array {
  invariant(leaves.length % chunkBytes === 0, "leaves are 32 bytes each");
  const count = leaves.length / chunkBytes;
  invariant(count <= 2 ** limitDepth, "more leaves than the list's limit");
  let level = leaves;
  let depth = 0;
  while (level.length > chunkBytes) {
    let nodes = level.length / chunkBytes;
    if (nodes % 2 === 1) {
      const padded = new Uint8Array(level.length + chunkBytes);
      padded.set(level);
      padded.set(zeroHashes[depth] as Uint8Array, level.length);
      level = padded;
      nodes += 1;
    }
    const above = new Uint8Array((nodes / 2) * chunkBytes);
    hashPairs(level, above);
    level = above;
    depth += 1;
  }
  const root = count === 0 ? (zeroHashes[0] as Uint8Array) : level;
  return mixInLength(extendRoot(root, depth, limitDepth), count);
}

/** A leaf of a list with what it takes to recompute the list's root from it. */
export interface ListProof {
  readonly index: number;
  readonly leafCount: number;
  /** 32 bytes. */
  readonly leaf: Uint8Array;
  /** The other child of each node on the way up, from the leaf's sibling to the child of the list's root. */
  readonly siblings: readonly Uint8Array[];
}

/**
 * The proof that a leaf stands at `index` under {@link listRoot}.
 *
 * @param leaves the 32-byte leaves, one after the other; not changed
 */
export function listProof(leaves: Uint8Array, index: number, limitDepth: number): ListProof {
  const leafCount = leaves.length / chunkBytes;
  invariant(index >= 0 && index < leafCount, "a proof is for a leaf that exists");
  const siblings: Uint8Array[] = [];
  let level = leaves;
  for (let depth = 0; depth < limitDepth; depth += 1) {
    const zero = zeroHashes[depth] as Uint8Array;
    const position = Math.floor(index / 2 ** depth);
    const start = (position ^ 1) * chunkBytes;
    siblings.push(start < level.length ? level.slice(start, start + chunkBytes) : zero);
    const pairs = new Uint8Array(Math.ceil(level.length / chunkBytes / 2) * 2 * chunkBytes);
    pairs.set(level);
    if (pairs.length > level.length) pairs.set(zero, level.length);
    const above = new Uint8Array(pairs.length / 2);
    hashPairs(pairs, above);
    level = above;
  }
  return { index, leafCount, leaf: leaves.slice(index * chunkBytes, (index + 1) * chunkBytes), siblings };
}

/** Whether a proof leads to the root of a `List[Bytes32, 2^limitDepth]`. */
export function verifyListProof(root: Uint8Array, proof: ListProof, limitDepth: number): boolean {
  const { index, leafCount, siblings } = proof;
  if (!Number.isInteger(index) || index < 0 || index >= leafCount) return false;
  if (leafCount > 2 ** limitDepth || siblings.length !== limitDepth) return false;
  let node = proof.leaf;
  for (const [level, sibling] of siblings.entries()) {
    if (node.length !== chunkBytes || sibling.length !== chunkBytes) return false;
    const isLeft = Math.floor(index / 2 ** level) % 2 === 0;
    node = isLeft ? hashPair(node, sibling) : hashPair(sibling, node);
  }
  return bytesEqual(mixInLength(node, leafCount), root);
}
