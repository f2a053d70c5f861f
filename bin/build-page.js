/** Bundles src/web with Vite into a folder that a node serves as it is: hashed names, each file also compressed. Run by Node 24. */
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import zlib from "node:zlib";
import { browserHalves, hasSideEffects } from "./bundle.js";
import { buildStampName } from "./freshness.js";
import { licencesOf, packagesNoted } from "./page-licences.js";

/**
 * @param {string} root the project
 * @param {string} outDir made anew
 */
export async function buildPage(root, outDir) {
  const began = new Date();
  const { build } = await import("vite");
  const packages = new Set();
  const { version } = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8"));
  await build({
    root: path.join(root, "src", "web"),
    // Below any path: a node's page is at its root, behind a proxy it may be elsewhere.
    base: "./",
    configFile: false,
    logLevel: "warn",
    clearScreen: false,
    plugins: [browserHalves(root), packagesNoted(packages)],
    define: { __PAGE_VERSION__: JSON.stringify(version) },
    worker: {
      format: "es",
      plugins: () => [browserHalves(root), packagesNoted(packages)],
      rolldownOptions: { treeshake: hasSideEffects },
    },
    oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
    build: {
      outDir,
      emptyOutDir: true,
      target: "es2022",
      // A data: URL would need a looser policy.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      rolldownOptions: {
        treeshake: hasSideEffects,
        // A slow machine is no fault of the page.
        checks: { pluginTimings: false },
        output: {
          entryFileNames: "assets/[name]-[hash].js",
          // A page by its folder: all of them are called page.tsx.
          chunkFileNames: ({ facadeModuleId }) =>
            `assets/${/\/pages\/([\w-]+)\/page\.tsx$/.exec(facadeModuleId ?? "")?.[1] ?? "[name]"}-[hash].js`,
          assetFileNames: "assets/[name]-[hash][extname]",
        },
      },
    },
  });
  writeLabPage(outDir);
  fs.writeFileSync(path.join(outDir, "licences.json"), JSON.stringify(licencesOf(packages)));
  compressAll(outDir);
  const stamp = path.join(outDir, buildStampName);
  fs.writeFileSync(stamp, "");
  // The time at which the build began: a file saved meanwhile is newer than this build.
  fs.utimesSync(stamp, began, began);
}

/** The same page as the demo serves it: it has a lab, and its nodes are below /nodes. */
function writeLabPage(outDir) {
  const text = fs.readFileSync(path.join(outDir, "index.html"), "utf8");
  fs.writeFileSync(path.join(outDir, "lab.html"), text.replace("<html ", "<html data-lab "));
}

/** Once here instead of at each request. */
function compressAll(folder) {
  const files = fs.readdirSync(folder, { recursive: true, withFileTypes: true });
  for (const entry of files.filter((each) => each.isFile())) {
    const file = path.join(entry.parentPath, entry.name);
    const bytes = fs.readFileSync(file);
    fs.writeFileSync(
      `${file}.br`,
      zlib.brotliCompressSync(bytes, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 11 } }),
    );
    fs.writeFileSync(`${file}.gz`, zlib.gzipSync(bytes, { level: 9 }));
  }
}

// `node bin/build-page.js [OUTPUT]`, for bin/build.js, which may run on an older Node.
if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const root = path.dirname(import.meta.dirname);
  await buildPage(root, path.resolve(process.argv[2] ?? path.join(root, "dist", "web")));
}
