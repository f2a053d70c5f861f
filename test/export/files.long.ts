/** A process that writes files is killed at any moment: its folder is there whole, or as it was. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { toHex } from "../../src/base/bytes.ts";
import { digestOfFiles, digestOfLedger, manifestOf } from "./file-readers.ts";
import { jobFor, temporaryFolder } from "./ledger-contents.ts";
import { keyOf, record, SyntheticChain } from "./synthetic-chain.ts";

const kills = 25;
const program = fileURLToPath(new URL("../../bin/aurex-node.js", import.meta.url));

test(`killed ${kills} times, the folder is whole every time, and the last run finds nothing to mend`, async (context) => {
  const folder = await temporaryFolder(context);
  const [ledger, out] = [join(folder, "ledger.sqlite"), join(folder, "out")];
  const chain = new SyntheticChain("pow");
  const chainId = toHex(chain.spec.chainId);
  const job = jobFor(ledger, chain);
  context.after(() => job.close());
  const grow = async (blocks: number, note: number) => {
    for (let count = 0; count < blocks; count += 1) {
      const { height } = chain.head.header;
      chain.append(keyOf(1), [chain.sign(keyOf(100), record(`${note}`), height)], note);
    }
    await job.catchUp();
  };
  await grow(60, 0);
  const start = () =>
    spawn(
      process.execPath,
      [program, "export", "parquet", "--out", out, "--ledger", ledger, "--blocks-per-file", "4"],
      {
        stdio: ["ignore", "ignore", "pipe"],
      },
    );
  const wholeMs = await (async () => {
    const startMs = performance.now();
    const [code] = await once(start(), "exit");
    assert.equal(code, 0);
    return performance.now() - startMs;
  })();
  let killed = 0;
  for (let run = 0; run < kills; run += 1) {
    // Reorganizations too, so that files go as well as come.
    if (run % 3 === 0) chain.rewindTo(chain.head.header.height - 5);
    await grow(9, run + 1);
    const writing = start();
    const ended = once(writing, "exit");
    await Promise.race([ended, pause((wholeMs * (run + 1)) / kills)]);
    if (writing.kill("SIGKILL")) killed += 1;
    await ended;
    // Between its two renames no folder is there; the next run puts it back.
    if (!existsSync(out)) continue;
    assert.equal(await digestOfFiles(out, chainId), manifestOf(out).chains[0]?.contentDigest);
  }
  assert.ok(killed > kills / 2, `${killed} were killed`);
  const [code] = await once(start(), "exit");
  assert.equal(code, 0);
  assert.equal(await digestOfFiles(out, chainId), digestOfLedger(ledger, chainId));
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith(".")),
    [],
  );
});
