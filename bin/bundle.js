/** Bundles a module of src/ for browsers: one ES module that imports nothing. Run by Node 24 with rolldown installed. */
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

/**
 * What `@chainsafe/ssz` takes from `@chainsafe/as-sha256`, without its WebAssembly: that is 100 kB, and a page whose
 * Content-Security-Policy is strict may not run it.
 */
const sszDigest = `
import { sha256 } from "@noble/hashes/sha2.js";
export { byteArrayIntoHashObject, byteArrayToHashObject, hashObjectToByteArray } from "HASH_OBJECT";
import { byteArrayToHashObject, hashObjectToByteArray } from "HASH_OBJECT";
export const allocUnsafe = (size = 0) => new Uint8Array(size);
export function digest64HashObjects(left, right) {
  const pair = new Uint8Array(64);
  hashObjectToByteArray(left, pair, 0);
  hashObjectToByteArray(right, pair, 32);
  return byteArrayToHashObject(sha256(pair), 0);
}
`;

/** What `@chainsafe/ssz` needs of Node's Buffer: it writes lengths of at most 48 bits. */
const sszBuffer = `
export class Buffer extends Uint8Array {
  static from(buffer, start, length) {
    return new Buffer(buffer, start, length);
  }
  static alloc(length) {
    return new Buffer(length);
  }
  writeUIntLE(value, start, length) {
    let rest = value;
    for (let index = start; index < start + length; index += 1) {
      this[index] = rest % 256;
      rest = Math.floor(rest / 256);
    }
  }
}
`;

/** What is left in the bundle of a file that only helps to declare routes. */
const typebox = `
const nothing = () => ({});
export const Type = new Proxy({}, { get: () => nothing });
`;

/**
 * The routes that a file of src/api declares, without schemas and texts: a client calls by method and path, and nothing
 * in the bundle checks a schema. Undefined for a file that exports functions: it stays as it is.
 */
async function bareRoutes(file) {
  const exported = Object.entries(await import(pathToFileURL(file).href));
  if (exported.length === 0 || exported.some(([, value]) => typeof value === "function")) return undefined;
  const lines = exported.map(
    ([name, value]) => `export const ${name} = ${JSON.stringify(bareValue(value))};`,
  );
  return lines.join("\n");
}

function bareValue(value) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  // A schema.
  if (!("path" in value && "answers" in value)) return {};
  const { method, path, media, token, stream, octets } = value;
  const answers = Object.fromEntries(Object.keys(value.answers).map((status) => [status, {}]));
  return { method, path, media, token, stream, octets, answers };
}

const typeboxId = "\0typebox";
const sszBufferId = "\0ssz-buffer";
const sszDigestId = "\0ssz-digest";

/** Puts the browser's half of each pair in the place of Node's. */
export function browserHalves(root) {
  const require = createRequire(path.join(root, "package.json"));
  const sszRequire = createRequire(require.resolve("@chainsafe/ssz"));
  return {
    name: "browser-halves",
    // Before what the bundler resolves by itself.
    enforce: "pre",
    async resolveId(source, importer) {
      if (source === "@chainsafe/as-sha256") return sszDigestId;
      if (source === sszBufferId) return sszBufferId;
      if (source === "typebox") return typeboxId;
      // As users of the package write it.
      if (source === "aurex/client") return path.join(root, "src", "client", "index.ts");
      // ssz's Merkle tree still asks for version 1 of this library; one copy is enough.
      if (source === "@noble/hashes/sha256")
        return this.resolve("@noble/hashes/sha2.js", path.join(root, "package.json"));
      if (importer === sszDigestId && source.startsWith("@"))
        return this.resolve(source, path.join(root, "package.json"));
      if (importer === undefined || !/\/native\.[jt]s$/.test(source)) return null;
      const native = await this.resolve(source, importer, { skipSelf: true });
      const portable = native?.id.replace(/native(\.[jt]s)$/, "portable$1");
      return portable !== undefined && fs.existsSync(portable) ? { id: portable } : native;
    },
    async load(id) {
      if (path.dirname(id) === path.join(root, "src", "api")) {
        const code = await bareRoutes(id);
        return code === undefined ? null : { code, moduleSideEffects: false, moduleType: "js" };
      }
      if (id === typeboxId) return { code: typebox, moduleSideEffects: false };
      if (id === sszBufferId) return { code: sszBuffer, moduleSideEffects: false };
      if (id !== sszDigestId) return null;
      const hashObject = path.join(path.dirname(sszRequire.resolve("@chainsafe/as-sha256")), "hashObject.js");
      return { code: sszDigest.replaceAll("HASH_OBJECT", hashObject), moduleSideEffects: false };
    },
    transform(code, id) {
      const isSsz = id.includes(path.join("@chainsafe", "ssz"));
      return isSsz && /\bBuffer\b/.test(code)
        ? `import { Buffer } from ${JSON.stringify(sszBufferId)};\n${code}`
        : null;
    },
  };
}

/** Which modules do something when they are loaded: those of the page and of tests may, the others and the libraries do not. */
export const hasSideEffects = {
  moduleSideEffects: (id) => !/[\\/](?:node_modules|src[\\/](?!web[\\/]))/.test(id),
};

/**
 * @param {string} root the project
 * @param {string} input the module, `.ts` or `.js`
 * @param {{ minify?: boolean }} [options]
 * @returns {Promise<{ code: string, modules: string[] }>} the text of the bundle, and the files that are in it
 */
export async function bundleForBrowser(root, input, { minify = true } = {}) {
  const { rolldown } = await import("rolldown");
  const build = await rolldown({
    input,
    platform: "browser",
    plugins: [browserHalves(root)],
    treeshake: hasSideEffects,
    // Else a busy machine makes a warning of its slowness, and the build fails.
    checks: { bundlerTimings: false },
    onLog(level, log) {
      // What cannot be resolved would be imported by the browser, which has no such module.
      if (level === "warn") throw new Error(log.message);
    },
  });
  try {
    const { output } = await build.generate({ format: "esm", minify, codeSplitting: false });
    const [{ code, modules, imports }] = output;
    if (imports.length > 0) throw new Error(`the bundle imports ${imports.join(", ")}`);
    return { code, modules: Object.keys(modules) };
  } finally {
    await build.close();
  }
}

// `node bin/bundle.js INPUT OUTPUT`, for bin/build.js, which may run on an older Node.
if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [input, output] = process.argv.slice(2);
  const root = path.dirname(import.meta.dirname);
  const { code } = await bundleForBrowser(root, path.resolve(input));
  fs.writeFileSync(output, code);
}
