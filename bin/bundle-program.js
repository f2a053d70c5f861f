/** Puts the modules of the program into few files: what processes and threads begin with, and dist/program/ for what these load. Run by Node 24 with rolldown installed. */
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { licencesOf, packagesNoted } from "./page-licences.js";

/** Libraries that stay where npm puts them: they are native, or find files by their own place (commander only speaks of it). */
const outside = [
  "@chainsafe/hashtree",
  "classic-level",
  "commander",
  "level",
  "pg",
  "pino",
  "pino-pretty",
  "sodium-native",
];

/** What processes and threads begin with, each one folder below dist/. */
const doors = [
  "cli/main",
  "audit/audit-worker",
  "export/copy-worker",
  "export/export-worker",
  "verifier/verify-worker",
];

/**
 * A node loads about 2,000 modules, and Node.js needs more time to find and to open them than for all else until the API
 * answers. The modules stay beside the bundle, for programs that import the package.
 *
 * @param {string} root the project, whose dist/ tsc has just written
 */
export async function bundleProgram(root) {
  const { rolldown } = await import("rolldown");
  const dist = path.join(root, "dist");
  const packages = new Set();
  const build = await rolldown({
    cwd: root,
    input: Object.fromEntries(doors.map((door) => [door, path.join(dist, `${door}.js`)])),
    platform: "node",
    external: (id) => outside.some((name) => id === name || id.startsWith(`${name}/`)),
    plugins: [ownPlaces(dist), packagesNoted(packages)],
    // Else a busy machine makes a warning of its slowness, and the build fails.
    checks: { bundlerTimings: false, pluginTimings: false },
    onLog(level, log) {
      // What cannot be resolved would be missing where the program runs.
      if (level === "warn") throw new Error(log.message);
    },
  });
  try {
    // One folder below dist/, as the rooms are: see ownPlaces.
    const names = { entryFileNames: "[name].js", chunkFileNames: "program/[name]-[hash].js" };
    await build.write({ dir: dist, format: "esm", ...names });
  } finally {
    await build.close();
  }
  fs.writeFileSync(path.join(dist, "program", "licences.json"), JSON.stringify(licencesOf(packages)));
}

/** A module of ours that finds a file by its own place finds it from the bundle, too; a library that does so has to stay outside. */
function ownPlaces(dist) {
  return {
    name: "own-places",
    transform(code, id) {
      if (!id.startsWith(dist + path.sep)) {
        // "rolldown/runtime.js" is the bundler's own.
        if (
          path.isAbsolute(id) &&
          /\bimport\.meta\.(?:url|dirname|filename)\b|\b__(?:dirname|filename)\b/.test(code)
        )
          throw new Error(`${id} finds files by its own place: name its package in bin/bundle-program.js`);
        return null;
      }
      if (!code.includes("import.meta.")) return null;
      const place = `new URL(${JSON.stringify(`../${path.relative(dist, id).replaceAll(path.sep, "/")}`)}, import.meta.url)`;
      const by = {
        url: `${place}.href`,
        filename: `$fileURLToPath(${place})`,
        dirname: `$fileURLToPath(new URL(".", ${place}))`,
      };
      return code
        .replace(/\bimport\.meta\.(url|filename|dirname)\b/g, (_whole, name) => by[name])
        .concat('\nimport { fileURLToPath as $fileURLToPath } from "node:url";\n');
    },
  };
}

// For bin/build.js, which may run on an older Node.
if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
  await bundleProgram(path.dirname(import.meta.dirname));
