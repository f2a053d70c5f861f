/** What ships may ship: every package in it has a licence that goes with Apache-2.0 OR MIT, and ours are in the package. */
import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";

const root = path.join(import.meta.dirname, "../..");
const read = (file: string) => readFileSync(path.join(root, file), "utf8");

/** Ask for a notice at most, and let work that contains them have any licence. */
const permissive = new Set([
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "ISC",
  "MIT",
]);
/** Copyleft of single files: fine for a tool that we run and do not pass on. */
const forToolsOnly = new Set([...permissive, "MPL-2.0"]);

/** Of `A OR B` one is enough. */
function isOneOf(licence: unknown, allowed: ReadonlySet<string>): boolean {
  if (typeof licence !== "string") return false;
  const choices = licence.replace(/^\((.*)\)$/, "$1").split(" OR ");
  return choices.some((choice) => allowed.has(choice));
}

interface Entry {
  readonly dev?: boolean;
  readonly devOptional?: boolean;
}

/** Of every package of the lock file that is installed here, its own word in its own package.json. */
function installedPackages(): { name: string; isTool: boolean; licence: unknown }[] {
  const lock = JSON.parse(read("package-lock.json")) as { packages: Record<string, Entry> };
  return Object.entries(lock.packages).flatMap(([name, { dev }]) => {
    const file = path.join(root, name, "package.json");
    if (name === "" || !existsSync(file)) return [];
    const { license, licenses } = JSON.parse(readFileSync(file, "utf8"));
    return [{ name, isTool: dev === true, licence: license ?? licenses?.[0]?.type }];
  });
}

/** Packages whose code Vite puts into the page: devDependencies that ship all the same. */
function packagesOfThePage(): string[] {
  const sources = globSync("src/web/**/*.{ts,tsx,css}", { cwd: root });
  const imported = sources.flatMap((file) =>
    [...read(file).matchAll(/(?:from|import)\s*\(?"((?:@[^/"]+\/)?[^./"][^/"]*)/g)].map(([, name]) => name),
  );
  return [...new Set(imported as string[])].filter((name) =>
    existsSync(path.join(root, "node_modules", name)),
  );
}

describe("licences", () => {
  const packages = installedPackages();

  it("of every package that comes along at run time are permissive", () => {
    const shipped = packages.filter(({ isTool }) => !isTool);
    assert.ok(shipped.length > 80, String(shipped.length));
    assert.deepEqual(
      shipped.filter(({ licence }) => !isOneOf(licence, permissive)),
      [],
    );
  });

  it("of what is built into the page are permissive, too", () => {
    const inPage = packagesOfThePage();
    assert.ok(inPage.includes("preact"), inPage.join(" "));
    const licences = packages.filter(({ name }) => inPage.some((one) => name === `node_modules/${one}`));
    assert.deepEqual(
      licences.filter(({ licence }) => !isOneOf(licence, permissive)),
      [],
    );
  });

  it("of tools may be copyleft for single files, since nobody gets the tools from us", () => {
    assert.deepEqual(
      packages.filter(({ licence }) => !isOneOf(licence, forToolsOnly)),
      [],
    );
  });

  it("would show one that does not fit", () => {
    for (const licence of [
      "GPL-3.0-only",
      "UNLICENSED",
      "SEE LICENSE IN x",
      undefined,
      "AGPL-3.0 OR MPL-2.0",
    ]) {
      assert.equal(isOneOf(licence, permissive), false, licence);
    }
    for (const licence of ["MIT", "(MIT OR GPL-3.0)", "Apache-2.0 OR MIT"]) {
      assert.equal(isOneOf(licence, permissive), true, licence);
    }
  });

  it("of our own are named in package.json, and their texts are in the package", () => {
    const { license, files } = JSON.parse(read("package.json"));
    assert.equal(license, "Apache-2.0 OR MIT");
    assert.match(read("LICENSE"), /SPDX-License-Identifier: Apache-2\.0 OR MIT/);
    assert.match(read("LICENSE-APACHE"), /Apache License\s+Version 2\.0/);
    assert.match(read("LICENSE-MIT"), /^MIT License\n\nCopyright \(c\) \d{4} The Aurex authors\n/);
    for (const file of [
      "LICENSE",
      "LICENSE-APACHE",
      "LICENSE-MIT",
      "SECURITY.md",
      "CONTRIBUTING.md",
      "deploy",
    ]) {
      assert.ok(files.includes(file), file);
      assert.ok(existsSync(path.join(root, file)) || file === "deploy", file);
    }
  });
});

describe("links in LICENSE, CONTRIBUTING.md and SECURITY.md", () => {
  for (const page of ["CONTRIBUTING.md", "SECURITY.md"]) {
    it(`${page} lead to files and chapters that exist`, () => {
      const links = [...read(page).matchAll(/\]\(([^)#]*)(?:#([^)]*))?\)/g)];
      assert.ok(links.length > 2);
      for (const [, file = "", anchor] of links) {
        assert.ok(existsSync(path.join(root, file)), file);
        if (anchor === undefined) continue;
        const anchors = [...read(file).matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
          title
            .toLowerCase()
            .replace(/[^\w\- ]/g, "")
            .replaceAll(" ", "-"),
        );
        assert.ok(anchors.includes(anchor), `${file}#${anchor}`);
      }
    });
  }
});
