/** The outbox on a real disk: synced before it returns, one process at a time, and freed by the system after kill -9. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ownIdentity } from "../../src/base/process-life.ts";
import { KeyError } from "../../src/wallet/key-error.ts";
import { openOutbox, outboxPath } from "../../src/wallet/outbox.ts";
import { folderUntilEnd } from "../support/temporary-folder.ts";

const address = "aurex1test";
const chainId = "11".repeat(32);
const entry = (sequence: number, id = `id${sequence}`) => ({
  ...{ id, chainId, sequence, replace: false, signedAtMs: 1_000 + sequence },
  bytes: Uint8Array.of(1, 2, sequence),
});
const newFolder = () => folderUntilEnd("aurex-outbox-");

test("what is kept is there again, byte for byte, in the order of sequences", async () => {
  const dataDir = await newFolder();
  const first = await openOutbox(dataDir, address);
  first.keep({ ...entry(2), replace: true });
  first.keep(entry(1));
  first.keep({ ...entry(1), id: "of another chain", chainId: "22".repeat(32) });
  first.close();
  const again = await openOutbox(dataDir, address);
  const signer = await ownIdentity();
  assert.deepEqual(again.entries(chainId), [
    { ...entry(1), state: "unsent", signer },
    { ...entry(2), replace: true, state: "unsent", signer },
  ]);
  assert.equal(again.entries().length, 3);
  again.accepted(entry(2));
  again.keep(entry(3, "instead"), "id1");
  assert.deepEqual(
    again.entries(chainId).map(({ id, state }) => [id, state]),
    [
      ["id2", "accepted"],
      ["instead", "unsent"],
    ],
  );
  // Only one of the two with this sequence can be executed.
  again.keep(entry(2, "replacement"));
  again.accepted(entry(2, "replacement"));
  assert.deepEqual(
    again.entries(chainId).map(({ id }) => id),
    ["replacement", "instead"],
  );
  for (const id of ["replacement", "instead"]) again.told(id);
  assert.deepEqual(
    again.entries(chainId).map(({ state }) => state),
    ["told", "unsent"],
    "what no answer was heard to cannot have been told",
  );
  again.forget("instead");
  assert.equal(again.entries(chainId).length, 1);
  again.close();
  assert.equal(fs.statSync(outboxPath(dataDir, address)).mode & 0o777, 0o600);
});

test("of accepted ones the newest 64 stay, and of unsent ones all", async () => {
  const outbox = await openOutbox(await newFolder(), address);
  for (let sequence = 0; sequence < 70; sequence += 1) outbox.keep(entry(sequence));
  for (let sequence = 0; sequence < 69; sequence += 1) outbox.accepted(entry(sequence));
  const sequences = outbox.entries().map(({ sequence }) => sequence);
  assert.deepEqual(
    sequences,
    Array.from({ length: 65 }, (_, index) => index + 5),
  );
  outbox.close();
});

test("one process has it at a time; another waits, and is told who has it if that lasts", async () => {
  const dataDir = await newFolder();
  const holder = await openOutbox(dataDir, address);
  const refused = await openOutbox(dataDir, address, 100).catch((thrown: unknown) => thrown);
  assert.ok(refused instanceof KeyError);
  assert.equal(refused.code, "key/outbox-busy");
  const waiting = openOutbox(dataDir, address);
  holder.keep(entry(1));
  holder.close();
  const next = await waiting;
  assert.equal(next.entries().length, 1);
  next.close();
});

test("a process waits beyond its limit while others send with the key one after the other", async () => {
  const dataDir = await newFolder();
  const holder = await openOutbox(dataDir, address);
  const limitMs = 3_000;
  const beganMs = performance.now();
  const waiting = openOutbox(dataDir, address, limitMs);
  let kept = 0;
  while (performance.now() - beganMs < 2.2 * limitMs) {
    holder.keep(entry(++kept));
    await delay(20);
  }
  holder.close();
  const next = await waiting;
  assert.equal(next.entries().at(-1)?.sequence, entry(kept).sequence);
  next.close();
});

test("kill -9 of the process that has it frees it, with all that was kept", async () => {
  const dataDir = await newFolder();
  const program = fileURLToPath(new URL("outbox-process.ts", import.meta.url));
  const child = spawn(process.execPath, [program, dataDir, address], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = once(child, "close");
  const [said] = await once(child.stdout, "data");
  assert.equal(String(said), "kept\n");
  const waiting = openOutbox(dataDir, address);
  child.kill("SIGKILL");
  assert.deepEqual(await closed, [null, "SIGKILL"]);
  const outbox = await waiting;
  assert.deepEqual(
    outbox.entries().map(({ id }) => id),
    ["kept by the other"],
  );
  outbox.close();
});

test("a damaged file or one of another version is refused with what to do, and stays as it is", async () => {
  const dataDir = await newFolder();
  (await openOutbox(dataDir, address)).close();
  const file = outboxPath(dataDir, address);
  const damaged = Buffer.from("not a database, ".repeat(1_000));
  fs.writeFileSync(file, damaged);
  const refused = await openOutbox(dataDir, address).catch((thrown: unknown) => thrown);
  assert.ok(refused instanceof KeyError);
  assert.equal(refused.code, "key/io");
  assert.match(refused.next, /mv '.*\.sqlite' .*look at the account before you send again/);
  assert.deepEqual(fs.readFileSync(file), damaged);
  const other = `${address}2`;
  const { DatabaseSync } = await import("node:sqlite");
  const db = new DatabaseSync(outboxPath(dataDir, other));
  db.exec("PRAGMA user_version = 9");
  db.close();
  await assert.rejects(openOutbox(dataDir, other), /another version of Aurex \(9\)/);
});
