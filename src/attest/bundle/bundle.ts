/** Writes a bundle: one archive with a ledger and all that it takes to check it, for somebody who trusts nobody. */

import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, existsSync, type Stats, statSync } from "node:fs";
import fs from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { createGzip } from "node:zlib";
import { create } from "tar";
import { syncDirectory } from "../../base/durable-file.ts";
import { isPidTaken } from "../../base/process-life.ts";
import { chainSpecToJson } from "../../protocol/chain-spec-json.ts";
import type { ChainSpec } from "../../protocol/genesis.ts";
import { type DigestDocument, encodeDigest } from "../digest-document.ts";
import { stopped } from "../stopped.ts";
import { type BundledChain, bundleReadme } from "./bundle-readme.ts";

export interface BundleContents {
  readonly chains: readonly { readonly spec: ChainSpec; readonly digest: DigestDocument }[];
  /** The audit's report, as JSON and as a page. */
  readonly reportJson: string;
  readonly reportPage: string;
  /** Whether every check of the audit held. */
  readonly holds: boolean;
  /** Of this program. */
  readonly version: string;
}

export interface BundleModules {
  readonly onProgress?:
    | ((progress: { readonly bytes: number; readonly bytesTotal: number }) => void)
    | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface BundleReport {
  /** Absolute. */
  readonly file: string;
  readonly bytes: number;
  /** Names in the archive. */
  readonly names: readonly string[];
}

const verifierFile = fileURLToPath(new URL("../verifier/verify_ledger.py", import.meta.url));
const ledgerName = "ledger.sqlite";
const verifierName = "verify_ledger.py";
/** Every file in a bundle has it, so that one content makes one archive. */
const memberTime = new Date(0);
const archiveMode = 0o644;

/** A folder beside the target in which a bundle comes together. */
export class BundleFolder {
  /** Absolute. */
  readonly target: string;
  readonly #folder: string;
  readonly #name: string;

  private constructor(target: string) {
    this.target = target;
    this.#name = folderNameOf(target);
    this.#folder = path.join(path.dirname(target), `.${path.basename(target)}.${process.pid}.partial`);
  }

  /** @param target a name without {@link targetFault} */
  static async open(target: string): Promise<BundleFolder> {
    const bundle = new BundleFolder(path.resolve(target));
    await bundle.#removeLeftovers();
    // Not with its parents: a directory that is not there is most often a wrong letter.
    await fs.mkdir(bundle.#folder);
    await fs.mkdir(path.dirname(bundle.ledger));
    return bundle;
  }

  /** What a process that was killed has left of the same bundle. */
  async #removeLeftovers(): Promise<void> {
    const directory = path.dirname(this.target);
    const start = `.${path.basename(this.target)}.`;
    for (const name of await fs.readdir(directory)) {
      const [, pid] =
        /^(\d{1,10})\.partial$/.exec(name.startsWith(start) ? name.slice(start.length) : "") ?? [];
      if (pid === undefined || (Number(pid) !== process.pid && isPidTaken(Number(pid)))) continue;
      await fs.rm(path.join(directory, name), { recursive: true, force: true });
    }
  }

  /** Where the ledger has to be put: one that nobody writes to, in journal mode DELETE. */
  get ledger(): string {
    return this.#pathOf(ledgerName);
  }

  /** Removes whatever is left of the work. */
  async remove(): Promise<void> {
    await fs.rm(this.#folder, { recursive: true, force: true });
  }

  /**
   * Writes the archive and gives it its name once it is whole and on disk.
   *
   * @throws AttestError if it is stopped
   */
  async write(contents: BundleContents, modules: BundleModules = {}): Promise<BundleReport> {
    const names = await this.#fill(contents);
    const sums = await this.#checksums(names, modules.signal);
    await fs.writeFile(this.#pathOf("SHA256SUMS"), sums);
    await fs.chmod(this.#pathOf("SHA256SUMS"), archiveMode);
    const members = ["README.txt", "SHA256SUMS", ...names.slice(1)].map((name) => `${this.#name}/${name}`);
    const archive = path.join(this.#folder, "archive");
    await this.#pack(members, archive, modules);
    await fs.rename(archive, this.target);
    await syncDirectory(path.dirname(this.target));
    const { size: bytes } = await fs.stat(this.target);
    return { file: this.target, bytes, names: members };
  }

  /** @returns the names in their order, the page that is read first at the front */
  async #fill({ chains, reportJson, reportPage, holds, version }: BundleContents): Promise<string[]> {
    const bundled: BundledChain[] = [];
    const texts: [string, string][] = [];
    for (const { spec, digest } of chains) {
      const short = digest.chainId.slice(0, 16);
      const chain = { digest, digestName: `digest-${short}.json`, specName: `genesis-${short}.json` };
      bundled.push(chain);
      texts.push([chain.digestName, encodeDigest(digest)], [chain.specName, chainSpecToJson(spec)]);
    }
    texts.push(["audit.json", reportJson], ["audit.html", reportPage]);
    texts.unshift(["README.txt", bundleReadme(bundled, holds, version)]);
    for (const [name, text] of texts) await fs.writeFile(this.#pathOf(name), text, { mode: archiveMode });
    await fs.copyFile(verifierFile, this.#pathOf(verifierName));
    const names = [...texts.map(([name]) => name), verifierName, ledgerName];
    // Whatever the umask and the mode of the ledger were: one content makes one archive.
    for (const name of names) await fs.chmod(this.#pathOf(name), archiveMode);
    return names;
  }

  async #checksums(names: readonly string[], signal: AbortSignal | undefined): Promise<string> {
    let sums = "";
    for (const name of names) {
      const hash = createHash("sha256");
      for await (const chunk of createReadStream(this.#pathOf(name), { highWaterMark: 1024 * 1024 })) {
        if (signal?.aborted) throw stopped();
        hash.update(chunk as Buffer);
      }
      sums += `${hash.digest("hex")}  ${name}\n`;
    }
    return sums;
  }

  async #pack(
    members: readonly string[],
    archive: string,
    { onProgress, signal }: BundleModules,
  ): Promise<void> {
    const sizes = await Promise.all(members.map((name) => fs.stat(path.join(this.#folder, name))));
    const bytesTotal = sizes.reduce((sum, { size }) => sum + size, 0);
    const packing = create({ cwd: this.#folder, portable: true, mtime: memberTime, jobs: 1, strict: true }, [
      ...members,
    ]);
    const output = createWriteStream(archive, { flags: "wx", mode: archiveMode, flush: true });
    const counting = async function* (chunks: AsyncIterable<Uint8Array>) {
      let bytes = 0;
      for await (const chunk of chunks) {
        bytes += chunk.length;
        onProgress?.({ bytes: Math.min(bytes, bytesTotal), bytesTotal });
        yield chunk;
      }
    };
    try {
      const options = signal ? { signal } : {};
      await pipeline(packing as AsyncIterable<Uint8Array>, counting, createGzip(), output, options);
    } catch (thrown) {
      throw signal?.aborted ? stopped() : thrown;
    }
  }

  #pathOf(name: string): string {
    return path.join(this.#folder, this.#name, name);
  }
}

/** The folder that the archive unpacks into: its own name without the ending. */
export function folderNameOf(file: string): string {
  return path.basename(file).replace(/(?:\.tar\.gz|\.tgz)$/i, "");
}

/** Why a file cannot become a bundle's; undefined if it can. */
export function targetFault(target: string, force: boolean): string | undefined {
  const file = path.resolve(target);
  if (!/\.(?:tar\.gz|tgz)$/i.test(file)) return "its name does not end in .tar.gz or .tgz";
  if (!/^[\w.@+-]+$/.test(folderNameOf(file)) || /^[.-]/.test(folderNameOf(file))) {
    return "its name becomes that of a folder: letters, digits, and . _ @ + - can stand in it";
  }
  const found: Stats | undefined = existsSync(file) ? statSync(file) : undefined;
  if (found?.isDirectory()) return "it is a directory";
  return found && !force ? "it is there already" : undefined;
}
