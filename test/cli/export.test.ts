/** `aurex-node export --out` of a part of the chain: what it writes and says, and which ranges it refuses. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { before, describe, it } from "node:test";
import { AurexNode } from "../../src/node/aurex-node.ts";
import { commitName, commitRecord, poaSpecFor, powSpec, quietOptions } from "../node/node-rig.ts";
import { folderUntilEnd } from "../support/temporary-folder.ts";
import { type Run, run } from "./test-terminal.ts";

describe("export of a part of the chain", () => {
  let folder: string;
  let dataDir: string;
  let head: number;
  let final: number;
  const place = (name: string) => path.join(folder, name);
  const exported = (file: string, ...flags: string[]): Promise<Run> =>
    run(["export", "--out", place(file), "--data-dir", dataDir, ...flags]);
  const heights = (file: string): number[] => {
    const db = new DatabaseSync(place(file), { readOnly: true });
    const rows = db.prepare('SELECT "index" AS height FROM blocks ORDER BY 1').all();
    db.close();
    return rows.map((row) => Number(row.height));
  };
  const upTo = (first: number, last: number) =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index);

  before(async () => {
    folder = await folderUntilEnd("aurex-export-part-");
    dataDir = place("alpha");
    const node = await AurexNode.open(quietOptions(dataDir, await poaSpecFor(dataDir)));
    await node.start();
    await commitName(node, "alice@example.com");
    for (const text of ["one", "two", "three"]) await commitRecord(node, text);
    await node.stop();
    head = node.chain.head.header.height;
    final = node.chain.final?.height ?? 0;
    assert.ok(head >= 3 && final < head);
  });

  it("writes final blocks alone", async () => {
    const { code, stdout, stderr } = await exported("final.sqlite", "--finalized-only");
    assert.equal(code, 0, stderr);
    assert.match(stdout, new RegExp(`up to block ${final} of chain`));
    assert.deepEqual(heights("final.sqlite"), upTo(0, final));
  });

  it("writes up to a block, and goes on from there without the flag", async () => {
    assert.equal((await exported("grows.sqlite", "--to", "2")).code, 0);
    assert.deepEqual(heights("grows.sqlite"), [0, 1, 2]);
    const { stdout, stderr } = await exported("grows.sqlite");
    assert.match(stdout, new RegExp(`${head - 2} blocks and`));
    assert.match(stderr, new RegExp(`^block ${head} of ${head}$`, "m"));
    assert.deepEqual(heights("grows.sqlite"), upTo(0, head));
  });

  it("writes an excerpt, and says that it is one", async () => {
    const { code, stdout, stderr } = await exported("part.sqlite", "--from", "2", "--to", String(head));
    assert.equal(code, 0, stderr);
    assert.match(stdout, new RegExp(`from block 2 up to block ${head} of chain`));
    assert.match(stderr, /is an excerpt \(meta\.first_index is 2\)/);
    assert.deepEqual(heights("part.sqlite"), upTo(2, head));
    // The audit finds nothing wrong in it, and does not take it for a ledger.
    const audited = await run(["audit", place("part.sqlite"), "--json"]);
    assert.equal(audited.code, 9, audited.stderr);
    const [chain] = JSON.parse(audited.stdout).chains;
    assert.deepEqual(chain.findings, []);
    assert.ok(chain.transactions > 0);
    assert.match(chain.words, /NOT JUDGED AS A WHOLE/);
    assert.match(JSON.stringify(chain.checks), /excerpt that begins with block 2/);
  });

  it("refuses blocks that are not there, and a file that begins elsewhere", async () => {
    const refusals: [string[], RegExp][] = [
      [["--to", "999"], new RegExp(`no block 999.*ends with block ${head}.*--to ${head}`, "s")],
      [["--from", "999"], /no blocks from 999/],
      [["--from", "3", "--to", "2"], /no blocks from 3 to 2.*--from lies behind --to/s],
      [["--to", "x"], /whole number/],
      [["--from", "-1"], /whole number/],
    ];
    for (const [flags, message] of refusals) {
      const { code, stderr } = await exported("refused.sqlite", ...flags);
      assert.equal(code, 2, flags.join(" "));
      assert.match(stderr, message);
      assert.ok(!existsSync(place("refused.sqlite")), flags.join(" "));
    }
    const whole = await exported("grows.sqlite", "--from", "2");
    assert.equal(whole.code, 2);
    assert.match(whole.stderr, /it is a whole ledger/);
    const copied = await run(["export", "--copy", place("copy.sqlite"), "--from", "2"]);
    assert.equal(copied.code, 2);
    assert.match(copied.stderr, /--from belongs to --out/);
  });

  it("refuses final blocks alone where no block ever is", async () => {
    const work = place("work");
    const node = await AurexNode.open(quietOptions(work, powSpec()));
    await node.stop();
    const out = place("work.sqlite");
    const { code, stderr } = await run(["export", "--out", out, "--data-dir", work, "--finalized-only"]);
    assert.equal(code, 2);
    assert.match(stderr, /whose blocks never become final/);
    const started = await run(["start", "--data-dir", place("new"), "--finalized-only"]);
    assert.equal(started.code, 2);
    assert.match(started.stderr, /--finalized-only belongs to --export/);
    assert.ok(!existsSync(place("new")));
  });
});
