/** Builds src/ into dist/ with tsc, unless dist/ is current already (`--force` builds in any case). */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { buildStampName, isDistCurrent } from "./freshness.js";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

if (process.argv.includes("--force") || !isDistCurrent(root)) {
  process.exitCode = build();
}

function build() {
  const dist = path.join(root, "dist");
  const began = new Date();
  console.log("Building dist/ with tsc …");
  // A file that was removed from src/ must not live on in dist/.
  fs.rmSync(dist, { recursive: true, force: true });
  const node = path.join(root, "node_modules", ".bin", "node");
  const compiler = path.join(root, "node_modules", "typescript", "bin", "tsc");
  const { status } = spawnSync(node, [compiler, "-p", "tsconfig.build.json"], {
    cwd: root,
    stdio: "inherit",
  });
  if (status !== 0) {
    console.error("Build failed: dist/ is not there. Mend the errors above, then run: npm run build");
    return 1;
  }
  const stamp = path.join(dist, buildStampName);
  fs.writeFileSync(stamp, "");
  // The time at which the build began: a file saved while tsc ran is newer than this build.
  fs.utimesSync(stamp, began, began);
  console.log(`Built dist/ in ${((Date.now() - began.getTime()) / 1000).toFixed(1)} s`);
  return 0;
}
