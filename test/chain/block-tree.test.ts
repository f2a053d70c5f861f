/** The tree of blocks against plain walks over every block there ever was, while most of them are in the store alone. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { BlockTree } from "../../src/chain/block-tree.ts";
import { compareHeads } from "../../src/consensus/engine.ts";
import type { HeaderRecord } from "../../src/protocol/block.ts";
import type { Checkpoint } from "../../src/protocol/checkpoint.ts";
import { sha256 } from "../../src/protocol/hashing.ts";
import type { SideBlock } from "../../src/store/chain-store.ts";
import { BlockBuilder, testSpec } from "./block-builder.ts";

const some = new BlockBuilder(testSpec("pow")).genesis.record;
/** So few that most blocks have to be read from the store. */
const limits = { lineMax: 4, sideMax: 4 };

function recordOn(
  parent: HeaderRecord | undefined,
  number: number,
  { weight, justifiedHeight }: { readonly weight: number; readonly justifiedHeight: number },
): HeaderRecord {
  const hash = sha256(Buffer.from(`block ${number}`));
  return {
    ...some,
    hash,
    hashHex: Buffer.from(hash).toString("hex"),
    header: {
      ...some.header,
      height: parent ? parent.header.height + 1 : 0,
      parentHash: parent?.hash ?? new Uint8Array(32),
    },
    cumulativeWeight: (parent?.cumulativeWeight ?? 0n) + BigInt(weight),
    justifiedHeight,
  };
}

/** All that a store keeps, walked from parent to parent. */
class EveryBlock {
  readonly records = new Map<string, HeaderRecord>();
  line: HeaderRecord[];
  final: Checkpoint | undefined;

  constructor(genesis: HeaderRecord, hasFinality: boolean) {
    this.records.set(genesis.hashHex, genesis);
    this.line = [genesis];
    this.final = hasFinality ? { height: 0, hash: genesis.hash } : undefined;
  }

  get head(): HeaderRecord {
    return this.line.at(-1)!;
  }

  headerRecord(hash: Uint8Array): HeaderRecord | undefined {
    return this.records.get(Buffer.from(hash).toString("hex"));
  }

  hashAtHeight(height: number): Uint8Array | undefined {
    return this.line[height]?.hash;
  }

  sideBlocks(): SideBlock[] {
    return [...this.records.values()]
      .filter((record) => !this.line.includes(record))
      .map(({ hash, header: { height, parentHash } }) => ({ hash, height, parentHash }))
      .sort((a, b) => b.height - a.height);
  }

  /** Highest first, down to block 0. */
  chainOf(tip: HeaderRecord): HeaderRecord[] {
    const chain: HeaderRecord[] = [];
    for (let at: HeaderRecord | undefined = tip; at; at = this.headerRecord(at.header.parentHash))
      chain.push(at);
    return chain;
  }

  isOn(tip: HeaderRecord, { height, hash }: Checkpoint): boolean {
    const found = this.chainOf(tip).find(({ header }) => header.height === height);
    return found !== undefined && Buffer.from(found.hash).equals(hash);
  }

  /** Stored, but judged before a block below it was declared final: it certifies less than that block does. */
  isUnknown(record: HeaderRecord): boolean {
    if (!this.final || record.header.height <= this.final.height || !this.isOn(record, this.final))
      return false;
    return record.justifiedHeight < this.headerRecord(this.final.hash)!.justifiedHeight;
  }

  known(): HeaderRecord[] {
    return [...this.records.values()].filter((record) => !this.isUnknown(record));
  }

  put(record: HeaderRecord): void {
    this.records.set(record.hashHex, record);
  }

  moveHead(record: HeaderRecord): void {
    this.line = this.chainOf(record).reverse();
  }
}

type Deed =
  /** A block on one of the known ones, by chance a certified one's child. */
  | { readonly kind: "grow"; readonly on: number; readonly weight: number; readonly certifies: boolean }
  | { readonly kind: "finalize"; readonly depth: number }
  | { readonly kind: "reopen" }
  /** Operators declare a canonical block final; the chain is taken back to it while it is opened. */
  | { readonly kind: "recover"; readonly depth: number };

const deed = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant("grow" as const),
      on: fc.nat({ max: 1_000 }),
      weight: fc.integer({ min: 1, max: 9 }),
      certifies: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("finalize" as const), depth: fc.nat({ max: 6 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("reopen" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("recover" as const), depth: fc.nat({ max: 4 }) }) },
);

class Run {
  readonly every: EveryBlock;
  tree: BlockTree;
  #count = 0;

  constructor(hasFinality: boolean) {
    this.every = new EveryBlock(recordOn(undefined, 0, { weight: 0, justifiedHeight: 0 }), hasFinality);
    this.tree = this.#open();
  }

  do(one: Deed): void {
    if (one.kind === "grow") this.#grow(one);
    else if (one.kind === "reopen") this.tree = this.#open();
    else if (one.kind === "finalize") this.#finalize(one.depth);
    else this.#recover(one.depth);
  }

  #open(): BlockTree {
    const { every } = this;
    return new BlockTree(every, { head: every.head, final: every.final, limits });
  }

  #grow({ on, weight, certifies }: Deed & { kind: "grow" }): void {
    const { every, tree } = this;
    const known = every.known();
    // The newer half is the likelier: long branches, and new ones from far below, too.
    const from = on % 3 === 0 ? known : known.slice(-Math.ceil(known.length / 2));
    const parent = from[on % from.length]!;
    if (every.final && !every.isOn(parent, every.final)) return;
    const justifiedHeight = every.final && certifies ? parent.header.height : parent.justifiedHeight;
    const record = this.#unknownOn(parent, justifiedHeight) ?? this.#newOn(parent, weight, justifiedHeight);
    every.put(record);
    if (compareHeads(record, every.head) >= 0) {
      tree.add(record);
      return;
    }
    const path = tree.path(every.head, record);
    every.moveHead(record);
    tree.moveHead(path);
  }

  /** A block that is stored and unknown comes again, and is judged on its parent as it is now. */
  #unknownOn(parent: HeaderRecord, justifiedHeight: number): HeaderRecord | undefined {
    const { every } = this;
    const unknown = [...every.records.values()].find(
      (record) => every.isUnknown(record) && Buffer.from(record.header.parentHash).equals(parent.hash),
    );
    return unknown && { ...unknown, justifiedHeight };
  }

  #newOn(parent: HeaderRecord, weight: number, justifiedHeight: number): HeaderRecord {
    this.#count += 1;
    return recordOn(parent, this.#count, { weight, justifiedHeight });
  }

  #finalize(depth: number): void {
    const { every, tree } = this;
    if (!every.final) return;
    const { header, hash } = every.line.at(-1 - depth) ?? every.head;
    if (header.height <= every.final.height) return;
    every.final = { height: header.height, hash };
    tree.prune(every.final);
  }

  #recover(depth: number): void {
    const { every } = this;
    const trusted = every.line.at(-1 - depth);
    if (!every.final || !trusted || trusted.header.height <= every.final.height) return;
    const { height } = trusted.header;
    // As the chain refuses it: a block above certifies the trusted one, or a higher one, already.
    if (every.head.justifiedHeight >= height) return;
    every.put({ ...trusted, justifiedHeight: height });
    every.moveHead(every.headerRecord(trusted.hash)!);
    every.final = { height, hash: trusted.hash };
    this.tree = this.#open();
  }

  check(): void {
    const { every, tree } = this;
    const { lineMax, sideMax } = limits;
    assert.ok(tree.size <= lineMax + sideMax, `${tree.size} blocks in memory`);
    const { final } = every;
    const standing = every.known().filter((record) => !final || every.isOn(record, final));
    assert.ok(tree.size <= standing.length, "what contradicts the final block is not kept in memory");
    for (const record of every.records.values()) {
      assert.equal(tree.get(record.hash), every.isUnknown(record) ? undefined : record);
      assert.equal(tree.isCanonical(record), every.line.includes(record));
    }
    for (const [height, record] of every.line.entries()) assert.equal(tree.canonicalAt(height), record);
    assert.equal(tree.canonicalAt(every.line.length), undefined);
    assert.equal(tree.canonicalAt(-1), undefined);
    for (const tip of every.known()) this.#checkWalks(tip);
  }

  #checkWalks(tip: HeaderRecord): void {
    const { every, tree } = this;
    const chain = every.chainOf(tip);
    for (const ancestor of chain) {
      assert.equal(tree.ancestorAt(tip, ancestor.header.height), ancestor);
    }
    assert.equal(tree.ancestorAt(tip, tip.header.height + 1), undefined);
    for (const { header, hash } of every.records.values()) {
      const other = { height: header.height, hash };
      assert.equal(tree.isDescendant(tip, other), every.isOn(tip, other));
    }
    const ours = every.chainOf(every.head);
    assert.deepEqual(tree.path(every.head, tip), {
      disconnect: ours.filter((record) => !chain.includes(record)),
      connect: chain.filter((record) => !ours.includes(record)).reverse(),
    });
  }
}

describe("the tree of blocks", () => {
  for (const hasFinality of [false, true]) {
    it(`answers as plain walks do, ${hasFinality ? "with" : "without"} finality, whatever is in memory`, () => {
      fc.assert(
        fc.property(fc.array(deed, { minLength: 5, maxLength: 40 }), (deeds) => {
          const run = new Run(hasFinality);
          for (const one of deeds) {
            run.do(one);
            run.check();
          }
        }),
        { numRuns: 60 },
      );
    });
  }

  it("keeps what it holds in memory when a flood of side blocks comes, and forgets the lightest of those first", () => {
    const genesis = recordOn(undefined, 0, { weight: 0, justifiedHeight: 0 });
    const every = new EveryBlock(genesis, false);
    const tree = new BlockTree(every, {
      head: genesis,
      final: undefined,
      limits: { lineMax: 8, sideMax: 8 },
    });
    let head = genesis;
    for (let number = 1; number <= 8; number += 1) {
      const next = recordOn(head, number, { weight: 100, justifiedHeight: 0 });
      every.put(next);
      every.moveHead(next);
      tree.moveHead(tree.path(head, next));
      head = next;
    }
    const rival = recordOn(every.line[6], 1_000, { weight: 99, justifiedHeight: 0 });
    every.put(rival);
    tree.add(rival);
    for (let number = 2_000; number < 2_500; number += 1) {
      const cheap = recordOn(genesis, number, { weight: 1, justifiedHeight: 0 });
      every.put(cheap);
      tree.add(cheap);
      assert.ok(tree.size <= 16);
    }
    // What is in memory is answered without the store.
    every.records.clear();
    assert.equal(tree.get(rival.hash), rival);
    assert.equal(tree.get(head.hash), head);
    assert.equal(tree.ancestorAt(rival, 2)?.header.height, 2);
  });
});
