/** Writes one chain into an open ledger: which block comes next, where file and chain part, and what is final. */
import { bytesEqual, toHex } from "../base/bytes.ts";
import type { Logger } from "../base/logger.ts";
import type { Block } from "../protocol/block.ts";
import type { Certificate } from "../protocol/certificate.ts";
import type { ChainMeta, ChainTables, Cursor } from "./chain-tables.ts";
import { ExportError } from "./export-error.ts";
import type { LedgerSource } from "./ledger-source.ts";

export interface WrittenBatch {
  /** Of the last block in the file. */
  readonly index: number;
  readonly blocks: number;
  readonly transactions: number;
  readonly reorganized: boolean;
}

/** A final block, and what makes it final if that is known and lies in the file. */
interface FinalBlock extends Cursor {
  readonly certificate: Certificate | undefined;
}

export interface ChainWriterOptions {
  /** Path of the ledger, for errors. */
  readonly file: string;
  /** Rows to one SQL transaction; every block is written whole. */
  readonly rowsPerTransaction: number;
}

export interface ChainWriterModules {
  readonly tables: ChainTables;
  readonly source: LedgerSource;
  readonly logger: Logger;
}

const blocksPerTransaction = 1_000;

/** Every method but `isInStep` belongs inside a write transaction, which the caller holds. */
export class ChainWriter {
  readonly #file: string;
  readonly #rowsPerTransaction: number;
  readonly #tables: ChainTables;
  readonly #source: LedgerSource;
  readonly #logger: Logger;
  /** Hash of the cursor that this object wrote last: another one means that somebody else has written. */
  #writtenHash: string | undefined;

  constructor(options: ChainWriterOptions, modules: ChainWriterModules) {
    this.#file = options.file;
    this.#rowsPerTransaction = options.rowsPerTransaction;
    this.#tables = modules.tables;
    this.#source = modules.source;
    this.#logger = modules.logger;
  }

  /** Whether the file has every block up to the head, and what is final. */
  isInStep(): boolean {
    const meta = this.#tables.meta();
    if (!meta) return false;
    this.#checkGenesis(meta);
    const { height } = this.#source.head.header;
    const atHead = meta.cursor.index === height && meta.cursor.hash === this.#sourceHash(height);
    return atHead && !this.#newFinal(meta.cursor, meta);
  }

  /** The highest block up to `tip` that is final for the chain, where the file does not say so yet, or not what makes it final. */
  #newFinal(tip: Cursor, known: ChainMeta | undefined): FinalBlock | undefined {
    const { final } = this.#source;
    if (!final) return undefined;
    const reached = final.height >= tip.index ? tip : { index: final.height, hash: toHex(final.hash) };
    const knownIndex = known?.final?.index ?? -1;
    if (reached.index < knownIndex || (reached.index === knownIndex && known?.hasCertificate))
      return undefined;
    const certificate = reached.index === final.height ? this.#certificateUpTo(tip) : undefined;
    return reached.index > knownIndex || certificate ? { ...reached, certificate } : undefined;
  }

  /** What makes the source's final block final, if the block that it certifies is in the file with its authorities. */
  #certificateUpTo(tip: Cursor): Certificate | undefined {
    const { finalCertificate } = this.#source;
    if (!finalCertificate || finalCertificate.targetHeight > tip.index) return undefined;
    const targetHash = toHex(finalCertificate.targetHash);
    return this.#sourceHash(finalCertificate.targetHeight) === targetHash ? finalCertificate : undefined;
  }

  /** One SQL transaction's worth: a reorganization with its new branch, or the next blocks. */
  writeBatch(nowMs: number): WrittenBatch {
    const headHeight = this.#source.head.header.height;
    const meta = this.#tables.meta();
    if (meta) this.#checkGenesis(meta);
    if (meta?.cursor.hash !== this.#writtenHash) this.#tables.forget();
    const forkHeight = meta ? this.#forkHeight(meta.cursor) : -1;
    const before = meta?.cursor.index ?? -1;
    if (meta && forkHeight === headHeight) {
      if (before > headHeight)
        this.#logger.debug({ cursor: before, head: headHeight }, "the ledger is ahead of the chain");
      const final = this.#newFinal(meta.cursor, meta);
      if (final) this.#tables.setFinal(final, final.certificate);
      return { index: before, blocks: 0, transactions: 0, reorganized: false };
    }
    if (meta?.final && forkHeight < meta.final.index) throw this.#conflict(meta.final);
    const chainNumber = meta?.chainNumber ?? this.#tables.begin(this.#requiredHash(0), nowMs);
    const reorgId = meta && forkHeight < before ? this.#tables.rewind(meta, forkHeight, nowMs) : undefined;
    let cursor: Cursor = { index: forkHeight, hash: meta ? this.#requiredHash(forkHeight) : "" };
    let [blocks, transactions, rows] = [0, 0, 0];
    // A new branch is written at least as far as the old one reached, so that no reader sees a gap.
    while (
      cursor.index < headHeight &&
      (cursor.index < before || (blocks < blocksPerTransaction && rows < this.#rowsPerTransaction))
    ) {
      const block = this.#blockAfter(cursor);
      this.#tables.append(block, {
        chainNumber,
        cumulativeWeight: this.#source.headerOf(block.hash)?.cumulativeWeight,
        authorityChanges: this.#source.authorityChanges(block),
      });
      cursor = { index: block.header.height, hash: block.hashHex };
      blocks += 1;
      transactions += block.transactions.length;
      rows += block.transactions.length + 1;
    }
    if (reorgId !== undefined) {
      this.#tables.finishReorganization(reorgId, cursor);
      this.#logger.info(
        { fork: forkHeight, old: before, new: cursor.index },
        "the ledger followed a reorganization",
      );
    }
    this.#tables.finish(cursor, nowMs);
    // The block that the certificate is for may have left with the old branch.
    const known = meta && (reorgId === undefined ? meta : { ...meta, hasCertificate: false });
    const final = this.#newFinal(cursor, known);
    if (final) this.#tables.setFinal(final, final.certificate);
    this.#writtenHash = cursor.hash;
    return { index: cursor.index, blocks, transactions, reorganized: reorgId !== undefined };
  }

  /** The highest block that file and chain share. */
  #forkHeight(cursor: Cursor): number {
    let height = Math.min(cursor.index, this.#source.head.header.height);
    // The walk ends at block 0, which #checkGenesis has compared.
    while (height > 0 && this.#tables.hashAt(height) !== this.#sourceHash(height)) height -= 1;
    return height;
  }

  #blockAfter(cursor: Cursor): Block {
    const height = cursor.index + 1;
    const hash = this.#source.hashAtHeight(height);
    const block = hash && this.#source.block(hash);
    const isNext =
      block?.header.height === height &&
      bytesEqual(block.header.chainId, this.#source.spec.chainId) &&
      (height === 0 || toHex(block.header.parentHash) === cursor.hash);
    if (block && isNext) return block;
    throw this.#incomplete(height);
  }

  #incomplete(height: number): ExportError {
    return new ExportError(
      "export/source-incomplete",
      `the chain ${this.#source.spec.name} cannot be exported`,
      `its block ${height} is missing or does not follow the one before it`,
      "start the node on its data directory, so that it checks and mends its store",
    );
  }

  #conflict(final: Cursor): ExportError {
    return new ExportError(
      "export/conflicts-with-final",
      `${this.#file} does not follow the chain ${this.#source.spec.name}`,
      `block ${final.index} (${final.hash}) is final in the file, and the chain has another in its place`,
      "ask other nodes which of the two they have; then name another file for this chain",
    );
  }

  #checkGenesis(meta: ChainMeta): void {
    const genesisHash = this.#sourceHash(0);
    if (meta.genesisHash === genesisHash) return;
    throw new ExportError(
      "export/genesis-mismatch",
      `${this.#file} holds another chain of the same id`,
      `its block 0 is ${meta.genesisHash}, this chain's is ${genesisHash ?? "missing"}`,
      "name another file, or move this one aside",
    );
  }

  #sourceHash(height: number): string | undefined {
    const hash = this.#source.hashAtHeight(height);
    return hash && toHex(hash);
  }

  #requiredHash(height: number): string {
    const hash = this.#sourceHash(height);
    if (hash === undefined) throw this.#incomplete(height);
    return hash;
  }
}
