/** Holds the node to the packages and the places at the top level that its users asked for by name. */
import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import path from "node:path";
import { it } from "node:test";

const root = path.join(import.meta.dirname, "../..");
const packages = [
  "libp2p",
  "@libp2p/tcp",
  "@chainsafe/libp2p-gossipsub",
  "@chainsafe/libp2p-noise",
  "@libp2p/mdns",
  "level",
  "uint8arrays",
];
const places = ["package.json", "tsconfig.json", "src", "bin", "test", "config", "README.md"];

it("the node depends on each package that was asked for, and uses it", () => {
  const { dependencies } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
  const sources = globSync("src/**/*.ts", { cwd: root }).map((file) =>
    readFileSync(path.join(root, file), "utf8"),
  );
  // A type alone would leave the package out of what runs.
  const isImported = (name: string) => {
    const statement = new RegExp(`^import (?!type )[^;"]*"${name}(?:/[^"]*)?";`, "m");
    return sources.some((source) => statement.test(source));
  };
  assert.deepEqual(
    packages.filter((name) => !Object.hasOwn(dependencies, name) || !isImported(name)),
    [],
  );
});

it("what was asked for at the top level is there", () => {
  assert.deepEqual(
    places.filter((place) => !existsSync(path.join(root, place))),
    [],
  );
});
