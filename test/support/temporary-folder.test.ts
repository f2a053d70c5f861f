/** A test's folder is still there when the test's own hooks run. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { after, it } from "node:test";
import { folderUntilEnd } from "./temporary-folder.ts";

let folder = "";
let wasThere = false;

// Set after the one of temporary-folder.ts, and so it runs after it.
after(() => {
  assert.ok(wasThere, "it was there when the test's hooks ran");
  assert.ok(!existsSync(folder), "it is gone in the end");
});

it("outlives what a test closes at its end", async (t) => {
  folder = await folderUntilEnd("aurex-support-");
  t.after(async () => {
    await writeFile(path.join(folder, "last words"), "written while stopping");
    wasThere = existsSync(folder);
  });
});
