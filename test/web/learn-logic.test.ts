/** What the lessons compute: edited copies of real blocks, the search for a nonce, votes, and what is kept. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fromUtf8, toHex } from "../../src/base/bytes.ts";
import { HeaderType, headerRoot } from "../../src/protocol/block.ts";
import { easiestTargetOf } from "../../src/protocol/genesis.ts";
import { sha256 } from "../../src/protocol/hashing.ts";
import {
  agreeingCopies,
  type EditableBlock,
  editableBlock,
  firstDifference,
  hashOf,
  judgeChain,
  noteOf,
  readyToMine,
  withNonce,
  withNote,
} from "../../src/web/learn/editable-chain.ts";
import { flippedBits, isOneLetterApart, markedDigits } from "../../src/web/learn/flipped-bits.ts";
import { keepProgress, lessonAfter, lessons, readProgress } from "../../src/web/learn/lessons.ts";
import { expectedAttempts, leadingZeros, searchNonces } from "../../src/web/learn/nonce-search.ts";
import { judgeVotes, placeOf, throwawayVotes } from "../../src/web/learn/throwaway-votes.ts";
import { wordFor, words } from "../../src/web/learn/words.ts";
import { BlockBuilder, type BuiltBlock, testSpec } from "../chain/block-builder.ts";
import { AuthorityChain } from "../consensus/authority-chain.ts";

function copyOf({ block }: BuiltBlock): EditableBlock {
  const made = editableBlock({
    bytes: toHex(HeaderType.serialize(block.header)),
    nonce: toHex(block.seal.nonce),
    sealSignature: toHex(block.seal.signature),
    hash: block.hashHex,
  });
  assert.ok(made.ok);
  return made.value;
}

function minedChain(length: number): EditableBlock[] {
  const builder = new BlockBuilder(testSpec("pow"));
  return [builder.genesis, ...builder.branch(builder.genesis, length)].map(copyOf);
}

const easy = easiestTargetOf(1);

function minedAgain(block: EditableBlock, parent: EditableBlock | undefined): EditableBlock {
  const ready = readyToMine(block, parent, easy);
  const found = searchNonces({ headerRoot: headerRoot(ready.header), target: easy }, 0, 10_000);
  assert.ok(found);
  return withNonce(ready, found.nonce);
}

describe("copies of real blocks", () => {
  it("are as sound as the chain that they were taken from, for both engines", () => {
    const authorities = new AuthorityChain(3);
    const sealed = authorities.grow(authorities.genesis, 3).map(copyOf);
    for (const chain of [minedChain(4), sealed]) {
      for (const judgement of judgeChain(chain)) {
        assert.deepEqual([judgement.flaws, judgement.isBroken, judgement.isChanged], [[], false, false]);
      }
    }
  });

  it("break with the first edited block, and all above it with them", () => {
    const chain = minedChain(5);
    chain[2] = withNote(chain[2]!, "mine!");
    const judged = judgeChain(chain);
    assert.deepEqual(
      judged.map(({ isBroken }) => isBroken),
      [false, false, true, true, true, true],
    );
    assert.deepEqual(judged[3]!.flaws, ["parent"]);
    assert.deepEqual(judged[4]!.flaws, []);
    assert.ok(judged[2]!.isChanged && !judged[3]!.isChanged);
  });

  it("are sound again once each of them is mined again, and then are another chain", () => {
    const chain = minedChain(4);
    chain[2] = withNote(chain[2]!, "mine!");
    for (let height = 2; height <= 4; height += 1) {
      assert.ok(judgeChain(chain)[height]!.isBroken);
      chain[height] = minedAgain(chain[height]!, chain[height - 1]);
      assert.ok(!judgeChain(chain)[height]!.isBroken);
    }
    assert.deepEqual(
      judgeChain(chain).map(({ isChanged }) => isChanged),
      [false, false, true, true, true],
    );
  });

  it("of an authority cannot be mended without its key", () => {
    const authorities = new AuthorityChain(3);
    const [first, ...others] = authorities.grow(authorities.genesis, 2).map(copyOf) as [EditableBlock];
    const edited = withNote(first, "x");
    assert.deepEqual(judgeChain([edited, ...others])[0]!.flaws, ["signature"]);
  });

  it("take notes of 32 bytes, and never half a character", () => {
    const [block] = minedChain(1) as [EditableBlock];
    assert.equal(noteOf(withNote(block, "ü".repeat(20))), "ü".repeat(16));
    assert.equal(noteOf(withNote(block, `${"a".repeat(31)}ü`)), "a".repeat(31));
    assert.equal(noteOf(withNote(block, "")), "");
    assert.notDeepEqual(hashOf(withNote(block, "a")), hashOf(withNote(block, "b")));
  });

  it("are not made of bytes that are no header", () => {
    const bad = editableBlock({ bytes: "00", nonce: "", sealSignature: "", hash: "" });
    assert.ok(!bad.ok);
  });

  it("are compared with those of others", () => {
    const truth = minedChain(3);
    const changed = truth.with(2, withNote(truth[2]!, "mine!"));
    changed[2] = minedAgain(changed[2]!, changed[1]);
    changed[3] = minedAgain(changed[3]!, changed[2]);
    assert.equal(firstDifference([truth, changed, truth]), 2);
    assert.equal(firstDifference([truth, truth]), undefined);
    assert.deepEqual(agreeingCopies([truth, changed, truth]), [2, 1, 2]);
    const inTheMiddle = truth.with(1, withNote(truth[1]!, "x"));
    assert.deepEqual(agreeingCopies([truth, inTheMiddle, truth]), [2, 1, 2]);
  });
});

describe("the search for a nonce", () => {
  it("finds what meets the target, in batches as in one go", () => {
    const [, block] = minedChain(1);
    const search = { headerRoot: headerRoot(block!.header), target: easiestTargetOf(2) };
    const found = searchNonces(search, 0, 100_000);
    assert.ok(found && leadingZeros(toHex(found.hash)) >= 2);
    assert.equal(searchNonces(search, 0, found.attempts - 1), undefined);
    assert.deepEqual(searchNonces(search, found.attempts - 1, 1), found);
    const sealed = withNonce({ ...block!, header: { ...block!.header } }, found.nonce);
    assert.deepEqual(hashOf(sealed), found.hash);
  });

  it("says how many tries a difficulty takes", () => {
    assert.equal(expectedAttempts(easiestTargetOf(1)), 16);
    assert.equal(expectedAttempts(easiestTargetOf(4)), 65_536);
    assert.deepEqual([leadingZeros("00ab"), leadingZeros("ab"), leadingZeros("0000")], [2, 0, 4]);
  });
});

describe("two hashes", () => {
  it("are compared bit by bit and digit by digit", () => {
    assert.equal(flippedBits(Uint8Array.of(0, 255), Uint8Array.of(1, 0)), 9);
    const bits = flippedBits(sha256(fromUtf8("aurex")), sha256(fromUtf8("Aurex")));
    assert.ok(bits > 80 && bits < 176, `${bits}`);
    assert.deepEqual(
      markedDigits("ab", "ac").map(({ differs }) => differs),
      [false, true],
    );
  });

  it("are of texts that one letter parts, or more", () => {
    for (const [a, b, isOne] of [
      ["house", "mouse", true],
      ["house", "houses", true],
      ["houses", "house", true],
      ["aab", "ab", true],
      ["", "a", true],
      ["house", "house", false],
      ["house", "moose", false],
      ["house", "houseses", false],
      ["😀a", "😁a", true],
    ] as const) {
      assert.equal(isOneLetterApart(a, b), isOne, `${a} ${b}`);
    }
  });
});

describe("votes that a learner takes away", () => {
  const target = { height: 9, hash: new Uint8Array(32).fill(9) };
  const source = { height: 8, hash: new Uint8Array(32).fill(8) };
  const chainId = new Uint8Array(32).fill(7);
  let seeds = 0;
  const randomBytes = (length: number) => sha256(Uint8Array.of(++seeds)).subarray(0, length);

  it("are enough as long as two thirds are left", () => {
    for (const [count, silentMax] of [
      [1, 0],
      [2, 0],
      [3, 1],
      [4, 1],
      [7, 2],
    ] as const) {
      const block = throwawayVotes(chainId, { source, target }, count, randomBytes);
      const dropped = new Set<number>();
      for (let place = 0; place < count; place += 1) {
        const verdict = judgeVotes(block, dropped);
        assert.equal(verdict.silentMax, silentMax);
        assert.equal(verdict.votes, count - place);
        assert.equal(verdict.problem === undefined, place <= silentMax, `${count}, ${place} dropped`);
        dropped.add(place);
      }
      assert.match(judgeVotes(block, dropped).problem!, /^0 signers, needed are/);
    }
  });

  it("do not count if their signature is another's", () => {
    const block = throwawayVotes(chainId, { source, target }, 3, randomBytes);
    const [first, second, third] = block.votes;
    const swapped = [
      { ...first!, signature: second!.signature },
      { ...second!, signature: first!.signature },
      third!,
    ];
    assert.match(judgeVotes({ ...block, votes: swapped }, new Set()).problem!, /does not hold/);
    assert.equal(placeOf(block, third!.voter), 2);
  });
});

describe("the path", () => {
  it("leads from lesson to lesson, and each has its words", () => {
    assert.deepEqual(
      lessons.map(({ name }) => name),
      ["hash", "block", "chain", "distributed", "signatures", "finality"],
    );
    assert.equal(lessonAfter("hash")?.name, "block");
    assert.equal(lessonAfter("finality"), undefined);
    const names = words.map(({ word }) => word);
    assert.deepEqual(names, [...names].sort());
    assert.equal(new Set(names).size, names.length);
    for (const { name } of lessons) {
      assert.ok(
        words.some((word) => wordFor(word.word).lesson === name),
        name,
      );
    }
  });

  it("remembers what was done, and works where nothing can be kept", () => {
    const kept = new Map<string, string>();
    const store = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
      removeItem: (key: string) => void kept.delete(key),
    };
    keepProgress(store, new Set(["hash", "chain"]));
    assert.deepEqual([...readProgress(store)], ["hash", "chain"]);
    for (const [key] of kept) {
      for (const damaged of ["{", "7", '["nonsense", 3]', "null"]) {
        kept.set(key, damaged);
        assert.equal(readProgress(store).size, 0, damaged);
      }
    }
    keepProgress(store, new Set());
    assert.equal(kept.size, 0);
    const forbidden = {
      getItem: () => assert.fail("forbidden"),
      setItem: () => assert.fail("forbidden"),
      removeItem: () => assert.fail("forbidden"),
    };
    for (const none of [undefined, forbidden]) {
      keepProgress(none, new Set(["hash"]));
      assert.equal(readProgress(none).size, 0);
    }
  });
});
