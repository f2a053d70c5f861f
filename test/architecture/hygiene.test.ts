/** Holds the tracked files to being the project's own: no registry host, no path of the machine it was written on. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { globSync, lstatSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { longSteps } from "../long/steps.ts";
import { findForeign } from "./foreign-text.ts";

const root = path.join(import.meta.dirname, "../..");

/** Files that git tracks and that are there, with their text; in an unpacked archive, all that came with it. */
function trackedFiles(): [string, string][] {
  const { status, stdout } = spawnSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" });
  const folders = "{.ci,bench,bin,config,deploy,docs,src,test}/**";
  const files = status === 0 ? stdout.split("\0") : globSync(["*", folders], { cwd: root });
  return files
    .filter((file) => file !== "" && lstatSync(path.join(root, file), { throwIfNoEntry: false })?.isFile())
    .map((file) => [file, readFileSync(path.join(root, file), "latin1")]);
}

describe("tracked files", () => {
  const files = trackedFiles();

  it("name no registry host and no place of one machine", () => {
    assert.ok(files.some(([file]) => file === "package-lock.json"));
    assert.deepEqual(
      files.flatMap(([file, text]) => findForeign(text).map((found) => `${file}: ${found}`)),
      [],
    );
  });

  it("never switch a test by a variable that a node would take for a setting and refuse", () => {
    // A test's own variables begin with SUITE_: what is set for a step reaches every program that the step starts.
    const tests = files.filter(([file]) => /^(?:test|bench)\/.*\.[jt]s$/.test(file));
    assert.ok(tests.length > 100);
    const reads = tests.filter(([, text]) => /process\.env\.AUREX_|process\.env\[["'`]AUREX_/.test(text));
    assert.deepEqual(
      reads.map(([file]) => file),
      [],
    );
    for (const { name, variables } of longSteps)
      for (const variable of Object.keys(variables ?? {})) assert.match(variable, /^SUITE_/, name);
  });

  it("have a lock file that fits any registry", () => {
    const lock = JSON.parse(readFileSync(path.join(root, "package-lock.json"), "utf8"));
    const entries = Object.entries<{ resolved?: string; integrity?: string }>(lock.packages);
    assert.ok(entries.length > 100);
    for (const [name, { resolved, integrity }] of entries) {
      assert.equal(resolved, undefined, name);
      if (name !== "") assert.ok(integrity?.startsWith("sha512-"), name);
    }
  });
});

describe("the search", () => {
  // Put together here, so that this file does not hold what it looks for.
  const foreign = [
    ["https://registry", "npmjs.org/level"].join("."),
    ["registry", "yarnpkg.com"].join("."),
    ["npm", "pkg.github.com"].join("."),
    ["see ", "work", "main/src"].join("/"),
    ["..", "shared", "spec"].join("/"),
    [".", "library/search"].join(""),
  ];
  for (const text of foreign) {
    it(`finds ${text}`, () => assert.equal(findForeign(`before\n${text}\nafter`).length, 1));
  }

  it("leaves alone what only looks like it", () => {
    const fine = [
      "src/work/main.ts",
      "a network/main path",
      "https://example.com/work/x",
      "a shared library",
    ];
    assert.deepEqual(fine.flatMap(findForeign), []);
  });
});
