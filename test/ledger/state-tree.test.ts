/** The flat state tree against SSZ's own list, over any mix of sets, appends, truncations and commits. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteVectorType, ListCompositeType } from "@chainsafe/ssz";
import fc from "fast-check";
import { concatBytes } from "../../src/base/bytes.ts";
import { type StateProof, StateTree, type TreeDraft, verifyProof } from "../../src/ledger/state-tree.ts";
import { zeroHashes } from "../../src/protocol/merkle.ts";

const oracle = new ListCompositeType(new ByteVectorType(32), 2 ** 32);
const leafArbitrary = fc.uint8Array({ minLength: 32, maxLength: 32 });

function treeOf(leaves: readonly Uint8Array[]): StateTree {
  const tree = new StateTree();
  const draft = tree.draft();
  for (const [index, leaf] of leaves.entries()) draft.setLeaf(index, leaf);
  tree.commit(draft);
  return tree;
}

function numberedLeaf(number: number): Uint8Array {
  const leaf = new Uint8Array(32);
  new DataView(leaf.buffer).setUint32(0, number + 1);
  return leaf;
}

type Step =
  | { readonly kind: "set"; readonly position: number; readonly leaf: Uint8Array }
  | { readonly kind: "append"; readonly leaves: readonly Uint8Array[] }
  | { readonly kind: "truncate"; readonly position: number }
  | { readonly kind: "root" }
  | { readonly kind: "commit" };

const position = fc.nat({ max: 2 ** 20 });
const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("set" as const), position, leaf: leafArbitrary }),
  fc.record({ kind: fc.constant("append" as const), leaves: fc.array(leafArbitrary, { maxLength: 9 }) }),
  fc.record({ kind: fc.constant("truncate" as const), position }),
  fc.record({ kind: fc.constant("root" as const) }),
  fc.record({ kind: fc.constant("commit" as const) }),
);

function applyStep(step: Step, draft: TreeDraft, model: Uint8Array[]): void {
  switch (step.kind) {
    case "set": {
      if (model.length === 0) return;
      const index = step.position % model.length;
      draft.setLeaf(index, step.leaf);
      model[index] = step.leaf;
      return;
    }
    case "append":
      for (const leaf of step.leaves) {
        draft.setLeaf(model.length, leaf);
        model.push(leaf);
      }
      return;
    case "truncate":
      model.length = step.position % (model.length + 1);
      draft.truncate(model.length);
      return;
    case "root":
      assert.deepEqual(draft.root(), oracle.hashTreeRoot(model));
  }
}

test("the root equals SSZ's for every length from 0 to 70", () => {
  for (let count = 0; count <= 70; count += 1) {
    const leaves = Array.from({ length: count }, (_, index) => numberedLeaf(index));
    const root = oracle.hashTreeRoot(leaves);
    assert.deepEqual(treeOf(leaves).root(), root, `${count} leaves`);
    const tree = StateTree.fromLeaves(concatBytes(leaves));
    assert.deepEqual(tree.root(), root, `${count} leaves at once`);
    const draft = tree.draft();
    draft.setLeaf(count, numberedLeaf(count));
    tree.commit(draft);
    assert.deepEqual(tree.root(), oracle.hashTreeRoot([...leaves, numberedLeaf(count)]), `${count} and one`);
  }
});

test("the root equals SSZ's after any steps, and a draft never touches its base", () => {
  fc.assert(
    fc.property(
      fc.array(leafArbitrary, { maxLength: 40 }),
      fc.array(stepArbitrary, { maxLength: 25 }),
      (leaves, steps) => {
        const tree = treeOf(leaves);
        let committed = [...leaves];
        let model = [...leaves];
        let draft = tree.draft();
        for (const step of steps) {
          if (step.kind === "commit") {
            tree.commit(draft);
            committed = [...model];
            draft = tree.draft();
            model = [...committed];
          } else {
            applyStep(step, draft, model);
          }
          assert.deepEqual(tree.root(), oracle.hashTreeRoot(committed));
        }
        assert.deepEqual(draft.root(), oracle.hashTreeRoot(model));
        tree.commit(draft);
        assert.deepEqual(tree.root(), oracle.hashTreeRoot(model));
      },
    ),
    { numRuns: 300 },
  );
});

test("a large tree stays right where changes are far apart and the depth changes", () => {
  const leaves = Array.from({ length: 5000 }, (_, index) => numberedLeaf(index));
  const tree = treeOf(leaves);
  const draft = tree.draft();
  for (const index of [0, 1, 2047, 2048, 4095, 4096, 4999]) {
    leaves[index] = numberedLeaf(100_000 + index);
    draft.setLeaf(index, leaves[index] as Uint8Array);
  }
  assert.deepEqual(draft.root(), oracle.hashTreeRoot(leaves));
  for (const count of [4097, 4096, 4095, 1]) {
    draft.truncate(count);
    leaves.length = count;
    assert.deepEqual(draft.root(), oracle.hashTreeRoot(leaves), `cut to ${count}`);
  }
  while (leaves.length < 9000) {
    draft.setLeaf(leaves.length, numberedLeaf(leaves.length));
    leaves.push(numberedLeaf(leaves.length));
  }
  tree.commit(draft);
  assert.deepEqual(tree.root(), oracle.hashTreeRoot(leaves));
});

test("every leaf's proof leads to the root, and no altered proof does", () => {
  fc.assert(
    fc.property(
      fc.array(leafArbitrary, { minLength: 1, maxLength: 40 }),
      fc.nat(),
      fc.nat({ max: 31 }),
      (leaves, pick, level) => {
        const tree = treeOf(leaves);
        const root = tree.root();
        const index = pick % leaves.length;
        const proof = tree.proof(index);
        assert.deepEqual(proof.leaf, leaves[index]);
        assert.equal(verifyProof(root, proof), true);
        const flipped = (proof.siblings[level] as Uint8Array).map((byte, at) => (at === 7 ? byte ^ 1 : byte));
        const altered: StateProof[] = [
          { ...proof, leaf: proof.leaf.map((byte, at) => (at === 31 ? byte ^ 0x80 : byte)) },
          { ...proof, leafCount: proof.leafCount + 1 },
          { ...proof, index: proof.leafCount },
          { ...proof, index: -1 },
          { ...proof, index: index + 0.5 },
          { ...proof, siblings: proof.siblings.slice(1) },
          { ...proof, siblings: [...proof.siblings, zeroHashes[32] as Uint8Array] },
          { ...proof, siblings: proof.siblings.map((sibling, at) => (at === level ? flipped : sibling)) },
          { ...proof, siblings: proof.siblings.map((sibling) => sibling.subarray(1)) },
          { ...proof, leaf: proof.leaf.subarray(1) },
        ];
        for (const [at, wrong] of altered.entries())
          assert.equal(verifyProof(root, wrong), false, `alteration ${at}`);
      },
    ),
    { numRuns: 60 },
  );
});

test("a draft gives proofs of what it holds, beyond its base", () => {
  const tree = treeOf([numberedLeaf(0), numberedLeaf(1), numberedLeaf(2)]);
  const draft = tree.draft();
  draft.setLeaf(3, numberedLeaf(30));
  draft.setLeaf(4, numberedLeaf(40));
  assert.equal(verifyProof(draft.root(), draft.proof(4)), true);
  assert.equal(verifyProof(tree.root(), draft.proof(4)), false);
  assert.throws(() => draft.proof(5), { name: "InvariantError" });
});

test("a draft ends when its base moves on; gaps and wrong leaves are refused", () => {
  const tree = treeOf([numberedLeaf(0)]);
  const [first, second] = [tree.draft(), tree.draft()];
  first.setLeaf(1, numberedLeaf(1));
  tree.commit(first);
  for (const draft of [first, second]) {
    assert.throws(() => draft.setLeaf(0, numberedLeaf(9)), { name: "InvariantError" });
    assert.throws(() => draft.truncate(0), { name: "InvariantError" });
    assert.throws(() => draft.root(), { name: "InvariantError" });
    assert.throws(() => tree.commit(draft), { name: "InvariantError" });
  }
  const draft = tree.draft();
  assert.throws(() => draft.setLeaf(3, numberedLeaf(3)), { name: "InvariantError" });
  assert.throws(() => draft.setLeaf(0, new Uint8Array(31)), { name: "InvariantError" });
  assert.throws(() => draft.truncate(3), { name: "InvariantError" });
  assert.throws(() => treeOf([]).commit(draft), { name: "InvariantError" });
});
