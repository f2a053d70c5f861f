/** The long steps: all of them by default, some by name, and every file that they run is there. */
import assert from "node:assert/strict";
import { existsSync, globSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { longSteps, stepsNamed } from "./steps.ts";

const root = path.join(import.meta.dirname, "../..");

describe("the long steps", () => {
  it("run files that are there", () => {
    for (const { name, argv } of longSteps) {
      const files = argv.filter((each) => each.endsWith(".ts"));
      assert.ok(files.length > 0, name);
      for (const file of files) assert.ok(existsSync(path.join(root, file)), file);
    }
  });

  it("leave out no file that npm test leaves to them", () => {
    const named = new Set(longSteps.flatMap(({ argv }) => argv));
    const files = globSync("test/**/*.long.ts", { cwd: root });
    assert.ok(files.length > 40, `${files.length} files`);
    assert.deepEqual(
      files.filter((file) => !named.has(file)),
      [],
    );
  });

  it("each have a name of their own", () => {
    assert.equal(new Set(longSteps.map(({ name }) => name)).size, longSteps.length);
  });

  it("are all of them, or those that are named", () => {
    assert.deepEqual(stepsNamed([]), longSteps);
    assert.deepEqual(
      stepsNamed(["chaos", "seeds"]).map(({ name }) => name),
      ["seeds", "chaos"],
    );
    assert.throws(() => stepsNamed(["chaos", "sleep"]), /no step sleep/);
  });
});
