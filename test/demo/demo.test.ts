/** The demo in a terminal: one line that says how far it is, never wider than the terminal. */
import assert from "node:assert/strict";
import path from "node:path";
import { describe, it } from "node:test";
import { runDemo } from "../../src/demo/demo.ts";
import { shellWord } from "../../src/demo/demo-commands.ts";
import { temporaryFolder } from "../node/node-rig.ts";

describe("the demo in a terminal", () => {
  for (const columns of [40]) {
    it(`has a page and rewrites one line that fits ${columns} columns`, async (t) => {
      const stop = new AbortController();
      let text = "";
      const lines = () => text.split("\r\x1b[K").slice(1);
      const code = await runDemo(
        {
          ...{ powNodes: 1, poaNodes: 1, ports: [], transactions: 0, exit: false, stay: false },
          ...{ dataDir: path.join(await temporaryFolder(t), "demo"), logLevel: "silent" },
          page: { port: undefined, host: "127.0.0.1", allowedHosts: [], open: false },
        },
        {
          write: (part) => {
            text += part;
            if (lines().length === 3) stop.abort();
          },
          isTerminal: true,
          columns,
          program: "aurex-node",
          signal: stop.signal,
        },
      );
      assert.equal(code, 0);
      for (const line of lines()) {
        const shown = line.split("\n")[0] ?? "";
        assert.ok(shown.length < columns, shown);
        assert.match(shown, /^\d\d:\d\d:\d\d {2}PoW height/);
      }
      assert.equal(lines().slice(0, -1).join("").includes("\n"), false, "no line feed between them");
      const pages = [
        ...text.matchAll(/^The page of all nodes, with the lab: http:\/\/127\.0\.0\.1:\d+\/.*$/gm),
      ];
      assert.equal(pages.length, 2, "said first and last");
      assert.match(text, /\n {6}PoW_1 +\/ip4\/127\.0\.0\.1\/tcp\/\d+ +API http:\/\/127\.0\.0\.1:\d+\n/);
    });
  }
});

it("a path is one word for the shell, whatever is in it", () => {
  assert.equal(shellWord("/tmp/a-b_c.d"), "/tmp/a-b_c.d");
  assert.equal(shellWord("/tmp/my demo"), "'/tmp/my demo'");
  assert.equal(shellWord("it's"), `'it'\\''s'`);
});
