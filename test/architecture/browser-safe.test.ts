/** Everything that `aurex/client` reaches runs in a browser: no module of Node, no global of Node, but in a port's native half. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import path from "node:path";
import { it } from "node:test";
import { findImports, readSource } from "./source-reader.ts";

const source = path.join(import.meta.dirname, "../../src");
const nodeGlobals =
  /(?<![.\w$])(?:Buffer|process|require|__dirname|__filename|setImmediate|global)\b(?!\s*:)/g;
/** Packages with machine code, or that open sockets or files. */
const nativePackages = [
  "sodium-native",
  "@chainsafe/hashtree",
  "level",
  "libp2p",
  "fastify",
  "pino",
  "undici",
];

interface Reached {
  readonly files: ReadonlySet<string>;
  readonly problems: readonly string[];
}

/** @param read the text of a file by its path; undefined if there is none */
function walk(entry: string, read: (file: string) => string | undefined): Reached {
  const files = new Set([entry]);
  const problems: string[] = [];
  for (const file of files) {
    const text = read(file) ?? "";
    // The other half has the same exports: a test of the ports holds both to the same vectors.
    if (
      path.basename(file) === "native.ts" &&
      read(path.join(path.dirname(file), "portable.ts")) !== undefined
    ) {
      files.add(path.join(path.dirname(file), "portable.ts"));
      continue;
    }
    const parsed = readSource(text);
    for (const { specifier, kind, line } of findImports(parsed)) {
      const where = `${file}:${line}`;
      if (specifier === undefined || kind === "url")
        problems.push(`${where} names a module that no bundler finds`);
      else if (specifier.startsWith(".")) files.add(path.join(path.dirname(file), specifier));
      else if (specifier.startsWith("node:") || builtinModules.includes(specifier.split("/")[0] as string)) {
        problems.push(`${where} imports ${specifier}`);
      } else if (nativePackages.some((name) => specifier === name || specifier.startsWith(`${name}/`))) {
        problems.push(`${where} imports ${specifier}`);
      }
    }
    for (const match of parsed.code.matchAll(nodeGlobals)) {
      problems.push(`${file}:${parsed.code.slice(0, match.index).split("\n").length} uses ${match[0]}`);
    }
  }
  return { files, problems };
}

it("aurex/client reaches nothing of Node but the native halves of ports", () => {
  const { files, problems } = walk("client/index.ts", (file) => {
    const place = path.join(source, file);
    return existsSync(place) ? readFileSync(place, "utf8") : undefined;
  });
  assert.ok(files.has("api/route.ts") || files.has("api/problem.ts"), [...files].join());
  assert.deepEqual(problems, []);
});

it("a module of Node is found wherever it hides", () => {
  const tree: Record<string, string> = {
    "client/index.ts":
      'export * from "./a.ts";\nimport "../base/native.ts";\nimport "../base/port/native.ts";',
    "client/a.ts":
      'import fs from "node:fs";\nimport type { X } from "path";\nconst b = Buffer.alloc(1);\nimport s from "sodium-native";',
    "base/native.ts": 'import os from "os";',
    "base/port/native.ts": 'import crypto from "node:crypto";',
    "base/port/portable.ts": "const text = 'Buffer'; // process\nconst o = { process: 1, b: x.Buffer };",
  };
  assert.deepEqual(walk("client/index.ts", (file) => tree[file]).problems.toSorted(), [
    "base/native.ts:1 imports os",
    "client/a.ts:1 imports node:fs",
    "client/a.ts:2 imports path",
    "client/a.ts:3 uses Buffer",
    "client/a.ts:4 imports sodium-native",
  ]);
});
