/** Each kind of record changed by hand in a closed store: none is believed, and a block's bytes can be put back. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { crc32 } from "node:zlib";
import { Level } from "level";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import type { Block } from "../../src/protocol/block.ts";
import type { DecodedTransaction } from "../../src/protocol/transaction.ts";
import { type ChainStore, StoreError } from "../../src/store/chain-store.ts";
import { openLevelStore } from "../../src/store/level-store.ts";
import {
  blockKey,
  entryKeyAt,
  headerKey,
  heightKey,
  invalidKey,
  sideKey,
  totalsKey,
  transactionKey,
  undoKey,
} from "../../src/store/store-keys.ts";
import { chainOf, emptyBatch, type FixtureBlock, moveBatch, testChainId } from "./chain-fixture.ts";

type Edit = (value: Buffer, key: Uint8Array) => Buffer | undefined;

/** One bit, and no checksum made anew. */
const flipped: Edit = (value) => {
  const at = value.length > 20 ? value.length - 10 : 0;
  value[at] = (value[at] as number) ^ 1;
  return value;
};
const removed: Edit = () => undefined;

async function written(context: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "aurex-tampered-"));
  context.after(() => rm(folder, { recursive: true }));
  const directory = join(folder, "chain");
  const line = chainOf(5);
  const [fork] = chainOf(1, line[1], { branch: 1 }) as [FixtureBlock];
  const store = await openAt(directory);
  await store.commit(moveBatch(line));
  await store.commit({ ...emptyBatch, blocks: [fork.stored], invalid: [new Uint8Array(32).fill(7)] });
  await store.close();
  return { directory, line, fork };
}

function openAt(directory: string, walkedBlocks = 128): Promise<ChainStore> {
  return openLevelStore(
    { directory, chainId: testChainId, walkedBlocks },
    { logger: silentLogger, clock: systemClock },
  );
}

async function edit(directory: string, key: Uint8Array, change: Edit): Promise<void> {
  const database = new Level<Uint8Array, Uint8Array>(directory, {
    keyEncoding: "view",
    valueEncoding: "view",
    createIfMissing: false,
    compression: false,
  } as object);
  await database.open();
  const value = change(Buffer.from((await database.get(key)) ?? []), key);
  if (value) await database.put(key, value);
  else await database.del(key);
  await database.close();
}

const isCorrupt = (thrown: unknown) => thrown instanceof StoreError && thrown.code === "store/corrupt";

describe("a store that somebody has changed by hand", () => {
  const second = ([, block]: readonly FixtureBlock[]) => (block as FixtureBlock).block;
  const idIn = ({ transactions }: Block) => (transactions[0] as DecodedTransaction).id;
  const kinds: readonly [
    string,
    (line: readonly FixtureBlock[], fork: FixtureBlock) => Uint8Array,
    (store: ChainStore, line: readonly FixtureBlock[]) => unknown,
  ][] = [
    ["the totals", () => totalsKey, (store) => store.head],
    [
      "a header",
      (line) => headerKey(second(line).hash),
      (store, line) => store.headerRecord(second(line).hash),
    ],
    ["a height", () => heightKey(1), (store) => store.hashAtHeight(1)],
    [
      "an undo record",
      (line) => undoKey(second(line).hash),
      (store, line) => store.stateChange(second(line).hash),
    ],
    [
      "a transaction's place",
      (line) => transactionKey(idIn(second(line))),
      (store, line) => store.transactionLocation(idIn(second(line))),
    ],
    ["an entry", () => entryKeyAt(0), (store) => [...store.entries()]],
    ["a mark of an invalid block", () => invalidKey(0), (store) => store.isInvalid(new Uint8Array(32))],
    [
      "a block beside the chain",
      (_line, fork) => sideKey(fork.block.header.height, fork.block.hash),
      (store) => store.sideBlocks(),
    ],
  ];
  for (const [name, keyOf, read] of kinds) {
    it(`refuses ${name} at its start, or as it is read`, async (context) => {
      const { directory, line, fork } = await written(context);
      await edit(directory, keyOf(line, fork), flipped);
      // One that walks no further than the head, as for a record that is deep in a long chain.
      for (const walkedBlocks of [128, 1]) {
        let store: ChainStore | undefined;
        await assert.rejects(async () => {
          store = await openAt(directory, walkedBlocks);
          read(store, line);
        }, isCorrupt);
        await store?.close();
      }
    });
  }

  /** The checksum made anew as well: somebody who knows the store. */
  const withChecksum: Edit = (value, key) => {
    flipped(value, key);
    value.writeUInt32BE(crc32(value.subarray(0, -4), crc32(key)), value.length - 4);
    return value;
  };
  for (const [name, change, isDeep] of [
    ["one bit", flipped, false],
    ["one bit, deep below what a start looks at", flipped, true],
    ["one bit, with its checksum made anew", withChecksum, false],
    ["all of it", removed, false],
  ] as const) {
    it(`opens with a damaged block (${name}), does not show it, and takes back its true bytes alone`, async (context) => {
      const { directory, line } = await written(context);
      const { hash, bytes } = second(line);
      await edit(directory, blockKey(hash), change);
      const store = await openAt(directory, isDeep ? 1 : 128);
      assert.equal(store.damagedBlocks().length, isDeep ? 0 : 1);
      if (change !== withChecksum) assert.throws(() => store.blockBytes(hash), isCorrupt);
      assert.deepEqual(store.damagedBlocks(), [hash]);
      const other = (line[2] as FixtureBlock).block.bytes;
      const forged = flipped(Buffer.from(bytes), hash) as Uint8Array;
      for (const wrong of [other, forged, new Uint8Array(3)]) {
        assert.equal(await store.mendBlock(hash, wrong), false);
      }
      assert.deepEqual(store.damagedBlocks(), [hash]);
      assert.equal(await store.mendBlock(hash, bytes), true);
      assert.deepEqual(store.damagedBlocks(), []);
      assert.deepEqual(store.blockBytes(hash), bytes);
      await store.close();
      const again = await openAt(directory);
      assert.deepEqual(again.damagedBlocks(), []);
      assert.deepEqual(again.blockBytes(hash), bytes);
      await again.close();
    });
  }
});
