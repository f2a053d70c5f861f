/** Builds src/ into dist/ with tsc, the program's few files and dist/client/browser.js of it with rolldown and the page in dist/web with Vite, unless dist/ is current already (`--force` builds in any case). */
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
  const programBundler = path.join(root, "bin", "bundle-program.js");
  if (spawnSync(node, [programBundler], { cwd: root, stdio: "inherit" }).status !== 0) {
    console.error("Build failed: the program is not there. Mend the errors above, then run: npm run build");
    return 1;
  }
  // From src/, of which rolldown takes the types away by itself.
  const bundler = path.join(root, "bin", "bundle.js");
  const argv = [bundler, path.join("src", "client", "index.ts"), path.join(dist, "client", "browser.js")];
  if (spawnSync(node, argv, { cwd: root, stdio: "inherit" }).status !== 0) {
    console.error(
      "Build failed: the client for browsers is not there. Mend the errors above, then run: npm run build",
    );
    return 1;
  }
  const pageBuilder = path.join(root, "bin", "build-page.js");
  if (spawnSync(node, [pageBuilder, path.join(dist, "web")], { cwd: root, stdio: "inherit" }).status !== 0) {
    console.error("Build failed: the page is not there. Mend the errors above, then run: npm run build");
    return 1;
  }
  writeLibrary(dist);
  copyPrograms(root, dist);
  const stamp = path.join(dist, buildStampName);
  fs.writeFileSync(stamp, "");
  // The time at which the build began: a file saved while tsc ran is newer than this build.
  fs.utimesSync(stamp, began, began);
  console.log(`Built dist/ in ${((Date.now() - began.getTime()) / 1000).toFixed(1)} s`);
  return 0;
}

/** What is no TypeScript and goes with the program: the verifier in Python, which bundles of ledgers hold. */
function copyPrograms(from, dist) {
  const verifier = path.join("attest", "verifier", "verify_ledger.py");
  fs.mkdirSync(path.dirname(path.join(dist, verifier)), { recursive: true });
  fs.copyFileSync(path.join(from, "src", verifier), path.join(dist, verifier));
}

/**
 * The package's door for programs. dist/index.js cannot say that a Node is too old: Node first resolves all that is
 * imported, and ends with an error about node:sqlite. So the door looks at the version before it opens index.js, by
 * require(), which gives the names at once: `import "aurex"` and `require("aurex")` both work.
 */
function writeLibrary(dist) {
  const index = fs.readFileSync(path.join(dist, "index.js"), "utf8");
  const lists = [...index.matchAll(/export \{([^}]*)\} from/g)].flatMap(([, names]) => names.split(","));
  const names = lists.map((name) => name.trim().split(" as ").at(-1)).filter((name) => name !== "");
  const text = `/** The package's door: says what is needed if this Node is too old, else opens index.js. Written by bin/build.js. */
import { createRequire } from "node:module";

if (Number.parseInt(process.versions.node, 10) < 24) {
  const error = new Error(
    \`aurex needs Node 24 or newer and this is \${process.version}: run npm install node@24 in your project, then start your program with npx node or an npm script\`,
  );
  // Where it was thrown helps nobody.
  error.stack = \`Error: \${error.message}\`;
  throw error;
}
const library = createRequire(import.meta.url)("./index.js");
export const { ${names.join(", ")} } = library;
`;
  fs.writeFileSync(path.join(dist, "library.js"), text);
}
