/** The audit of one chain of a file: the pass in order on this thread, beside the rebuilding on all of them. */
import { setImmediate as afterEvents } from "node:timers/promises";
import { toHex } from "../base/bytes.ts";
import { blockHash, headerRoot } from "../protocol/block.ts";
import type { BlockName } from "./audit-result.ts";
import type { AuditThreads } from "./audit-threads.ts";
import { stoppedAudit } from "./audit-threads.ts";
import type { ThreadTask } from "./audit-worker.ts";
import { type AuditedChain, rangesOf } from "./audited-chain.ts";
import type { ChainCheck, ChainCheckContext } from "./chain-check.ts";
import type { ChainSummary } from "./chain-result.ts";
import type { TallyBook } from "./check-report.ts";
import { DigestPrefix, type GivenDigest } from "./checks/append.ts";
import { checkObserved } from "./checks/observed.ts";
import { checkOrphans } from "./checks/orphans.ts";
import { type CheckName, shownText } from "./finding.ts";
import type { LedgerBlock } from "./ledger-block.ts";
import { type BlockRange, ledgerBlocks } from "./ledger-blocks.ts";
import type { LedgerReader } from "./ledger-reader.ts";
import { orderedChecks } from "./ordered-checks.ts";
import { RangeRebuilder, type RebuiltRange } from "./rebuilt-range.ts";
import { SignatureBatches } from "./signature-batches.ts";

export interface ChainAuditOptions {
  readonly chain: AuditedChain;
  readonly since: GivenDigest | undefined;
  /** Hashes of blocks that are known, hex. */
  readonly heads: readonly string[];
  /** Hashes of blocks that the auditor takes for final on the word of operators, hex. */
  readonly trustedHashes: readonly string[];
  /** The first chain judges the nodes of chains that the file does not hold, too. */
  readonly isFirst: boolean;
}

export interface ChainAuditModules {
  readonly reader: LedgerReader;
  readonly book: TallyBook;
  /** Undefined: the rebuilding is done on this thread, too. */
  readonly threads: AuditThreads | undefined;
  /** Told of the rows that the pass in order, or the rebuilding, has done. */
  readonly onRows: (pass: "ordered" | "rebuilt", rows: number) => void;
  readonly signal: AbortSignal | undefined;
}

type SignaturesTask = Extract<ThreadTask, { kind: "signatures" }>;

/** How long checks may hold the thread before a signal is heard. */
const sliceMs = 40;
/** Rows of one task for a thread: enough that a task takes longer than handing it out. */
const rowsPerTask = 4_000;

export async function auditChain(
  options: ChainAuditOptions,
  modules: ChainAuditModules,
): Promise<ChainSummary> {
  const { chain, since, heads } = options;
  const { reader, book } = modules;
  const summary: ChainSummary = {
    ...{ meta: chain.meta, blocks: 0, transactions: 0, head: null, knownHeight: null, knownHashes: [] },
    isExcerpt: chain.firstHeight > 0,
  };
  const prefix = since && new DigestPrefix(since, chain, reader);
  const ordered = inOrder(options, summary, modules);
  const rebuilding = rebuild(chain, since, prefix, modules);
  await Promise.all([ordered, rebuilding]);
  await inSlices(
    book,
    "observed",
    checkObserved(
      { chainId: chain.chainId, withStrangers: options.isFirst },
      reader,
      book.reportOf("observed"),
    ),
    modules,
  );
  await inSlices(book, "orphans", checkOrphans(chain, reader, book.reportOf("orphans")), modules);
  judgeAppend(summary, prefix, since, heads, options, modules);
  return summary;
}

async function inOrder(
  { chain, trustedHashes }: ChainAuditOptions,
  summary: ChainSummary,
  modules: ChainAuditModules,
): Promise<void> {
  const { reader, book, threads, onRows } = modules;
  const { chainId, spec, meta, headHeight, firstHeight, chainNumber } = chain;
  const signatures =
    threads && new SignatureBatches((items) => threads.run<SignaturesTask>({ kind: "signatures", items }));
  const contextOf = (name: CheckName): ChainCheckContext => ({
    ...{ spec, chainId, meta, headHeight, firstHeight, reader, nowMs: Date.now() },
    trustedHashes,
    ...(signatures ? { signatures } : {}),
    report: book.reportOf(name),
  });
  const checks: ChainCheck[] = [];
  for (const { name, make, needsAll } of orderedChecks) {
    if (firstHeight > 0 && needsAll) {
      const what = `the file is an excerpt that begins with block ${firstHeight}: what follows from the blocks before it`;
      book.reportOf(name).cannotJudge(what);
    } else checks.push(timed(book, name, () => make(contextOf(name))));
  }
  const range: BlockRange = { chainId, chainNumber, from: firstHeight, to: headHeight + 1 };
  const slices = new Slices(modules.signal);
  let last: LedgerBlock | undefined;
  for (const block of ledgerBlocks(reader, range, { columns: "bytes" }, silentReport)) {
    for (const check of checks) timed(book, check.name, () => check.block(block));
    for (const { name } of checks) book.of(name).rows += 1;
    summary.blocks += 1;
    summary.transactions += block.transactionRows.length;
    last = block;
    onRows("ordered", 1 + block.transactionRows.length);
    await signatures?.room();
    await slices.pause();
  }
  summary.head = last ? nameOf(last) : null;
  for (const check of checks) await inSlices(book, check.name, endOf(check), modules);
  await signatures?.settle();
}

function* endOf(check: ChainCheck): Generator<void> {
  const steps = check.end();
  if (steps) yield* steps;
}

/** By its bytes; by its row if they do not decode. */
function nameOf({ height, parts: { header, seal }, row }: LedgerBlock): BlockName | null {
  if (header && seal) return { height, hash: toHex(blockHash(headerRoot(header), seal.nonce)) };
  return typeof row.hash === "string" ? { height, hash: shownText(row.hash) } : null;
}

/** The rebuilding reports what does not decode: once is enough. */
const silentReport = {
  finding() {},
  looked() {},
  cannotJudge() {},
  doesNotApply() {},
  note() {},
  notProved() {},
};

async function rebuild(
  chain: AuditedChain,
  since: GivenDigest | undefined,
  prefix: DigestPrefix | undefined,
  { reader, book, threads, onRows, signal }: ChainAuditModules,
): Promise<void> {
  const { headHeight, firstHeight } = chain;
  const blocks = headHeight - firstHeight + 1;
  const rows = Math.max(1, reader.count("transactions") / Math.max(1, reader.count("blocks")));
  const blocksPerTask = Math.max(1, Math.min(500, Math.floor(rowsPerTask / (1 + rows))));
  const hashesBelow = since ? since.height + 1 : 0;
  const done = ({ from }: BlockRange, rebuilt: RebuiltRange) => {
    book.merge(rebuilt.tallies);
    prefix?.add(from, rebuilt.rowHashes);
    onRows("rebuilt", rebuilt.blocks + rebuilt.transactions);
  };
  if (blocks <= 0) return;
  const ranges = rangesOf(chain, reader, blocksPerTask);
  if (threads) {
    const tasks = tasksOf(ranges, hashesBelow);
    await threads.runAll(tasks, ({ range }, rebuilt) => done(range, rebuilt), signal);
    if (signal?.aborted) throw stoppedAudit();
    return;
  }
  const rebuilder = new RangeRebuilder(chain, reader);
  const slices = new Slices(signal);
  for (const range of ranges) {
    done(range, rebuilder.rebuild(range, hashesBelow));
    await slices.pause();
  }
}

function* tasksOf(ranges: Iterable<BlockRange>, hashesBelow: number) {
  for (const range of ranges) yield { kind: "rebuild" as const, range, hashesBelow };
}

async function inSlices(
  book: TallyBook,
  name: CheckName,
  steps: Generator<void>,
  { signal }: ChainAuditModules,
): Promise<void> {
  book.reportOf(name).looked(0);
  const slices = new Slices(signal);
  for (;;) {
    const { done } = timed(book, name, () => steps.next());
    if (done) return;
    await slices.pause();
  }
}

function judgeAppend(
  summary: ChainSummary,
  prefix: DigestPrefix | undefined,
  since: GivenDigest | undefined,
  heads: readonly string[],
  { chain }: ChainAuditOptions,
  { reader, book }: ChainAuditModules,
): void {
  const report = book.reportOf("append");
  report.looked(0);
  const known = (height: number) => {
    summary.knownHeight = Math.max(summary.knownHeight ?? -1, height);
  };
  if (prefix && since && prefix.judge((height) => hashAt(chain, reader, height), report)) known(since.height);
  for (const hash of heads) {
    const sql = `SELECT "index" AS height FROM main.blocks WHERE chain_id = ? AND hash = ?`;
    const height = reader.has("blocks", ["chain_id", "index", "hash"])
      ? reader.lookUp(sql, [chain.chainId, hash])?.height
      : undefined;
    report.looked(1);
    if (typeof height !== "bigint") continue;
    known(Number(height));
    summary.knownHashes.push(hash);
  }
  if (!since && heads.length === 0)
    report.doesNotApply("no earlier head or digest was given to compare with");
}

function hashAt({ chainId }: AuditedChain, reader: LedgerReader, height: number): string | undefined {
  if (!reader.has("blocks", ["chain_id", "index", "hash"])) return undefined;
  const hash = reader.lookUp(`SELECT hash FROM main.blocks WHERE chain_id = ? AND "index" = ?`, [
    chainId,
    height,
  ])?.hash;
  return typeof hash === "string" ? hash : undefined;
}

function timed<Value>(book: TallyBook, name: CheckName, work: () => Value): Value {
  const began = performance.now();
  try {
    return work();
  } finally {
    book.of(name).milliseconds += performance.now() - began;
  }
}

/** Lets signals and threads be heard in between. */
class Slices {
  readonly #signal: AbortSignal | undefined;
  #end = performance.now() + sliceMs;

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  async pause(): Promise<void> {
    if (performance.now() < this.#end) return;
    await afterEvents();
    if (this.#signal?.aborted) throw stoppedAudit();
    this.#end = performance.now() + sliceMs;
  }
}
