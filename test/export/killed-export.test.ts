/** The export as a process of its own: killed at any moment, and read by another one all the while. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ledgerDigests } from "../../src/audit/ledger-digest.ts";
import { toHex } from "../../src/base/bytes.ts";
import { openLedgerFile } from "../../src/export/ledger-file.ts";
import type { Block } from "../../src/protocol/block.ts";
import { exportOnce, fileContents, temporaryFolder } from "./ledger-contents.ts";
import { keyOf } from "./synthetic-chain.ts";
import { type TwoBranches, twoBranches } from "./two-branches.ts";

const exporter = fileURLToPath(new URL("./two-branches.ts", import.meta.url));
const reader = fileURLToPath(new URL("./reading-process.ts", import.meta.url));
const kills = Number(process.env.SUITE_EXPORT_KILLS ?? 10);
const sideBySide = 2;

/** The digest of what a ledger holds up to its last block, and that block's hash; undefined before the first. */
function lastDigest(file: string, { chain }: TwoBranches): { hash: string; digest: string } | undefined {
  const db = openLedgerFile(file, { readOnly: true });
  try {
    const meta = db.prepare("SELECT cursor_hash FROM meta").get();
    if (!meta) return undefined;
    const last = [...ledgerDigests(db, toHex(chain.spec.chainId))].at(-1);
    assert.ok(last);
    assert.equal(last.hash, meta.cursor_hash);
    return { hash: last.hash, digest: toHex(last.digest) };
  } finally {
    db.close();
  }
}

/** What a ledger of each block's branch up to it has to come to, by the block's hash. */
async function rightDigests(folder: string, both: TwoBranches): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const [index, branch] of both.branches.entries()) {
    const file = join(folder, `branch-${index}.sqlite`);
    both.chain.switchTo(branch);
    await exportOnce(file, both.chain);
    const db = openLedgerFile(file, { readOnly: true });
    for (const { hash, digest } of ledgerDigests(db, toHex(both.chain.spec.chainId))) {
      found.set(hash, toHex(digest));
    }
    db.close();
  }
  return found;
}

test(`killed ${kills} times with SIGKILL, the ledger never holds half of anything`, async (context) => {
  const folder = await temporaryFolder(context);
  const both = twoBranches();
  const right = await rightDigests(folder, both);
  const heads = new Set<string>();
  const files: string[] = [];
  let killed = 0;
  // What one process has compiled the others load: most of a short life would be that.
  const env = { ...process.env, NODE_COMPILE_CACHE: join(folder, "compiled") };
  const begun = spawn(process.execPath, [exporter, join(folder, "begun.sqlite"), "1"], {
    env,
    stdio: "ignore",
  });
  assert.deepEqual(await once(begun, "exit"), [0, null]);
  const killAgainAndAgain = async (lane: number) => {
    const file = join(folder, `killed-${lane}.sqlite`);
    files.push(file);
    for (let round = lane; round < kills; round += sideBySide) {
      const child = spawn(process.execPath, [exporter, file], { env, stdio: ["ignore", "pipe", "inherit"] });
      const exited = once(child, "exit");
      let linesLeft = round % 9;
      for await (const _line of createInterface({ input: child.stdout })) {
        linesLeft -= 1;
        if (linesLeft >= 0) continue;
        // Somewhere in the SQL transaction that follows, or in one of the next.
        await pause(round % 7);
        child.kill("SIGKILL");
        break;
      }
      const [, signal] = await exited;
      assert.equal(signal, "SIGKILL");
      killed += 1;
      const found = lastDigest(file, both);
      assert.ok(found, "an SQL transaction was reported");
      assert.equal(found.digest, right.get(found.hash), `after kill ${round} at ${found.hash}`);
      heads.add(found.hash);
    }
  };
  await Promise.all(Array.from({ length: sideBySide }, (_, lane) => killAgainAndAgain(lane)));
  assert.equal(killed, kills);
  const fresh = join(folder, "fresh.sqlite");
  both.chain.switchTo(both.branches[1] as readonly Block[]);
  both.chain.append(keyOf(9), []);
  await exportOnce(fresh, both.chain);
  for (const file of files) {
    await exportOnce(file, both.chain);
    assert.deepEqual(fileContents(file), fileContents(fresh));
  }
  assert.ok(heads.size > 1, "kills came at different blocks");
});

test("a process that reads in a loop never sees half a block, nor half a branch", async (context) => {
  const file = join(await temporaryFolder(context), "ledger.sqlite");
  const both = twoBranches();
  both.chain.rewindTo(1);
  await exportOnce(file, both.chain);
  const readers = [0].map(() =>
    spawn(process.execPath, [reader, file], { stdio: ["pipe", "pipe", "inherit"] }),
  );
  const saw = readers.map(({ stdout }) => text(stdout));
  const writer = spawn(process.execPath, [exporter, file, "12"], { stdio: ["ignore", "ignore", "inherit"] });
  assert.deepEqual(await once(writer, "exit"), [0, null]);
  for (const { stdin } of readers) stdin.end();
  for (const seen of await Promise.all(saw)) {
    const { reads, tips, halves } = JSON.parse(seen);
    assert.deepEqual(halves, []);
    assert.ok(reads > 10 && tips > 1, seen);
  }
});
