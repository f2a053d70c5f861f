/** One export into files, once it is known what to write: the files, then the manifest, then all of it in its place. */
import { writeFileSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import type { Row } from "../rows.ts";
import { ledgerSchemaVersion } from "../schema.ts";
import { ChainDigest } from "./chain-digest.ts";
import type { FileFormat } from "./file-format.ts";
import { blockTableNames, blockTables, wholeTables } from "./file-tables.ts";
import type { PlannedChain } from "./files-plan.ts";
import type { ExportFilesModules, ExportFilesOptions, ExportFilesReport } from "./files-request.ts";
import { hashOf, reading, rowsOfBlocks } from "./ledger-rows.ts";
import {
  type FilesManifest,
  type ManifestChain,
  type ManifestFile,
  manifestFormat,
  manifestName,
  partPath,
} from "./manifest.ts";
import { RangeFiles, writeTable } from "./range-files.ts";
import { StagedFolder } from "./staged-folder.ts";

/** The work was given up at the wish of `signal`. */
export class ExportFilesStopped extends Error {
  override name = "ExportFilesStopped";
}

/** How long the work goes on before others have a turn: the signal, and whoever looks at a terminal. */
const turnMs = 50;

export class FilesJob {
  readonly #db: DatabaseSync;
  readonly #options: ExportFilesOptions & { readonly blocksPerFile: number };
  readonly #plans: readonly PlannedChain[];
  readonly #earlier: FilesManifest | undefined;
  readonly #modules: ExportFilesModules;
  readonly #parts: ManifestFile[] = [];
  readonly #chains: ManifestChain[] = [];
  #kept = 0;
  #blocks = 0;
  #blocksTotal = 0;
  #turnAtMs = performance.now();

  constructor(
    db: DatabaseSync,
    options: ExportFilesOptions & { readonly blocksPerFile: number },
    plans: readonly PlannedChain[],
    earlier: FilesManifest | undefined,
    modules: ExportFilesModules,
  ) {
    this.#db = db;
    this.#options = options;
    this.#plans = plans;
    this.#earlier = earlier;
    this.#modules = modules;
  }

  async run(): Promise<ExportFilesReport> {
    const { folder, ledger, format } = this.#options;
    for (const plan of this.#plans) this.#blocksTotal += blocksToRead(plan);
    const staged = new StagedFolder(folder);
    try {
      for (const plan of this.#plans) await this.#writeChain(plan, staged);
      this.#keepOtherChains(staged);
      for (const table of wholeTables) {
        await this.#turn();
        this.#parts.push(writeTable(staged, this.#target, table, this.#rowsOf(table.name)));
      }
      writeFileSync(staged.place(manifestName), `${JSON.stringify(this.#manifest(), undefined, 1)}\n`, {
        flush: true,
      });
      await this.#turn(true);
      await staged.commit();
    } catch (thrown) {
      staged.abandon();
      throw thrown;
    }
    return {
      ...{ folder, ledger, format },
      chains: this.#chains.map(({ ranges: _, ...chain }) => chain),
      filesWritten: this.#parts.length - this.#kept,
      filesKept: this.#kept,
      rows: this.#parts.reduce((sum, { rows }) => sum + rows, 0),
      bytes: this.#parts.reduce((sum, { bytes }) => sum + bytes, 0),
    };
  }

  get #target(): { readonly format: FileFormat; readonly exactTexts: boolean } {
    return { format: this.#options.format, exactTexts: this.#options.exactTexts ?? false };
  }

  async #writeChain({ chain, from, to, ranges }: PlannedChain, staged: StagedFolder): Promise<void> {
    const digest = new ChainDigest(chain, from, this.#modules.digester);
    const written: ManifestChain["ranges"] = [];
    for (const range of ranges) {
      if (range.kept) {
        for (const part of range.kept.parts) staged.keep(part.path);
        this.#parts.push(...range.kept.parts);
        this.#kept += range.kept.parts.length;
        written.push(range.kept.range);
        digest.skipTo(range.kept.range);
        continue;
      }
      // An excerpt's rows before it are read for the digest alone.
      for (const block of digest.missing(this.#db)) {
        digest.append(block);
        await this.#read();
      }
      const files = new RangeFiles(staged, this.#target, chain.chainId, range);
      let hash = "";
      try {
        if (range.from === from) files.openAll();
        for (const block of rowsOfBlocks(this.#db, chain, range)) {
          digest.append(block);
          files.write(block);
          hash = String(block.block.hash);
          await this.#read();
        }
        this.#parts.push(...files.end());
      } finally {
        files.abandon();
      }
      written.push({ from: range.from, to: range.to, hash, contentDigest: digest.hex });
    }
    const { meta, final } = chain;
    const finalHeight = final === undefined ? undefined : Math.min(final, to);
    this.#chains.push({
      chainId: chain.chainId,
      name: String(meta.name),
      consensus: String(meta.consensus),
      genesisHash: String(meta.genesis_hash),
      from,
      head: { height: to, hash: String(hashOf(this.#db, chain, to)) },
      final:
        finalHeight === undefined || finalHeight < chain.first
          ? null
          : { height: finalHeight, hash: String(hashOf(this.#db, chain, finalHeight)) },
      contentDigest: written.at(-1)?.contentDigest ?? null,
      ranges: written,
    });
  }

  /** Chains of the folder that were not asked for now. */
  #keepOtherChains(staged: StagedFolder): void {
    for (const chain of this.#earlier?.chains ?? []) {
      if (this.#chains.some(({ chainId }) => chainId === chain.chainId)) continue;
      const parts = (this.#earlier?.parts ?? []).filter(
        ({ chainId, table, from, path }) =>
          chainId === chain.chainId &&
          from !== null &&
          path === partPath(table, this.#options.format, { chainId, from }),
      );
      for (const part of parts) staged.keep(part.path);
      this.#parts.push(...parts);
      this.#kept += parts.length;
      this.#chains.push(chain);
    }
  }

  /** Rows of a small table, of the chains that the folder holds; `meta` says what the files hold, not what the ledger does. */
  *#rowsOf(table: string): Iterable<Row> {
    const columns = new Set(
      this.#db
        .prepare(`PRAGMA table_info(${table})`)
        .all()
        .map(({ name }) => name),
    );
    const chains = new Map(this.#chains.map((chain) => [chain.chainId, chain]));
    for (const row of reading(
      this.#db,
      `SELECT * FROM main.${table} ORDER BY 1, 2`,
    ).iterate() as Iterable<Row>) {
      const chain = chains.get(String(row.chain_id));
      if (table === "meta" && chain) yield metaOf(row, chain);
      else if (chain || table === "nodes" || !columns.has("chain_id")) yield row;
    }
  }

  #manifest(): FilesManifest {
    const { format, blocksPerFile, exactTexts } = this.#options;
    const tables = [...blockTableNames.map((name) => blockTables[name]), ...wholeTables];
    return {
      format: manifestFormat,
      files: format,
      schemaVersion: ledgerSchemaVersion,
      blocksPerFile,
      formulaEscape: format === "csv" && !exactTexts ? "'" : null,
      chains: this.#chains,
      tables: tables.map(({ name, meaning, columns }) => ({
        ...{ name, meaning },
        columns: columns.map((column) => ({
          ...{ name: column.name, type: column.kind, meaning: column.meaning, unit: column.unit },
        })),
      })),
      parts: this.#parts,
    };
  }

  async #read(): Promise<void> {
    this.#blocks += 1;
    await this.#turn();
  }

  async #turn(isLast = false): Promise<void> {
    const nowMs = performance.now();
    if (nowMs - this.#turnAtMs < turnMs && !isLast) return;
    await new Promise((resolved) => setImmediate(resolved));
    this.#turnAtMs = performance.now();
    this.#modules.onProgress?.({ blocks: this.#blocks, blocksTotal: this.#blocksTotal });
    if (this.#modules.signal?.aborted) throw new ExportFilesStopped();
  }
}

function blocksToRead({ chain, from, ranges }: PlannedChain): number {
  const written = ranges.filter(({ kept }) => kept === undefined);
  const isBefore = chain.first === 0 && ranges[0]?.kept === undefined;
  return written.reduce((sum, range) => sum + range.to - range.from + 1, isBefore ? from : 0);
}

function metaOf(row: Row, { from, head, final }: ManifestChain): Row {
  const isWhole = row.cursor_hash === head.hash;
  return {
    ...row,
    first_index: BigInt(from),
    cursor_index: BigInt(head.height),
    cursor_hash: head.hash,
    final_index: final === null ? null : BigInt(final.height),
    final_hash: final === null ? null : final.hash,
    final_certificate: isWhole ? (row.final_certificate ?? null) : null,
  };
}
