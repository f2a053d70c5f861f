/** Says whether dist/ was built from the src/ that is here now; plain JavaScript, so that any Node can ask. */
import fs from "node:fs";
import path from "node:path";

/** Written into dist/ after a build that succeeded, with the time at which that build began. */
export const buildStampName = ".built";

/**
 * True where `root`/dist is a whole build and nothing in `root`/src changed after that build began.
 * A folder's own time counts too: it moves when a file is removed. Without the sources (the published package
 * has only their READMEs) there is nothing to be older than.
 */
export function isDistCurrent(root) {
  const source = path.join(root, "src");
  const dist = path.join(root, "dist");
  if (!fs.existsSync(path.join(dist, "cli", "main.js"))) return false;
  if (!fs.existsSync(path.join(source, "cli", "main.ts"))) return true;
  const stamp = path.join(dist, buildStampName);
  if (!fs.existsSync(stamp)) return false;
  return newestChangeMs(source) < fs.statSync(stamp).mtimeMs;
}

/** True if `root`/dist/web was built and nothing in `root`/src changed after that build began. */
export function isPageCurrent(root) {
  const stamp = path.join(root, "dist", "web", buildStampName);
  return fs.existsSync(stamp) && newestChangeMs(path.join(root, "src")) < fs.statSync(stamp).mtimeMs;
}

function newestChangeMs(folder) {
  let newest = fs.statSync(folder).mtimeMs;
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const entryPath = path.join(folder, entry.name);
    const changed = entry.isDirectory() ? newestChangeMs(entryPath) : fs.statSync(entryPath).mtimeMs;
    newest = Math.max(newest, changed);
  }
  return newest;
}
