/** README's "Manual control" is code that runs, and does what it says. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { temporaryFolder } from "./node-rig.ts";

const root = path.join(import.meta.dirname, "../..");

/** The TypeScript under the heading "Manual control". */
async function exampleOfReadme(): Promise<string> {
  const readme = await readFile(path.join(root, "README.md"), "utf8");
  const chapter = readme.split(/^#+ /m).find((part) => part.startsWith("Manual control\n"));
  const example = chapter && /^```ts\n(.*?)^```$/ms.exec(chapter)?.[1];
  assert.ok(example, 'README.md has TypeScript under "Manual control"');
  return example;
}

describe("the example of manual control", () => {
  it("runs as README prints it", async (t) => {
    const example = await exampleOfReadme();
    assert.match(example, /from "aurex";/);
    const door = pathToFileURL(path.join(root, "src/index.ts")).href;
    // Another node on the machine that runs the tests may have the documented ports.
    const code = example.replace('from "aurex"', `from "${door}"`).replaceAll(/port: \d+/g, "port: 0");
    const file = path.join(await temporaryFolder(t), "manual-control.mts");
    await writeFile(file, code);
    const child = spawn(process.execPath, [file], { stdio: ["ignore", "pipe", "pipe"] });
    t.after(() => child.kill("SIGKILL"));
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk) => (stdout += chunk));
    child.stderr.on("data", (chunk) => (stderr += chunk));
    const [exitCode] = await once(child, "close");
    assert.equal(exitCode, 0, stderr);
    for (const name of ["PoW_1", "PoW_2", "PoA_1"]) {
      assert.match(stdout, new RegExp(`^ +${name} +po[wa] +(miner|authority) +\\d+ +[0-9a-f]{12} +2 `, "m"));
      assert.match(stdout, new RegExp(`^${name}\\n +height +hash `, "m"));
    }
    // Both chains have a block: the authority seals what is sent to its chain.
    assert.match(stdout, /^ +PoA_1 +poa +authority +[1-9]/m);
    // The block that holds the record: difficulty 2, one transaction.
    assert.match(stdout, /^ +1 +00[0-9a-f]{22} .* 1$/m);
  });
});
