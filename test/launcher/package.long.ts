/** The package as another project gets it: packed, unpacked into node_modules/, imported and started by old and new Nodes. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";

const root = path.join(import.meta.dirname, "../..");
const folder = mkdtempSync(path.join(tmpdir(), "aurex-package-"));
const project = path.join(folder, "project");
const installed = path.join(project, "node_modules/aurex");
after(() => rmSync(folder, { recursive: true, force: true }));

function run(program: string, argv: readonly string[], cwd: string) {
  const { status, stdout, stderr } = spawnSync(program, argv, { cwd, encoding: "utf8" });
  return { status, stdout, stderr };
}

/** Every Node that is too old and is there: a real one on the PATH, and one that only says so. */
function oldNodes(): string[] {
  const pretender = path.join(folder, "old-node");
  writeFileSync(
    path.join(folder, "old.mjs"),
    'Object.defineProperty(process, "version", { value: "v20.20.2" });\n' +
      'Object.defineProperty(process.versions, "node", { value: "20.20.2" });\n' +
      `Object.defineProperty(process, "execPath", { value: ${JSON.stringify(pretender)} });\n`,
  );
  writeFileSync(pretender, `#!/bin/sh\nexec "${process.execPath}" --import "${folder}/old.mjs" "$@"\n`);
  chmodSync(pretender, 0o755);
  const folders = (process.env.PATH ?? "").split(path.delimiter).map((entry) => path.join(entry, "node"));
  const real = folders.find((node) =>
    /^v(?:1\d|2[0-3])\./.test(run(node, ["--version"], folder).stdout ?? ""),
  );
  return real === undefined ? [pretender] : [pretender, real];
}

before(() => {
  const source = path.join(folder, "source");
  for (const entry of [
    "package.json",
    "bin",
    "src",
    "config",
    "docs",
    "README.md",
    "CHANGELOG.md",
    "tsconfig.json",
    "tsconfig.build.json",
  ]) {
    cpSync(path.join(root, entry), path.join(source, entry), { recursive: true });
  }
  symlinkSync(path.join(root, "node_modules"), path.join(source, "node_modules"));
  const built = run(process.execPath, ["bin/build.js", "--force"], source);
  assert.equal(built.status, 0, built.stdout + built.stderr);
  const packed = run("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], source);
  assert.equal(packed.status, 0, packed.stderr);
  const [{ filename }] = JSON.parse(packed.stdout) as [{ filename: string }];
  mkdirSync(installed, { recursive: true });
  const untarred = run(
    "tar",
    ["-xzf", path.join(folder, filename), "-C", installed, "--strip-components=1"],
    folder,
  );
  assert.equal(untarred.status, 0, untarred.stderr);
  for (const name of readdirSync(path.join(root, "node_modules"))) {
    if (name.startsWith(".")) continue;
    symlinkSync(path.join(root, "node_modules", name), path.join(project, "node_modules", name));
  }
  writeFileSync(path.join(project, "package.json"), '{ "name": "consumer", "type": "module" }\n');
  writeFileSync(
    path.join(project, "use.js"),
    'import * as aurex from "aurex";\nconsole.log(Object.keys(aurex).sort().join());\n',
  );
  writeFileSync(
    path.join(project, "use-client.js"),
    'import * as client from "aurex/client";\nconsole.log(Object.keys(client).sort().join());\n',
  );
  writeFileSync(path.join(project, "use.cjs"), 'console.log(Object.keys(require("aurex")).sort().join());\n');
});

describe("the package in another project", () => {
  it("holds every page that README links to", () => {
    const readme = readFileSync(path.join(installed, "README.md"), "utf8");
    const links = [...readme.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map((match) => match[1] as string);
    assert.ok(links.length > 3);
    for (const link of links) assert.ok(existsSync(path.join(installed, link)), link);
  });

  it("is imported and required with all its names, without a word on stderr", async () => {
    const names = Object.keys(await import("../../src/index.ts"))
      .sort()
      .join();
    for (const file of ["use.js", "use.cjs"]) {
      assert.deepEqual(run(process.execPath, [file], project), {
        status: 0,
        stdout: `${names}\n`,
        stderr: "",
      });
    }
  });

  it("has a door for clients: the same names in Node and, as one module that imports nothing, in browsers", async () => {
    const names = Object.keys(await import("../../src/client/index.ts"))
      .sort()
      .join();
    const printed = { status: 0, stdout: `${names}\n`, stderr: "" };
    assert.deepEqual(run(process.execPath, ["use-client.js"], project), printed);
    const forBrowsers = ["--conditions=browser", "use-client.js"];
    assert.deepEqual(run(process.execPath, forBrowsers, project), printed);
    const bundle = readFileSync(path.join(installed, "dist/client/browser.js"), "utf8");
    const forbidden = /["'`]node:|WebAssembly|\beval\(|(?:^|[;}])import\b.{0,30}/g;
    assert.deepEqual(bundle.match(forbidden) ?? [], []);
    assert.ok(existsSync(path.join(installed, "dist/client/index.d.ts")));
  });

  it("has the program in few files, which ask for nothing but Node and what npm installs with the package", () => {
    const files = readdirSync(path.join(installed, "dist/program"));
    const texts = files
      .filter((file) => file.endsWith(".js"))
      .map((file) => readFileSync(path.join(installed, "dist/program", file), "utf8"));
    assert.ok(texts.length > 0 && texts.length < 400, `${texts.length} files`);
    const asked = texts.flatMap((text) => [
      ...text.matchAll(/^(?:import|export) [^"]*"([^"./][^"]*)";$|(?<!\{)\bimport\("([^"./][^"]*)"\)/gm),
    ]);
    const { dependencies } = JSON.parse(readFileSync(path.join(installed, "package.json"), "utf8"));
    const names = new Set(asked.map(([, fixed, late]) => fixed ?? late ?? ""));
    assert.ok(names.has("classic-level") || names.has("level"));
    const strangers = [...names].filter(
      (name) => !isBuiltin(name) && !((name.match(/^(?:@[^/]+\/)?[^/]+/)?.[0] as string) in dependencies),
    );
    assert.deepEqual(strangers, []);
    // Each library is in it once and has its licence beside it.
    const licences = JSON.parse(
      readFileSync(path.join(installed, "dist/program/licences.json"), "utf8"),
    ) as readonly { readonly name: string }[];
    assert.ok(licences.some(({ name }) => name === "libp2p"));
    // A thread begins with one of them, too.
    for (const door of ["cli/main", "export/export-worker", "verifier/verify-worker"])
      assert.match(
        readFileSync(path.join(installed, "dist", `${door}.js`), "utf8"),
        /"\.\.\/program\//,
        door,
      );
  });

  it("says which Node it needs when an older one imports it, and how to get it", () => {
    for (const node of oldNodes()) {
      const { status, stderr } = run(node, ["use.js"], project);
      assert.notEqual(status, 0);
      assert.match(
        stderr,
        /aurex needs Node 24 or newer and this is v\d+\.[\d.]+: run npm install node@24 in your project/,
      );
      assert.doesNotMatch(stderr, /ERR_UNKNOWN_BUILTIN_MODULE|node:sqlite/);
    }
  });

  it("says in one line what to install for the program, and runs on what was installed", () => {
    const program = path.join(installed, "bin/aurex-node.js");
    const old = oldNodes();
    for (const node of old) {
      const { status, stdout, stderr } = run(node, [program, "--version"], project);
      assert.deepEqual([status, stdout], [2, ""]);
      assert.match(
        stderr,
        /^aurex-node needs Node 24 or newer and this is v[\d.]+: run in (\S+): npm install node@24, then: npx aurex-node\n$/,
      );
      assert.ok(stderr.includes(`run in ${project}:`), stderr);
    }
    mkdirSync(path.join(project, "node_modules/.bin"), { recursive: true });
    symlinkSync(process.execPath, path.join(project, "node_modules/.bin/node"));
    for (const node of old) {
      const { status, stdout, stderr } = run(node, [program, "--version"], project);
      assert.equal(status, 0, stderr);
      assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
    }
  });
});
