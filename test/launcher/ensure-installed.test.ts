/** When packages are installed anew; npm is a stand-in that says how it was called, so that no test needs a network. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";

const binFolder = path.join(import.meta.dirname, "../../bin");
const folder = mkdtempSync(path.join(tmpdir(), "aurex-installed-"));
after(() => rmSync(folder, { recursive: true }));

interface Entry {
  readonly version: string;
  readonly integrity: string;
  readonly optional?: true;
}

const wanted: Record<string, Entry> = {
  "node_modules/node": { version: process.versions.node, integrity: "sha512-a" },
  "node_modules/level": { version: "10.0.0", integrity: "sha512-b" },
  "node_modules/only-on-another-platform": { version: "1.0.0", integrity: "sha512-c", optional: true },
};
const { "node_modules/only-on-another-platform": _, ...installedWhole } = wanted;

let packages = 0;

/** Runs the script in a package where `installed` (none: undefined) lies in node_modules, and npm does `npmDoes`. */
function ensure(installed: Record<string, Entry> | undefined, npmDoes = "exit 0", withNode = true) {
  const root = path.join(folder, `package-${packages++}`);
  const ownBin = path.join(root, "node_modules/.bin");
  const npmFolder = path.join(root, "npm-folder");
  cpSync(binFolder, path.join(root, "bin"), { recursive: true });
  mkdirSync(npmFolder);
  writeFileSync(path.join(root, "package.json"), '{"type":"module"}');
  writeFileSync(path.join(root, "package-lock.json"), JSON.stringify({ packages: { "": {}, ...wanted } }));
  writeFileSync(path.join(root, "whole.json"), JSON.stringify({ packages: installedWhole }));
  if (installed !== undefined) {
    mkdirSync(ownBin, { recursive: true });
    writeFileSync(
      path.join(root, "node_modules/.package-lock.json"),
      JSON.stringify({ packages: installed }),
    );
    if (withNode) symlinkSync(process.execPath, path.join(ownBin, "node"));
  }
  const npm = path.join(npmFolder, "npm");
  writeFileSync(npm, `#!/bin/sh\necho "npm $*"\necho "PATH $PATH"\n${npmDoes}\n`);
  chmodSync(npm, 0o755);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [path.join(root, "bin/ensure-installed.js")],
    {
      encoding: "utf8",
      // As npm does it: the package's own programs first.
      env: { PATH: [ownBin, npmFolder, process.env.PATH].join(path.delimiter) },
    },
  );
  return { root, ownBin, status, stdout, stderr };
}

const installs = `mkdir -p node_modules/.bin
cp whole.json node_modules/.package-lock.json
ln -sf "${process.execPath}" node_modules/.bin/node`;

describe("bin/ensure-installed.js", () => {
  it("does nothing where all is in place, packages for other platforms aside", () => {
    for (const installed of [installedWhole, wanted]) {
      const { status, stdout, stderr } = ensure(installed, "exit 1");
      assert.deepEqual([status, stdout, stderr], [0, "", ""]);
    }
  });

  const level = { version: "10.0.0", integrity: "sha512-b" };
  const reasons: [string, Parameters<typeof ensure>[0], boolean, RegExp][] = [
    ["nothing is installed", undefined, true, /nothing is installed yet/],
    ["a package is missing", { "node_modules/node": wanted["node_modules/node"]! }, true, /level is missing/],
    [
      "a version differs",
      { ...installedWhole, "node_modules/level": { ...level, version: "9.0.0" } },
      true,
      /level differs/,
    ],
    [
      "bytes differ",
      { ...installedWhole, "node_modules/level": { ...level, integrity: "" } },
      true,
      /level differs/,
    ],
    ["one is too many", { ...installedWhole, "node_modules/more": level }, true, /more is no longer needed/],
    ["the Node did not arrive", installedWhole, false, /its Node is missing/],
  ];
  for (const [what, installed, withNode, said] of reasons) {
    it(`runs npm ci and says why where ${what}`, () => {
      const { root, ownBin, status, stdout } = ensure(installed, installs, withNode);
      assert.equal(status, 0, stdout);
      assert.match(stdout, said);
      assert.match(stdout, /^npm ci /m);
      assert.match(stdout, /^Installed in \d+ s$/m);
      // npm replaces node_modules, so it must not run on the Node in there.
      assert.ok(!stdout.includes(`PATH ${ownBin}`));
      assert.ok(existsSync(path.join(root, "node_modules/.bin/node")));
    });
  }

  it("says what to do and ends with 1 where npm fails", () => {
    const { status, stderr } = ensure(undefined, "exit 7");
    assert.equal(status, 1);
    assert.match(stderr, /^Packages are not installed: npm ci ended with 7\. .* npm ci\n$/);
  });

  it("believes what lies there, not npm's exit code", () => {
    const { status, stderr } = ensure(undefined, "exit 0");
    assert.equal(status, 1);
    assert.match(stderr, /nothing is installed yet/);
  });
});
