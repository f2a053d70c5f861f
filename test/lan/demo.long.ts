/** `aurex-node demo-lan`, as `npm run demo:lan` runs it: to its end, and interrupted; nothing stays behind. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import { namespacePrefix, ownNamespaces } from "../../src/demo/lan/namespaces.ts";
import { whyNoLan } from "./lan-stage.ts";

const program = path.join(import.meta.dirname, "../../bin/aurex-node.js");

interface Line {
  readonly event: string;
  readonly text?: string;
  readonly machines?: readonly {
    readonly chainId: string;
    readonly authorities: number;
    readonly final: { readonly height: number; readonly hash: string };
    readonly head: { readonly hash: string };
  }[];
}

/** @param stopAt interrupts the demonstration at the first such event */
async function demo(
  stopAt?: string,
): Promise<{ code: number | null; lines: Line[]; left: string[]; folder: string }> {
  const child = spawn(process.execPath, [program, "demo-lan", "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  const lines: Line[] = [];
  for await (const text of createInterface({ input: child.stdout })) {
    const line = JSON.parse(text) as Line;
    lines.push(line);
    if (line.event === stopAt) child.kill("SIGINT");
  }
  const [code] = await ended;
  const left = ownNamespaces().filter((name) => name.startsWith(`${namespacePrefix}${child.pid}-`));
  const folder =
    lines
      .find(({ text }) => text?.startsWith("Data and logs"))
      ?.text?.split(" ")
      .at(-1) ?? "";
  return { code, lines, left, folder };
}

describe("the demonstration on a LAN", { skip: whyNoLan() }, () => {
  it("ends with 0, and with a table in which all machines agree", async () => {
    const { code, lines, left, folder } = await demo();
    assert.equal(code, 0, JSON.stringify(lines.slice(-10), undefined, 1));
    const machines = lines.find(({ event }) => event === "result")?.machines ?? [];
    assert.equal(machines.length, 3);
    for (const { chainId, authorities, final, head } of machines) {
      assert.equal(authorities, 3);
      assert.ok(final.height > 0);
      const [first] = machines;
      assert.deepEqual(
        [chainId, final.hash, head.hash],
        [first?.chainId, first?.final.hash, first?.head.hash],
      );
    }
    assert.deepEqual(left, []);
    assert.ok(folder.includes("aurex-lan-") && !existsSync(folder), folder);
  });

  it("leaves nothing behind where it is interrupted", async () => {
    const { code, left, folder } = await demo("chain");
    assert.equal(code, 130);
    assert.deepEqual(left, []);
    assert.ok(folder.includes("aurex-lan-") && !existsSync(folder), folder);
  });
});
