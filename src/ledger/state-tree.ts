/**
 * The Merkle tree under the state root: `List[Bytes32, 2^32]` with flat levels, hashed a level at a time, and drafts
 * over it that compute roots without touching it.
 */
import { invariant } from "../base/invariant.ts";
import {
  chunkBytes,
  extendRoot,
  hashPairs,
  type ListProof,
  mixInLength,
  verifyListProof,
  zeroHashes,
} from "../protocol/merkle.ts";

/** Depth of the state's list: at most 2^32 entries. */
export const stateListDepth = 32;
/** Nodes are copied as 32-bit words, many times faster than as 32-byte slices. */
const nodeWords = chunkBytes / 4;
const zeroNodes = zeroHashes
  .slice(0, stateListDepth + 1)
  .map((hash) => new Uint32Array(new Uint8Array(hash).buffer));

/** That a leaf stands under a state root. */
export type StateProof = ListProof;

/** Nodes in a growing array, 8 words each. */
class NodeArray {
  #words: Uint32Array;

  constructor(nodes = 4) {
    this.#words = new Uint32Array(nodes * nodeWords);
  }

  get words(): Uint32Array {
    return this.#words;
  }

  reserve(nodes: number): void {
    if (nodes * nodeWords <= this.#words.length) return;
    const grown = new Uint32Array(Math.max(nodes * nodeWords, this.#words.length * 2));
    grown.set(this.#words);
    this.#words = grown;
  }
}

/** Width of a level: the nodes that have a leaf under them. */
function levelWidth(leafCount: number, level: number): number {
  return Math.ceil(leafCount / 2 ** level);
}

/** Levels above the leaves until one node is left. */
function treeDepth(leafCount: number): number {
  return leafCount <= 1 ? 0 : 32 - Math.clz32(leafCount - 1);
}

/** What base and draft share: reading nodes, the root and proofs. */
abstract class TreeReader {
  abstract get leafCount(): number;
  /** Copies the node at `index` of `level` into `target`; empty subtrees have their zero hash. */
  protected abstract copyNode(level: number, index: number, target: Uint32Array, targetWord: number): void;
  /** Brings every node up to date with the leaves. */
  protected abstract settle(): void;

  /** SSZ's hash tree root of the list of leaves. */
  root(): Uint8Array {
    this.settle();
    const depth = treeDepth(this.leafCount);
    return mixInLength(extendRoot(this.#node(depth, 0), depth, stateListDepth), this.leafCount);
  }

  /** The proof that a leaf stands at `index` under {@link root}. */
  proof(index: number): StateProof {
    invariant(index < this.leafCount, "a proof is for a leaf that exists");
    this.settle();
    const siblings: Uint8Array[] = [];
    for (let level = 0; level < stateListDepth; level += 1) {
      const position = Math.floor(index / 2 ** level);
      siblings.push(this.#node(level, position % 2 === 0 ? position + 1 : position - 1));
    }
    return { index, leafCount: this.leafCount, leaf: this.#node(0, index), siblings };
  }

  #node(level: number, index: number): Uint8Array {
    const words = new Uint32Array(nodeWords);
    this.copyNode(level, index, words, 0);
    return new Uint8Array(words.buffer);
  }
}

/** Whether a proof leads to a state root. */
export function verifyProof(root: Uint8Array, proof: StateProof): boolean {
  return verifyListProof(root, proof, stateListDepth);
}

/** The committed tree: every level a flat array. It changes only by committing a draft. */
export class StateTree extends TreeReader {
  readonly #levels: NodeArray[] = [new NodeArray()];
  #leafCount = 0;
  #version = 0;

  /** The tree of these 32-byte leaves, one after the other, hashed level by level. */
  static fromLeaves(leaves: Uint8Array): StateTree {
    const tree = new StateTree();
    tree.#leafCount = leaves.length / chunkBytes;
    let hashes = leaves;
    for (let level = 0; level <= treeDepth(tree.#leafCount); level += 1) {
      const width = levelWidth(tree.#leafCount, level);
      const pairs = Math.ceil(width / 2);
      // The node that makes the last pair whole lies beyond the level's width, where nobody reads it.
      const nodes = new NodeArray(pairs * 2);
      const bytes = new Uint8Array(nodes.words.buffer);
      bytes.set(hashes);
      if (width % 2 === 1) copyWords(zeroNodes[level] as Uint32Array, 0, nodes.words, width * nodeWords);
      tree.#levels[level] = nodes;
      hashes = new Uint8Array(pairs * chunkBytes);
      if (width > 1) hashPairs(bytes, hashes);
    }
    return tree;
  }

  override get leafCount(): number {
    return this.#leafCount;
  }

  /** Counts commits; a draft is of one version. */
  get version(): number {
    return this.#version;
  }

  draft(): TreeDraft {
    return new TreeDraft(this);
  }

  /** Takes over everything that a draft changed; every other draft of this version ends. */
  commit(draft: TreeDraft): void {
    invariant(draft.base === this, "a draft is committed to the tree it was made on");
    const leafCount = draft.leafCount;
    for (const [level, changed] of draft.settledLevels().entries()) {
      const width = levelWidth(leafCount, level);
      if (level > treeDepth(leafCount)) break;
      const nodes = this.#levels[level] ?? new NodeArray();
      this.#levels[level] = nodes;
      nodes.reserve(width);
      changed.copyInto(nodes.words, width);
    }
    this.#leafCount = leafCount;
    this.#version += 1;
  }

  override copyNode(level: number, index: number, target: Uint32Array, targetWord: number): void {
    const nodes = index < levelWidth(this.#leafCount, level) ? this.#levels[level] : undefined;
    if (nodes === undefined) copyWords(zeroNodes[level] as Uint32Array, 0, target, targetWord);
    else copyWords(nodes.words, index * nodeWords, target, targetWord);
  }

  protected override settle(): void {}
}

/** The nodes of one level that a draft changed, by index. */
class ChangedNodes {
  readonly #slots = new Map<number, number>();
  readonly #nodes = new NodeArray();

  set(index: number, source: Uint32Array, sourceWord: number): void {
    const slot = this.#slotOf(index);
    copyWords(source, sourceWord, this.#nodes.words, slot * nodeWords);
  }

  setBytes(index: number, node: Uint8Array): void {
    const slot = this.#slotOf(index);
    new Uint8Array(this.#nodes.words.buffer, slot * chunkBytes, chunkBytes).set(node);
  }

  #slotOf(index: number): number {
    const known = this.#slots.get(index);
    if (known !== undefined) return known;
    const slot = this.#slots.size;
    this.#slots.set(index, slot);
    this.#nodes.reserve(slot + 1);
    return slot;
  }

  /** Copies a changed node and returns true, or returns false where it did not change. */
  copy(index: number, target: Uint32Array, targetWord: number): boolean {
    const slot = this.#slots.get(index);
    if (slot === undefined) return false;
    copyWords(this.#nodes.words, slot * nodeWords, target, targetWord);
    return true;
  }

  /** Copies every changed node below `width` to its place in a whole level. */
  copyInto(target: Uint32Array, width: number): void {
    for (const [index, slot] of this.#slots) {
      if (index < width) copyWords(this.#nodes.words, slot * nodeWords, target, index * nodeWords);
    }
  }
}

/**
 * Tentative changes over a tree. Leaves are set, appended and truncated any number of times; `root()` hashes only what
 * changed since the last one. It ends, with an invariant, once its base has moved on.
 */
export class TreeDraft extends TreeReader {
  readonly base: StateTree;
  readonly #baseVersion: number;
  readonly #levels: ChangedNodes[] = [];
  readonly #unsettled = new Set<number>();
  #leafCount: number;

  constructor(base: StateTree) {
    super();
    this.base = base;
    this.#baseVersion = base.version;
    this.#leafCount = base.leafCount;
  }

  override get leafCount(): number {
    return this.#leafCount;
  }

  /** Sets the leaf at `index`; at `leafCount` it is appended. */
  setLeaf(index: number, leaf: Uint8Array): void {
    this.assertCurrent();
    invariant(index <= this.#leafCount && index < 2 ** stateListDepth, "leaves have no gaps");
    invariant(leaf.length === chunkBytes, "a leaf has 32 bytes");
    if (index === this.#leafCount) this.#leafCount += 1;
    this.#level(0).setBytes(index, leaf);
    this.#unsettled.add(index);
  }

  /** Drops all leaves from `leafCount` upward. */
  truncate(leafCount: number): void {
    this.assertCurrent();
    invariant(leafCount <= this.#leafCount, "truncating makes no leaves");
    if (leafCount === this.#leafCount) return;
    this.#leafCount = leafCount;
    // The nodes over the cut are those over the last leaf that stays; what lies beyond is outside of every level.
    if (leafCount > 0) this.#unsettled.add(leafCount - 1);
  }

  /** The changed nodes of each level, up to date. */
  settledLevels(): readonly ChangedNodes[] {
    this.settle();
    return this.#levels;
  }

  protected override copyNode(level: number, index: number, target: Uint32Array, targetWord: number): void {
    if (index >= levelWidth(this.#leafCount, level)) {
      copyWords(zeroNodes[level] as Uint32Array, 0, target, targetWord);
    } else if (!this.#levels[level]?.copy(index, target, targetWord)) {
      this.base.copyNode(level, index, target, targetWord);
    }
  }

  protected override settle(): void {
    this.assertCurrent();
    if (this.#unsettled.size === 0) return;
    const leaves = [...this.#unsettled].filter((index) => index < this.#leafCount);
    this.#unsettled.clear();
    let changed: Float64Array = Float64Array.from(leaves).sort();
    for (let level = 0; level < treeDepth(this.#leafCount); level += 1) {
      changed = this.#hashParents(level, changed);
    }
  }

  /** Hashes the parents of the changed nodes of a level in one call; returns the parents' indexes, ascending. */
  #hashParents(level: number, changed: Float64Array): Float64Array {
    const parents = new Float64Array(changed.length);
    let count = 0;
    for (const index of changed) {
      const parent = Math.floor(index / 2);
      if (count === 0 || parents[count - 1] !== parent) {
        parents[count] = parent;
        count += 1;
      }
    }
    const pairs = new Uint32Array(count * 2 * nodeWords);
    const hashes = new Uint32Array(count * nodeWords);
    for (let position = 0; position < count; position += 1) {
      const left = (parents[position] as number) * 2;
      this.copyNode(level, left, pairs, position * 2 * nodeWords);
      this.copyNode(level, left + 1, pairs, (position * 2 + 1) * nodeWords);
    }
    hashPairs(new Uint8Array(pairs.buffer), new Uint8Array(hashes.buffer));
    const above = this.#level(level + 1);
    for (let position = 0; position < count; position += 1) {
      above.set(parents[position] as number, hashes, position * nodeWords);
    }
    return parents.subarray(0, count);
  }

  #level(level: number): ChangedNodes {
    while (this.#levels.length <= level) this.#levels.push(new ChangedNodes());
    return this.#levels[level] as ChangedNodes;
  }

  /** Throws where the base has moved on. */
  assertCurrent(): void {
    invariant(this.#baseVersion === this.base.version, "a draft ends when its base moves on");
  }
}

function copyWords(source: Uint32Array, sourceWord: number, target: Uint32Array, targetWord: number): void {
  for (let word = 0; word < nodeWords; word += 1) {
    target[targetWord + word] = source[sourceWord + word] as number;
  }
}
