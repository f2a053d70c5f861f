/** The bundle for an auditor: what tar unpacks, what checks it, and what is left where it cannot be written. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { before, describe, it } from "node:test";
import { AttestError } from "../../src/attest/attest-error.ts";
import { BundleFolder, targetFault } from "../../src/attest/bundle/bundle.ts";
import { digestOfLedger } from "../../src/attest/digest-document.ts";
import { copyLedger } from "../../src/export/ledger-copy.ts";
import { run } from "../cli/test-terminal.ts";
import { SmallDisk } from "../support/small-disk.ts";
import { opened, type RichLedger, richLedger } from "./rich-ledgers.ts";

let rich: RichLedger;
before(async () => {
  rich = await richLedger();
});

const inFolder = (...names: readonly string[]) => path.join(rich.folder, ...names);

function shell(program: string, argv: readonly string[], cwd = rich.folder) {
  const { status, stdout, stderr } = spawnSync(program, argv, { cwd, encoding: "utf8" });
  return { code: status, stdout, stderr };
}

const hasEd25519 = ["cryptography", "nacl"].some(
  (name) => spawnSync("python3", ["-c", `import ${name}`]).status === 0,
);

describe("a bundle", () => {
  it("unpacks by tar into a folder that checks itself, and says what it says", async () => {
    const made = await run(["export", "--bundle", inFolder("audit.tar.gz"), "--ledger", rich.file, "--json"]);
    const { holds, names, bytes } = JSON.parse(made.stdout);
    assert.deepEqual([made.code, holds], [0, true], made.stderr);
    assert.ok(bytes > 10_000);
    const listed = shell("tar", ["--utc", "-tvzf", "audit.tar.gz"]).stdout.trim().split("\n");
    assert.deepEqual(
      listed.map((line) => line.split(" ").at(-1)),
      names,
    );
    // Nobody's name, clock or umask is in the archive.
    for (const line of listed) assert.match(line, /^-rw-r--r-- 0\/0 +\d+ 1970-01-01 00:00 audit\/[\w.-]+$/);
    assert.equal(shell("tar", ["-xzf", "audit.tar.gz"]).code, 0);
    const folder = inFolder("audit");
    const sums = shell("sha256sum", ["-c", "SHA256SUMS"], folder);
    assert.equal(sums.code, 0, sums.stdout);
    assert.equal(sums.stdout.trim().split("\n").length, names.length - 1);
    const readme = readFileSync(path.join(folder, "README.txt"), "utf8");
    const ids = [rich.poa, rich.pow].map(({ spec }) => Buffer.from(spec.chainId).toString("hex"));
    for (const id of ids) assert.match(readme, new RegExp(`--chain-id ${id}`));
    const db = new DatabaseSync(path.join(folder, "ledger.sqlite"), { readOnly: true });
    assert.equal(db.prepare("PRAGMA journal_mode").get()?.journal_mode, "delete");
    db.close();
    assert.equal(JSON.parse(readFileSync(path.join(folder, "audit.json"), "utf8")).file, "ledger.sqlite");
    assert.match(readFileSync(path.join(folder, "audit.html"), "utf8"), /^<!doctype html>/i);
    const spec = await run([
      "digest",
      path.join(folder, "ledger.sqlite"),
      "--verify",
      path.join(folder, `digest-${ids[0]?.slice(0, 16)}.json`),
    ]);
    assert.equal(spec.code, 0, spec.stdout);
    assert.deepEqual(leftovers(), []);
  });

  it("passes the command that its README gives, and fails it once the ledger is changed", {
    skip: !hasEd25519,
  }, () => {
    const folder = inFolder("audit");
    const readme = readFileSync(path.join(folder, "README.txt"), "utf8");
    const [, command = ""] = /^ +(python3 verify_ledger\.py .*)$/m.exec(readme) ?? [];
    const passed = shell("sh", ["-c", command], folder);
    assert.equal(passed.code, 0, passed.stdout);
    assert.match(passed.stdout, /authentic up to block 17, and complete up to block 17/);
    assert.equal(shell("python3", ["verify_ledger.py"], folder).code, 0);
    const db = new DatabaseSync(path.join(folder, "ledger.sqlite"));
    db.exec("UPDATE transactions SET from_user = 'mallory' WHERE block_id = 2");
    db.close();
    const failed = shell("sh", ["-c", command], folder);
    assert.equal(failed.code, 9);
    assert.match(failed.stdout, /contentDigest/);
    assert.equal(shell("sha256sum", ["-c", "SHA256SUMS"], folder).code, 1);
  });
});

describe("where no bundle can be written", () => {
  it("says why, before any work", async () => {
    mkdirSync(inFolder("taken.tar.gz"));
    writeFileSync(inFolder("there.tar.gz"), "");
    for (const [name, says] of [
      ["bundle.zip", /does not end in \.tar\.gz/],
      ["taken.tar.gz", /it is a directory/],
      ["there.tar.gz", /is there already/],
      ["-rf.tar.gz", /becomes that of a folder/],
      ["a b.tgz", /becomes that of a folder/],
    ] as const) {
      assert.match(targetFault(inFolder(name), false) ?? "", says);
      const { code, stderr } = await run(["export", "--bundle", inFolder(name), "--ledger", rich.file]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, says);
    }
    const missing = await run(["export", "--bundle", inFolder("none", "x.tar.gz"), "--ledger", rich.file]);
    assert.equal(missing.code, 2, missing.stderr);
    const none = await run(["export", "--bundle", inFolder("y.tar.gz"), "--ledger", inFolder("none.sqlite")]);
    assert.equal(none.code, 2, none.stderr);
    assert.equal(targetFault(inFolder("there.tar.gz"), true), undefined);
    assert.deepEqual(leftovers(), []);
  });

  it("leaves nothing on a full disk", async (context) => {
    const disk = await SmallDisk.mount(context, 1);
    if (!disk) return context.skip(SmallDisk.skipReason);
    disk.fill();
    const full = await run(["export", "--bundle", `${disk.directory}/a.tar.gz`, "--ledger", rich.file]);
    assert.notEqual(full.code, 0);
    assert.match(full.stderr, /disk|space|ENOSPC/i);
    assert.doesNotMatch(full.stderr, /by a bug of its own/);
    assert.deepEqual(readdirSync(disk.directory), ["filler"]);
    await disk.empty();
    const again = await run(["export", "--bundle", `${disk.directory}/a.tar.gz`, "--ledger", rich.file]);
    assert.equal(again.code, 0, again.stderr);
    assert.deepEqual(readdirSync(disk.directory), ["a.tar.gz"]);
  });

  it("leaves nothing if it is stopped, and what was there as it was", async () => {
    const target = inFolder("there.tar.gz");
    // What a process that was killed has left; no process has this number.
    mkdirSync(inFolder(".there.tar.gz.2147483647.partial"));
    const bundle = await BundleFolder.open(target);
    await copyLedger({ ledger: rich.file, target: bundle.ledger });
    const ledger = opened(bundle.ledger);
    const chains = [];
    for (const chain of ledger.chains()) {
      chains.push({ spec: chain.spec, digest: await digestOfLedger(ledger, chain, undefined) });
    }
    const stop = new AbortController();
    const contents = { chains, reportJson: "{}", reportPage: "", holds: true, version: "0" };
    const written = bundle.write(contents, { onProgress: () => stop.abort(), signal: stop.signal });
    await assert.rejects(
      written,
      (thrown) => thrown instanceof AttestError && thrown.code === "attest/stopped",
    );
    await bundle.remove();
    assert.equal(readFileSync(target, "utf8"), "");
    assert.deepEqual(leftovers(), []);
  });
});

function leftovers(): string[] {
  return readdirSync(rich.folder).filter((name) => name.startsWith(".") || name.endsWith(".tmp"));
}
