/** Holds src/ to the layers table: one-way arrows, no circles, a pure core, a README in every room. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { findCircles, findProblems, layers, type Rule } from "./layers.ts";
import { findImports, readSource } from "./source-reader.ts";

const sourceFolder = path.join(import.meta.dirname, "../../src");

function readTree(): Map<string, string> {
  const files = readdirSync(sourceFolder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return new Map(
    files.map((entry) => {
      const file = path.join(entry.parentPath, entry.name);
      return [path.relative(sourceFolder, file).replaceAll(path.sep, "/"), readFileSync(file, "utf8")];
    }),
  );
}

describe("src/", () => {
  const tree = readTree();
  const problems = findProblems(tree);
  const rules: [Rule, string][] = [
    ["room", "every file lives in a room of the table"],
    ["arrow", "every import is an arrow of the table"],
    ["circle", "no circle between rooms, and none between the files of a room"],
    ["outside", "no import leaves src/"],
    ["dynamic", "every import() names its file"],
    ["target", "every new URL names a file that is there"],
    ["core", "the core reads no clock, disk, network or randomness"],
    ["opening", "every file opens with a sentence"],
    ["readme", "every room has a README.md"],
    ["name", "no name that says nothing"],
    ["long", "every file has fewer than 400 lines"],
  ];
  for (const [rule, title] of rules) {
    it(title, () => {
      const broken = problems.filter((problem) => problem.rule === rule);
      assert.deepEqual(
        broken.map(({ where, what }) => `${where} ${what}`),
        [],
      );
    });
  }

  it("is read whole: the arrows that hold it together are seen", () => {
    const named = [...tree].flatMap(([file, text]) =>
      file.endsWith(".ts") ? findImports(readSource(text)) : [],
    );
    assert.ok(named.length > tree.size, `${named.length} imports in ${tree.size} files`);
  });
});

describe("the layers table", () => {
  it("has no circle, and every room stands below those that import it", () => {
    assert.deepEqual(findCircles(new Map(Object.entries(layers))), []);
    const rooms = Object.keys(layers);
    for (const [room, allowed] of Object.entries(layers)) {
      for (const other of allowed)
        assert.ok(rooms.indexOf(other) < rooms.indexOf(room), `${room} -> ${other}`);
    }
  });

  it("keeps ledger and consensus apart", () => {
    assert.ok(!layers.ledger?.includes("consensus") && !layers.consensus?.includes("ledger"));
  });
});

describe("the checker", () => {
  const readme = "Owns: itself.";
  /** A sound tree with `files` put over it; a room whose README is not the matter gets one. */
  function problemsIn(files: Record<string, string>): [Rule, string][] {
    const tree = new Map<string, string>();
    for (const [file, text] of Object.entries(files)) {
      const isSource = file.endsWith(".ts") && !text.startsWith("/*") && file !== "ledger/bare.ts";
      tree.set(file, isSource ? `/** Made up. */\n${text}` : text);
      const room = file.split("/")[0]!;
      if (room in layers && !(`${room}/README.md` in files)) tree.set(`${room}/README.md`, readme);
    }
    return findProblems(tree).map(({ rule, where }) => [rule, where]);
  }

  it("finds nothing in a sound tree", () => {
    const files = {
      "index.ts": 'export * from "./node/node.ts";\nexport * from "./protocol/block.ts";',
      "node/node.ts": 'import { load } from "../config/load.ts";\nimport "../chain/chain.ts";',
      "config/load.ts":
        'import { readFileSync } from "node:fs";\nexport const load = () => setTimeout(() => {}, 1);',
      "chain/chain.ts": 'import type { Block } from "../protocol/block.ts";\nimport { x } from "./x.ts";',
      "chain/x.ts": "export const x = 1;",
      "protocol/block.ts": "// Date.now() is a comment\nexport const block = 'Math.random()';",
    };
    assert.deepEqual(problemsIn(files), []);
  });

  const upward: [string, string][] = [
    ["an import", 'import { a } from "../node/a.ts";'],
    ["a type import", 'import type { A } from "../node/a.ts";'],
    ["an import over several lines", 'import {\n  a,\n  type B,\n} from "../node/a.ts";'],
    ["an import for its effect", 'import "../node/a.ts";'],
    ["a re-export", 'export { a } from "../node/a.ts";'],
    ["a re-export of all", "export * as a from '../node/a.ts';"],
    ["a dynamic import", 'const a = await import("../node/a.ts");'],
    ["a dynamic import of a template", "const a = await import(`../node/a.ts`);"],
    ["an import in a type", 'export type A = import("../node/a.ts").A;'],
    ["a URL", 'new Worker(new URL("../node/a.ts", import.meta.url));'],
    ["a URL with a choice", 'new URL(isBuilt ? "../node/a.js" : "../node/b.js", import.meta.url);'],
    ["one after a regular expression with quotes", "const q = /[\"'/]/; import '../node/a.ts';"],
    ["one after a template with a brace", `const t = \`\${\`}\`}"\`; import "../node/a.ts";`],
    ["one after a division", 'const d = 4 / 2; import "../node/a.ts"; const e = 1 / 2;'],
    ["one after an apostrophe in a comment", '// it\'s\nimport "../node/a.ts";'],
  ];
  for (const [what, text] of upward) {
    it(`sees an arrow upward in ${what}`, () => {
      const files = { "store/s.ts": text, "node/a.ts": "export {};", "node/b.ts": "export {};" };
      assert.ok(
        problemsIn(files).some(([rule, where]) => rule === "arrow" && where.startsWith("store/s.ts:")),
      );
    });
  }

  const harmless: [string, string][] = [
    ["a comment", '// import "../node/a.ts";\n/* import "../node/a.ts"; */'],
    ["a text", "export const text = 'import \"../node/a.ts\"';"],
    ["a template", 'export const text = `import "../node/a.ts"`;'],
    ["a method named import", "chain.import(block);\nthis.#import(block);"],
    ["a call of something named from", 'export const bytes = Buffer.from("../node/a.ts");'],
  ];
  for (const [what, text] of harmless) {
    it(`takes ${what} for no import`, () => assert.deepEqual(problemsIn({ "store/s.ts": text }), []));
  }

  it("sees a file of 400 lines", () => {
    const file = (lines: number) => new Map([["store/a.ts", `/** A. */\n${"f();\n".repeat(lines - 1)}`]]);
    assert.deepEqual(
      findProblems(file(400)).filter(({ rule }) => rule === "long"),
      [{ rule: "long", where: "store/a.ts", what: "has 400 lines" }],
    );
    assert.ok(findProblems(file(399)).every(({ rule }) => rule !== "long"));
  });

  it("sees a circle of files within a room, also over a type and an import that waits", () => {
    const problems = findProblems(
      new Map([
        ["store/a.ts", '/** A. */\nimport type { B } from "./b.ts";'],
        ["store/b.ts", '/** B. */\nconst c = () => import("./inner/c.ts");'],
        ["store/inner/c.ts", '/** C. */\nexport { a } from "../a.ts";'],
      ]),
    ).filter(({ rule }) => rule === "circle");
    assert.deepEqual(
      problems.map(({ what }) => what),
      [
        "store/a.ts -> store/b.ts -> store/inner/c.ts -> store/a.ts",
        "store/b.ts -> store/inner/c.ts -> store/a.ts -> store/b.ts",
        "store/inner/c.ts -> store/a.ts -> store/b.ts -> store/inner/c.ts",
      ],
    );
  });

  it("sees a circle, and names every room on it", () => {
    const problems = findProblems(
      new Map([
        ["store/a.ts", '/** A. */\nimport "../chain/b.ts";'],
        ["chain/b.ts", '/** B. */\nimport "../export/c.ts";'],
        ["export/c.ts", '/** C. */\nimport "../store/a.ts";'],
      ]),
    ).filter(({ rule }) => rule === "circle");
    assert.deepEqual(
      problems.map(({ what }) => what),
      [
        "store -> chain -> export -> store",
        "chain -> export -> store -> chain",
        "export -> store -> chain -> export",
      ],
    );
  });

  const single: [string, Record<string, string>, Rule, string][] = [
    ["a file in no room", { "plumbing/a.ts": "export {};" }, "room", "plumbing/a.ts"],
    ["a file beside the door", { "main.ts": "export {};" }, "room", "main.ts"],
    ["an import of the door", { "cli/a.ts": 'import "../index.ts";', "index.ts": "" }, "arrow", "cli/a.ts:2"],
    ["an import out of src/", { "cli/a.ts": 'import "../../bin/x.js";' }, "outside", "cli/a.ts:2"],
    ["an import() of a variable", { "cli/a.ts": "await import(name);" }, "dynamic", "cli/a.ts:2"],
    ["a URL of nothing", { "cli/a.ts": 'new URL("./no.ts", import.meta.url);' }, "target", "cli/a.ts:2"],
    ["no opening", { "ledger/bare.ts": "export {};" }, "opening", "ledger/bare.ts"],
    ["an empty opening", { "ledger/a.ts": "/** */\nexport {};" }, "opening", "ledger/a.ts"],
    ["a plain comment as opening", { "ledger/a.ts": "/* Says it. */\nexport {};" }, "opening", "ledger/a.ts"],
    ["an empty README", { "ledger/a.ts": "export {};", "ledger/README.md": "\n" }, "readme", "ledger"],
    ["a folder of utils", { "chain/utils/a.ts": "export {};" }, "name", "chain/utils/a.ts"],
    ["a file of helpers", { "chain/test-helpers.ts": "export {};" }, "name", "chain/test-helpers.ts"],
    ["a file named data", { "chain/data.ts": "export {};" }, "name", "chain/data.ts"],
    ["a file named common", { "chain/Common.ts": "export {};" }, "name", "chain/Common.ts"],
    ["a core that reads the disk", { "ledger/a.ts": 'import "node:fs/promises";' }, "core", "ledger/a.ts:2"],
    [
      "a core that knows sockets",
      { "protocol/a.ts": 'import type { Socket } from "net";' },
      "core",
      "protocol/a.ts:2",
    ],
    [
      "a core with threads",
      { "consensus/pow/a.ts": 'import "node:worker_threads";' },
      "core",
      "consensus/pow/a.ts:2",
    ],
    ["a core with a clock", { "ledger/a.ts": "\nconst now = Date.now();" }, "core", "ledger/a.ts:3"],
    ["a core with chance", { "ledger/a.ts": "const x = Math.random();" }, "core", "ledger/a.ts:2"],
    ["a core with random keys", { "protocol/a.ts": "crypto.randomBytes(32);" }, "core", "protocol/a.ts:2"],
    ["a core with a timer", { "consensus/a.ts": "setTimeout(f, 1);" }, "core", "consensus/a.ts:2"],
    [
      "a clock in a template of the core",
      { "ledger/a.ts": `const s = \`\${Date.now()}\`;` },
      "core",
      "ledger/a.ts:2",
    ],
  ];
  for (const [what, files, rule, where] of single) {
    it(`sees ${what}`, () => assert.deepEqual(problemsIn(files), [[rule, where]]));
  }

  it("sees a missing README", () => {
    assert.deepEqual(
      findProblems(new Map([["base/a.ts", "/** A. */"]])).map(({ rule, where }) => [rule, where]),
      [["readme", "base"]],
    );
  });
});
