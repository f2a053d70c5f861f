/** What libp2p knows of peers on a disk that runs full: kept in memory, and written once there is room. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { LevelDatastore } from "datastore-level";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { PeerDatastore } from "../../src/network/libp2p/peer-datastore.ts";
import { until } from "../support/patience.ts";
import { SmallDisk } from "../support/small-disk.ts";

type Key = Parameters<PeerDatastore["put"]>[0];

/** Real, but what is due in 10 s is due at once. */
const hurriedClock: Clock = {
  ...systemClock,
  schedule: (delayMs, callback) => systemClock.schedule(delayMs / 100, callback),
};

/** libp2p's keys, made as LevelDB returns them. */
async function keysNamed(store: LevelDatastore, names: readonly string[]): Promise<Key[]> {
  for (const name of names) await store.db.put(name, new Uint8Array([0]));
  const keys: Key[] = [];
  for await (const { key } of store.query({})) keys.push(key);
  return keys;
}

async function contents(store: LevelDatastore): Promise<Record<string, number[]>> {
  const found: Record<string, number[]> = {};
  for await (const { key, value } of store.query({ prefix: "/peers" })) found[key.toString()] = [...value];
  return found;
}

test("on a full disk nothing fails, nothing is forgotten, and all is written once there is room", async (context) => {
  const disk = await SmallDisk.mount(context, 16);
  if (!disk) return context.skip(SmallDisk.skipReason);
  const directory = path.join(disk.directory, "peers");
  const said: string[] = [];
  const note = (_: object, text: string) => void said.push(text);
  const logger = { ...silentLogger, warn: note, info: note };
  const store = new PeerDatastore(directory, { clock: hurriedClock, logger });
  await store.open();
  const [a, b, c] = (await keysNamed(store, ["/peers/a", "/peers/b", "/peers/c"])) as [Key, Key, Key];
  disk.fill();
  // The log of LevelDB takes some of them: it was given room before.
  await until("the disk takes no more", async () => {
    await store.put(a, new Uint8Array(1_000).fill(7));
    return said.length > 0;
  });
  await store.put(b, new Uint8Array([1]));
  await store.delete(c);
  const expected = { "/peers/a": Array<number>(1_000).fill(7), "/peers/b": [1] };
  assert.deepEqual(await contents(store), expected);
  assert.deepEqual([...(await store.get(b))], [1]);
  assert.deepEqual([await store.has(b), await store.has(c)], [true, false]);
  await assert.rejects(async () => store.get(c), { name: "NotFoundError" });
  assert.equal(said.length, 1);
  await disk.empty();
  await until("it is written again", () => said.length === 2);
  assert.deepEqual(await contents(store), expected);
  await store.close();
  const plain = new LevelDatastore(directory);
  await plain.open();
  assert.deepEqual(await contents(plain), expected);
  await plain.close();
});

test("closed while the disk is full, it closes", async (context) => {
  const disk = await SmallDisk.mount(context, 16);
  if (!disk) return context.skip(SmallDisk.skipReason);
  const said: string[] = [];
  const logger = { ...silentLogger, warn: (_: object, text: string) => void said.push(text) };
  const store = new PeerDatastore(path.join(disk.directory, "peers"), { clock: hurriedClock, logger });
  await store.open();
  const [key] = (await keysNamed(store, ["/peers/a"])) as [Key];
  disk.fill();
  await until("the disk takes no more", async () => {
    await store.put(key, new Uint8Array(1_000));
    return said.length > 0;
  });
  await store.close();
});

test("leaves out a record that is longer than any honest peer's", async (context) => {
  const directory = await mkdtemp(path.join(tmpdir(), "aurex-peers-"));
  context.after(() => rm(directory, { recursive: true }));
  const store = new PeerDatastore(directory, { clock: systemClock, logger: silentLogger });
  await store.open();
  const [key] = (await keysNamed(store, ["/peers/a"])) as [Key];
  await store.put(key, new Uint8Array(8_192).fill(1));
  await store.put(key, new Uint8Array(8_193).fill(2));
  assert.deepEqual([...(await store.get(key))], Array<number>(8_192).fill(1));
  await store.close();
});
