/** Runs `npm ci` where node_modules/ is not what package-lock.json asks for; plain JavaScript, for any Node. */
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const binFolder = path.join(root, "node_modules", ".bin");

const missing = whatIsMissing();
if (missing !== undefined) await install(missing);

/** The reason for an install, in words; undefined where all is in place. */
function whatIsMissing() {
  const wanted = readPackages(path.join(root, "package-lock.json"));
  const installed = readPackages(path.join(root, "node_modules", ".package-lock.json"));
  if (wanted === undefined) return "package-lock.json cannot be read";
  if (installed === undefined) return "nothing is installed yet";
  for (const [name, entry] of Object.entries(wanted)) {
    if (name === "") continue;
    const found = installed[name];
    // npm leaves out optional packages that are made for another platform.
    if (found === undefined && (entry.optional || entry.devOptional)) continue;
    if (found === undefined) return `${name} is missing`;
    if (found.version !== entry.version || found.integrity !== entry.integrity) return `${name} differs`;
  }
  for (const name of Object.keys(installed)) {
    if (wanted[name] === undefined) return `${name} is no longer needed`;
  }
  // The runtime comes from an install script, which an interrupted or foreign install has not run here.
  const runtime = spawnSync(path.join(binFolder, "node"), ["--version"], { encoding: "utf8" });
  if (runtime.stdout?.trim() !== `v${wanted["node_modules/node"]?.version}`) return "its Node is missing";
  return undefined;
}

function readPackages(file) {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8")).packages;
  } catch {
    return undefined;
  }
}

function install(reason) {
  console.log(`Installing packages with npm ci (${reason}) …`);
  // npm must not run on the Node inside the node_modules that it is about to replace.
  const searched = (process.env.PATH ?? "").split(path.delimiter).filter((folder) => folder !== binFolder);
  const env = { ...process.env, PATH: searched.join(path.delimiter) };
  // `error` hides npm's remarks on packages that want a newer Node than npm itself runs on: ours comes along.
  const options = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
  const npm = spawn("npm", options, {
    cwd: root,
    env,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  const beganMs = Date.now();
  const secondsTaken = () => Math.round((Date.now() - beganMs) / 1000);
  // Where npm has no terminal to draw on it says nothing until the end.
  const progress = setInterval(() => console.log(`  … npm ci, ${secondsTaken()} s`), 5000);
  if (process.stdout.isTTY) clearInterval(progress);
  return new Promise((resolve) => {
    const finish = (problem) => {
      clearInterval(progress);
      const stillMissing = problem ?? whatIsMissing();
      if (stillMissing === undefined) console.log(`Installed in ${secondsTaken()} s`);
      else {
        console.error(`Packages are not installed: ${stillMissing}. Check the network, then run: npm ci`);
        process.exitCode = 1;
      }
      resolve();
    };
    npm.once("error", (error) => finish(`npm cannot be started (${error.message})`));
    npm.once("exit", (code, signal) =>
      finish(code === 0 ? undefined : `npm ci ended with ${signal ?? code}`),
    );
  });
}
