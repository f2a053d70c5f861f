/** The audit of a ledger file: all twelve checks over each chain in it, from the file alone. */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { setImmediate as afterEvents } from "node:timers/promises";
import { toHex } from "../base/bytes.ts";
import { type ChainSpec, decodeGenesis } from "../protocol/genesis.ts";
import { AuditError } from "./audit-error.ts";
import type { AuditResult, ChainResult } from "./audit-result.ts";
import type { ChainCheck, ChainCheckContext } from "./chain-check.ts";
import { type ChainSummary, chainResultOf, checkResultOf } from "./chain-result.ts";
import { TallyBook } from "./check-report.ts";
import type { Row } from "./ledger-block.ts";
import { ledgerBlocks } from "./ledger-blocks.ts";
import { openLedger } from "./ledger-opening.ts";
import { LedgerReader } from "./ledger-reader.ts";
import { orderedChecks } from "./ordered-checks.ts";

export interface AuditOptions {
  readonly file: string;
  /** Only the chain of this id, hex; all chains of the file unless given. */
  readonly chain?: string | undefined;
  /** What is known of the genesis from somebody else: chain ids or hashes of block 0, hex. */
  readonly genesis?: readonly string[];
  /** Hashes of blocks that are known from somebody else to be in the chain, hex. */
  readonly heads?: readonly string[];
  /** Threads; "auto" is one for each core. */
  readonly jobs?: number | "auto";
}

export interface AuditProgress {
  /** Hex. */
  readonly chainId: string;
  readonly blocks: number;
  readonly blocksTotal: number;
  readonly secondsLeft: number | undefined;
}

export interface AuditModules {
  readonly onProgress?: (progress: AuditProgress) => void;
  readonly signal?: AbortSignal | undefined;
}

/** How long the checks may hold the thread before a signal is heard. */
const sliceMs = 50;

/**
 * @throws AuditError if the file cannot be audited at all; whatever a file holds that can be read is a finding instead
 */
export async function auditLedger(options: AuditOptions, modules: AuditModules = {}): Promise<AuditResult> {
  const file = resolve(options.file);
  const startedAtMs = Date.now();
  const began = performance.now();
  const reader = new LedgerReader(openLedger(file));
  try {
    const fileBook = new TallyBook(null);
    const chains: ChainResult[] = [];
    const metas = [...reader.rows("meta", { order: "chain_number", limit: 1_000 })];
    for (const meta of metas) {
      if (options.chain !== undefined && meta.chain_id !== options.chain) continue;
      chains.push(await auditChain(meta, reader, options, modules));
    }
    const schema = checkResultOf(fileBook.of("schema"), "schema");
    const holds = schema.findings === 0 && chains.every(({ verdict }) => verdict !== "failed");
    return {
      format: "aurex-audit/1",
      file,
      fileBytes: statSync(file).size,
      startedAtMs,
      seconds: (performance.now() - began) / 1000,
      jobs: 1,
      holds,
      verdict: holds ? "consistent" : "failed",
      schema,
      findings: [...fileBook.of("schema").kept],
      chains,
    };
  } finally {
    reader.close();
  }
}

async function auditChain(
  meta: Row,
  reader: LedgerReader,
  options: AuditOptions,
  modules: AuditModules,
): Promise<ChainResult> {
  const chainId = String(meta.chain_id);
  const book = new TallyBook(chainId);
  const spec = specOf(meta, book);
  const headHeight = Number(meta.cursor_index);
  const summary: ChainSummary = { meta, blocks: 0, transactions: 0, head: null };
  if (spec) {
    const contextOf = (name: Parameters<TallyBook["reportOf"]>[0]): ChainCheckContext => ({
      ...{ spec, chainId, meta, headHeight, reader },
      report: book.reportOf(name),
    });
    const checks = orderedChecks.map(({ name, make }) => make(contextOf(name)));
    await runOrdered(checks, book, summary, contextOf("blocks"), modules);
  }
  return chainResultOf(summary, book, options);
}

async function runOrdered(
  checks: readonly ChainCheck[],
  book: TallyBook,
  summary: ChainSummary,
  context: ChainCheckContext,
  { onProgress, signal }: AuditModules,
): Promise<void> {
  const { chainId, headHeight, meta, reader, report } = context;
  const range = { chainId, chainNumber: BigInt(Number(meta.chain_number)), from: 0, to: headHeight + 1 };
  let sliceEnd = performance.now() + sliceMs;
  for (const block of ledgerBlocks(reader, range, { columns: "all" }, report)) {
    for (const check of checks) timed(book, check.name, () => check.block(block));
    summary.blocks += 1;
    summary.transactions += block.transactionRows.length;
    if (block.block) summary.head = { height: block.height, hash: block.block.hashHex };
    if (performance.now() < sliceEnd) continue;
    onProgress?.({ chainId, blocks: summary.blocks, blocksTotal: headHeight + 1, secondsLeft: undefined });
    await afterEvents();
    if (signal?.aborted) throw stopped();
    sliceEnd = performance.now() + sliceMs;
  }
  for (const check of checks) timed(book, check.name, () => check.end());
}

function timed(book: TallyBook, name: ChainCheck["name"], work: () => void): void {
  const began = performance.now();
  work();
  book.of(name).milliseconds += performance.now() - began;
}

function stopped(): AuditError {
  return new AuditError(
    "audit/stopped",
    "the audit was stopped",
    "nothing was judged",
    "run the command again",
  );
}

function specOf(meta: Row, book: TallyBook): ChainSpec | undefined {
  const report = book.reportOf("chain");
  const bytes = meta.genesis_bytes;
  const decoded = decodeGenesis(bytes instanceof Uint8Array ? bytes : new Uint8Array());
  if (decoded.ok && toHex(decoded.value.chainId) === meta.chain_id) return decoded.value;
  report.finding({
    ...{ table: "meta", row: `chain ${meta.chain_id}`, column: "genesis_bytes" },
    ...{ expected: "a genesis spec whose SHA-256 is the chain id", found: meta.genesis_bytes },
    meaning: "the rules of the chain are not those that its id stands for, so nothing of it can be judged",
  });
  report.cannotJudge("the whole chain: its genesis spec is not the one of its id");
  return undefined;
}
