/** Writes one chain into an open ledger: which block comes next, where file and chain part, and what is final. */
import { bytesEqual, toHex } from "../base/bytes.ts";
import type { Logger } from "../base/logger.ts";
import { type Block, decodeBlock } from "../protocol/block.ts";
import type { Certificate } from "../protocol/certificate.ts";
import { contentFault } from "../store/damaged-blocks.ts";
import type { ChainMeta, Cursor } from "./chain-meta.ts";
import type { BlockFacts } from "./chain-tables.ts";
import { ExportError } from "./export-error.ts";
import type { ChainView, FedBlock, FedBlocks, FeedLimits, LedgerFeed } from "./ledger-feed.ts";

/** What the next SQL transaction is for. */
export type WriteStep =
  | { readonly kind: "append"; readonly cursor: Cursor | undefined; readonly view: ChainView }
  | { readonly kind: "final"; readonly cursor: Cursor; readonly view: ChainView }
  | {
      readonly kind: "reorganize";
      readonly cursor: Cursor;
      readonly view: ChainView;
      readonly forkHeight: number;
    };

export interface WrittenBatch {
  /** Of the last block in the file. */
  readonly index: number;
  /** Hex. */
  readonly hash: string;
  /** Of the block up to which rows are wanted. */
  readonly headHeight: number;
  readonly blocks: number;
  readonly transactions: number;
  readonly reorganized: boolean;
}

export interface ChainWriterOptions {
  /** Path of the ledger, for errors. */
  readonly file: string;
  /** Rows to one SQL transaction; every block is written whole. */
  readonly rowsPerTransaction: number;
  /** The first block with rows: above 0 the file is an excerpt. */
  readonly firstHeight: number;
}

type Awaitable<Value> = Value | Promise<Value>;

/** One chain's rows in a database, as `ChainTables` keeps them in a file. */
export interface WrittenTables {
  meta(): Awaitable<ChainMeta | undefined>;
  hashAt(height: number): Awaitable<string | undefined>;
  begin(genesisHash: string, nowMs: number): Awaitable<number>;
  append(block: Block, facts: BlockFacts): Awaitable<void>;
  finish(cursor: Cursor, nowMs: number): Awaitable<void>;
  setFinal(final: Cursor, certificate: Certificate | undefined): Awaitable<void>;
  forget(): void;
  rewind(meta: ChainMeta, forkHeight: number, nowMs: number): Awaitable<number | bigint>;
  finishReorganization(reorgId: number | bigint, tip: Cursor): Awaitable<void>;
}

export interface ChainWriterModules {
  readonly tables: WrittenTables;
  readonly feed: LedgerFeed;
  readonly logger: Logger;
}

/** Thrown out of an SQL transaction, which is rolled back: the chain has moved away from what it began to write. */
export class ChainMoved extends Error {
  override name = "ChainMoved";
}

const blocksPerTransaction = 1_000;
/** Of one answer; one more is asked for while it is written, and that is all that waits in memory. */
const answerLimits: FeedLimits = { bytes: 4 * 1024 * 1024, blocks: 2_000 };
const hashesPerAnswer = 1_000;

export class ChainWriter {
  readonly #file: string;
  readonly #rowsPerTransaction: number;
  readonly #firstHeight: number;
  readonly #tables: WrittenTables;
  readonly #feed: LedgerFeed;
  readonly #logger: Logger;
  /** Hash of the cursor that this object wrote last: another one means that somebody else has written. */
  #writtenHash: string | undefined;
  /** Blocks that are not written yet, the hash of the block that they follow, and the view of the chain that they are from. */
  #waiting: readonly FedBlock[] = [];
  #waitingAfter: string | undefined;
  #view: ChainView | undefined;
  /** The answer that follows `#waiting`, and the block that it was asked to follow. */
  #ahead: { readonly hash: string; readonly answer: Promise<FedBlocks> } | undefined;

  constructor(options: ChainWriterOptions, modules: ChainWriterModules) {
    this.#file = options.file;
    this.#rowsPerTransaction = options.rowsPerTransaction;
    this.#firstHeight = options.firstHeight;
    this.#tables = modules.tables;
    this.#feed = modules.feed;
    this.#logger = modules.logger;
  }

  /** Forgets what was read of the chain ahead of its writing: the next step begins with what the file says. */
  reset(): void {
    this.#waiting = [];
    this.#view = undefined;
    this.#ahead = undefined;
  }

  /**
   * What is to be written next; undefined if the file has every block, and what is final. Outside of a transaction.
   *
   * @throws ExportError if file and chain do not go together, or a block is missing
   */
  async next(): Promise<WriteStep | undefined> {
    const meta = await this.#tables.meta();
    if (meta && meta.firstHeight !== this.#firstHeight) throw this.#otherRange(meta);
    const cursor = meta?.cursor;
    if (this.#waiting.length > 0 && this.#view && cursor?.hash === this.#waitingAfter) {
      return { kind: "append", cursor, view: this.#view };
    }
    const { view, isOnChain, blocks, fault } = await this.#answerAfter(cursor);
    if (meta) this.#checkGenesis(meta, view);
    if (cursor && !isOnChain) return this.#nextElsewhere(meta, cursor);
    if (blocks.length > 0) {
      this.#wait(blocks, cursor, view);
      return { kind: "append", cursor, view };
    }
    if (fault) throw this.#incomplete(fault.height, fault.why, fault.next);
    const isFinalNew = meta && newFinal(view, meta.cursor, meta);
    return isFinalNew ? { kind: "final", cursor: meta.cursor, view } : undefined;
  }

  /** The last block of the file is not on the chain: it is another branch's, or the chain does not reach so far (yet). */
  async #nextElsewhere(meta: ChainMeta, cursor: Cursor): Promise<WriteStep | undefined> {
    const { forkHeight, view } = await this.#findFork(meta, cursor);
    if (forkHeight < view.headHeight) {
      // The chain may have come back to the file's branch since the first answer.
      return forkHeight < cursor.index ? { kind: "reorganize", cursor, view, forkHeight } : this.next();
    }
    this.#logger.debug({ cursor: cursor.index, head: view.headHeight }, "the ledger is ahead of the chain");
    return newFinal(view, cursor, meta) ? { kind: "final", cursor, view } : undefined;
  }

  #wait(blocks: readonly FedBlock[], after: Cursor | undefined, view: ChainView): void {
    this.#waiting = blocks;
    this.#waitingAfter = after?.hash;
    this.#view = view;
  }

  async #answerAfter(cursor: Cursor | undefined): Promise<FedBlocks> {
    const ahead = this.#ahead;
    this.reset();
    if (ahead && ahead.hash === cursor?.hash) return ahead.answer;
    return this.#feed.blocksAfter(cursor, answerLimits);
  }

  /** The highest block that file and chain share. */
  async #findFork(meta: ChainMeta, cursor: Cursor): Promise<{ forkHeight: number; view: ChainView }> {
    let last = cursor.index;
    for (;;) {
      const first = Math.max(0, last - hashesPerAnswer + 1);
      const { view, hashes } = await this.#feed.hashes(first, last);
      this.#checkGenesis(meta, view);
      if (view.headHeight < first) {
        last = view.headHeight;
        if (last < 0) return { forkHeight: last, view };
        continue;
      }
      for (let height = Math.min(last, view.headHeight); height >= first; height -= 1) {
        const hash = hashes[height - first];
        if (hash && (await this.#tables.hashAt(height)) === toHex(hash)) return { forkHeight: height, view };
      }
      // The walk ends at block 0, which #checkGenesis has compared.
      if (first === 0) return { forkHeight: 0, view };
      last = first - 1;
    }
  }

  /** Writes a step; inside of a write transaction, which the caller holds, and rolls back if this throws. */
  async write(step: WriteStep, nowMs: number): Promise<WrittenBatch> {
    const meta = await this.#tables.meta();
    // Another program has written since the step was planned.
    if (meta?.cursor.hash !== step.cursor?.hash) throw new ChainMoved();
    if (meta?.cursor.hash !== this.#writtenHash) this.#tables.forget();
    const { headHeight } = step.view;
    if (step.kind === "final") {
      const final = meta && newFinal(step.view, step.cursor, meta);
      if (final) await this.#tables.setFinal(final, final.certificate);
      return { ...step.cursor, headHeight, blocks: 0, transactions: 0, reorganized: false };
    }
    if (step.kind === "reorganize") return this.#reorganize(step, meta as ChainMeta, nowMs);
    const last = this.#waiting.at(-1) as FedBlock;
    if (!this.#ahead && last.height < headHeight) this.#askAhead(last);
    const chainNumber = meta?.chainNumber ?? (await this.#begin(step.view, nowMs));
    const { cursor, ...batch } = await this.#append(step.cursor, chainNumber, -1);
    await this.#finish(cursor, meta, nowMs);
    return { ...cursor, ...batch, headHeight, reorganized: false };
  }

  async #begin({ genesisHash }: ChainView, nowMs: number): Promise<number> {
    if (!genesisHash) throw this.#incomplete(0);
    return this.#tables.begin(toHex(genesisHash), nowMs);
  }

  /** The chain reads on while these blocks become rows. */
  #askAhead({ height, hash }: FedBlock): void {
    const cursor = { index: height, hash: toHex(hash) };
    const answer = this.#feed.blocksAfter(cursor, answerLimits);
    // Whoever waits for the answer gets the error; nobody may.
    answer.catch(() => undefined);
    this.#ahead = { hash: cursor.hash, answer };
  }

  /**
   * Makes rows of the waiting blocks, as many as go into one SQL transaction.
   *
   * @param atLeast height up to which blocks are written however many they are
   */
  async #append(after: Cursor | undefined, chainNumber: number, atLeast: number) {
    let cursor = after;
    let [blocks, transactions, rows] = [0, 0, 0];
    for (const fed of this.#waiting) {
      const isFull = blocks >= blocksPerTransaction || rows >= this.#rowsPerTransaction;
      if (fed.height > atLeast && isFull) break;
      const block = this.#decoded(fed, cursor);
      const { cumulativeWeight, authorityChanges } = fed;
      await this.#tables.append(block, { chainNumber, cumulativeWeight, authorityChanges });
      cursor = { index: fed.height, hash: block.hashHex };
      blocks += 1;
      transactions += block.transactions.length;
      rows += block.transactions.length + 1;
    }
    this.#waiting = this.#waiting.slice(blocks);
    this.#waitingAfter = cursor?.hash;
    return { cursor: cursor as Cursor, blocks, transactions };
  }

  async #finish(cursor: Cursor, meta: ChainMeta | undefined, nowMs: number): Promise<void> {
    await this.#tables.finish(cursor, nowMs);
    const final = this.#view && newFinal(this.#view, cursor, meta);
    if (final) await this.#tables.setFinal(final, final.certificate);
    this.#writtenHash = cursor.hash;
  }

  /** Takes the old branch back and writes the new one at least as far as the old one reached, so that no reader sees a gap. */
  async #reorganize(
    { cursor: old, forkHeight }: WriteStep & { kind: "reorganize" },
    meta: ChainMeta,
    nowMs: number,
  ): Promise<WrittenBatch> {
    if (meta.final && forkHeight < meta.final.index) throw this.#conflict(meta.final);
    const forkHash = await this.#tables.hashAt(forkHeight);
    // Below an excerpt there are no rows to compare.
    if (forkHash === undefined && this.#firstHeight > 0) {
      throw new ExportError(
        "export/excerpt",
        `${this.#file} does not follow the chain ${this.#feed.spec.name}`,
        `it is an excerpt that begins with block ${this.#firstHeight}, and the chain has replaced blocks below it`,
        "move it aside, and write the excerpt anew",
      );
    }
    if (forkHash === undefined) throw new ChainMoved();
    this.reset();
    const reorgId = await this.#tables.rewind(meta, forkHeight, nowMs);
    let cursor: Cursor = { index: forkHeight, hash: forkHash };
    let [blocks, transactions] = [0, 0];
    let headHeight: number;
    do {
      const { view, isOnChain, blocks: found, fault } = await this.#feed.blocksAfter(cursor, answerLimits);
      headHeight = view.headHeight;
      if (!isOnChain || (found.length === 0 && !fault)) throw new ChainMoved();
      if (found.length === 0) throw this.#incomplete(fault?.height ?? 0, fault?.why, fault?.next);
      this.#wait(found, cursor, view);
      const batch = await this.#append(cursor, meta.chainNumber, old.index);
      cursor = batch.cursor;
      blocks += batch.blocks;
      transactions += batch.transactions;
    } while (cursor.index < old.index && cursor.index < headHeight);
    await this.#tables.finishReorganization(reorgId, cursor);
    // The block that the certificate is for may have left with the old branch.
    await this.#finish(cursor, { ...meta, hasCertificate: false }, nowMs);
    this.#logger.info(
      { fork: forkHeight, old: old.index, new: cursor.index },
      "the ledger followed a reorganization",
    );
    return { ...cursor, headHeight, blocks, transactions, reorganized: true };
  }

  /** The block of these bytes, which must be the one of this hash in all its parts, and follow the cursor. */
  #decoded({ height, hash, bytes, seal }: FedBlock, cursor: Cursor | undefined): Block {
    const decoded = decodeBlock(bytes);
    const block = decoded.ok ? decoded.value : undefined;
    const fault = block
      ? contentFault(block, { hash, header: block.header, seal: seal ?? block.seal })
      : "it does not decode";
    if (!block || fault !== undefined) {
      this.#feed.blockIsDamaged(hash);
      throw this.#incomplete(height, `it is damaged: ${fault}`);
    }
    const { header } = block;
    const isNext =
      header.height === height &&
      height === (cursor?.index ?? -1) + 1 &&
      bytesEqual(header.chainId, this.#feed.spec.chainId) &&
      (cursor === undefined || toHex(header.parentHash) === cursor.hash);
    if (!isNext) throw this.#incomplete(height, "it does not follow the one before it");
    return block;
  }

  #incomplete(height: number, why = "it is missing", next?: string): ExportError {
    return new ExportError(
      "export/source-incomplete",
      `the chain ${this.#feed.spec.name} cannot be exported beyond block ${height}`,
      why,
      next ?? "start the node on its data directory, so that it checks and mends its store",
    );
  }

  #otherRange({ firstHeight }: ChainMeta): ExportError {
    const [what, next] =
      firstHeight === 0
        ? ["a whole ledger", "leave --from out, or name another file"]
        : [
            `an excerpt that begins with block ${firstHeight}`,
            `name another file, or bring it up to date with --from ${firstHeight}`,
          ];
    return new ExportError(
      "export/excerpt",
      `${this.#file} is not written from block ${this.#firstHeight} on`,
      `it is ${what}`,
      next,
    );
  }

  #conflict(final: Cursor): ExportError {
    return new ExportError(
      "export/conflicts-with-final",
      `${this.#file} does not follow the chain ${this.#feed.spec.name}`,
      `block ${final.index} (${final.hash}) is final in the file, and the chain has another in its place`,
      "ask other nodes which of the two they have; then name another file for this chain",
    );
  }

  #checkGenesis(meta: ChainMeta, view: ChainView): void {
    const genesisHash = view.genesisHash && toHex(view.genesisHash);
    if (meta.genesisHash === genesisHash) return;
    throw new ExportError(
      "export/genesis-mismatch",
      `${this.#file} holds another chain of the same id`,
      `its block 0 is ${meta.genesisHash}, this chain's is ${genesisHash ?? "missing"}`,
      "name another file, or move this one aside",
    );
  }
}

/** A final block, and what makes it final if that is known and lies in the file. */
interface FinalBlock extends Cursor {
  readonly certificate: Certificate | undefined;
}

/** The highest block up to `tip` that is final for the chain, where the file does not say so yet, or not what makes it final. */
function newFinal(
  { final, certificate }: ChainView,
  tip: Cursor,
  known: ChainMeta | undefined,
): FinalBlock | undefined {
  if (!final) return undefined;
  const reached = final.height >= tip.index ? tip : { index: final.height, hash: toHex(final.hash) };
  const knownIndex = known?.final?.index ?? -1;
  if (reached.index < knownIndex || (reached.index === knownIndex && known?.hasCertificate)) return undefined;
  // The file has the authorities of the blocks in it, which are those of the next one, too, but for a change in that one.
  const highest = reached.index === tip.index ? tip.index + 1 : tip.index;
  const isThere = reached.index === final.height && certificate && certificate.targetHeight <= highest;
  const shown = isThere ? certificate : undefined;
  return reached.index > knownIndex || shown ? { ...reached, certificate: shown } : undefined;
}
