/** The audit of a ledger file: all twelve checks over each chain in it, from the file alone. */
import { statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { toError } from "../base/invariant.ts";
import { AuditError, sqliteCodeOf, tooBigCode } from "./audit-error.ts";
import type { AuditResult, ChainResult, Verdict } from "./audit-result.ts";
import { auditedChain } from "./audited-chain.ts";
import { auditChain } from "./chain-audit.ts";
import { type ChainSummary, chainResultOf, checkResultOf } from "./chain-result.ts";
import { TallyBook } from "./check-report.ts";
import type { GivenDigest } from "./checks/append.ts";
import { checkSchema } from "./checks/schema.ts";
import { checkSoundness } from "./checks/soundness.ts";
import { checkNames } from "./finding.ts";
import type { Row } from "./ledger-block.ts";
import type { HugeRows, LedgerReader } from "./ledger-reader.ts";
import { LedgerSession } from "./ledger-session.ts";

export type { GivenDigest } from "./checks/append.ts";

export interface AuditOptions {
  readonly file: string;
  /** Only the chain of this id, hex; all chains of the file unless given. */
  readonly chain?: string | undefined;
  /** What is known of the genesis from somebody else: chain ids or hashes of block 0, hex. */
  readonly genesis?: readonly string[];
  /** Hashes of blocks that are known from somebody else to be in the chain, hex. */
  readonly heads?: readonly string[];
  /** Hashes of blocks, hex, that the auditor takes for final on the word of operators: `--trust-recovery` of their nodes. */
  readonly trustedHashes?: readonly string[];
  /** What an earlier audit, or a node that is trusted, has signed for. */
  readonly since?: readonly GivenDigest[];
  /** Threads; "auto" is one for each core, up to 4. */
  readonly jobs?: number | "auto";
  /** A file of fewer rows is read on one thread: threads take longer to start than the work does. Default 3,000. */
  readonly rowsForThreads?: number;
}

export interface AuditProgress {
  /** Rows that were looked at, in both passes over the file together. */
  readonly rows: number;
  readonly rowsTotal: number;
  /** Undefined in the first moments. */
  readonly secondsLeft: number | undefined;
}

export interface AuditModules {
  readonly onProgress?: (progress: AuditProgress) => void;
  readonly signal?: AbortSignal | undefined;
}

const rowsForThreadsDefault = 3_000;
const jobsMax = 64;
/** Each thread takes about 40 MB on top of 400: an audit takes about 500 MB unless it is asked to take more. */
const jobsAutoMax = 4;
const chainsMax = 1_000;

/**
 * @throws AuditError if the file cannot be audited at all; whatever is wrong in a file that can be read is a finding
 */
export async function auditLedger(options: AuditOptions, modules: AuditModules = {}): Promise<AuditResult> {
  try {
    return await auditOnce(options, modules, {});
  } catch (thrown) {
    if (sqliteCodeOf(thrown) !== tooBigCode) throw asAuditError(thrown, options.file);
  }
  try {
    // A value is so large that SQLite stops there: once more, without those rows.
    return await auditOnce(options, modules, undefined);
  } catch (thrown) {
    throw asAuditError(thrown, options.file);
  }
}

/** SQLite cannot go on reading: that is the file's fault, or its disk's. */
function asAuditError(thrown: unknown, file: string): unknown {
  if (sqliteCodeOf(thrown) === undefined) return thrown;
  return new AuditError(
    "audit/damaged",
    `the audit of ${file} cannot go on: SQLite cannot read the file`,
    toError(thrown).message,
    "the file is damaged, or was changed by hand: ask for another copy",
    { cause: thrown },
  );
}

async function auditOnce(
  options: AuditOptions,
  modules: AuditModules,
  huge: HugeRows | undefined,
): Promise<AuditResult> {
  const file = resolve(options.file);
  const [startedAtMs, began] = [Date.now(), performance.now()];
  const isAuto = options.jobs === undefined || options.jobs === "auto";
  const jobs = isAuto ? Math.min(availableParallelism(), jobsAutoMax) : (options.jobs as number);
  const { rowsForThreads = rowsForThreadsDefault } = options;
  await using session = await LedgerSession.open(file, {
    jobs: Math.min(jobs, jobsMax),
    rowsForThreads,
    huge,
  });
  const { reader, threads } = session;
  const fileBook = new TallyBook(null);
  const schema = fileBook.reportOf("schema");
  const metas = metaRows(reader, options);
  for (const [table, rows] of Object.entries(session.huge)) {
    schema.finding({
      ...{ table, row: `rowid ${rows.slice(0, 10).join(", ")}`, column: null },
      ...{ expected: "values of at most 16 MiB", found: `${rows.length} rows with more` },
      meaning: "no ledger has values of this size: the rows are not read, so others will seem to be missing",
    });
  }
  const isShipped = checkSchema(reader, schema);
  const soundness = isShipped ? soundnessOf(session, fileBook) : notRun(fileBook);
  // If a chain fails before it is awaited, it fails with the threads.
  soundness?.catch(() => {});
  const progress = new RowProgress(session.rows * 2, modules);
  const judged: { summary: ChainSummary; book: TallyBook }[] = [];
  for (const meta of metas) {
    const book = new TallyBook(String(meta.chain_id));
    judged.push({ book, summary: await auditOne(meta, book, judged.length === 0) });
  }
  await soundness;
  givenOfNoChain(options, judged, fileBook);
  for (const { book } of judged)
    fileBook.merge([...book.tallies.values()].filter(({ name }) => name === "schema"));
  const isFileSound = fileBook.of("schema").findings === 0;
  const chains = judged.map(({ summary, book }) =>
    chainResultOf(summary, book, isGenesisOf(summary.meta, options.genesis), isFileSound),
  );
  const others = checkNames
    .filter((name) => name !== "schema" && fileBook.of(name).findings > 0)
    .map((name) => checkResultOf(fileBook.of(name), name));
  const holds = isFileSound && others.length === 0 && chains.every(({ verdict }) => verdict !== "failed");
  return {
    ...{
      format: "aurex-audit/1",
      file,
      fileBytes: statSync(file).size,
      startedAtMs,
      jobs: threads ? jobs : 1,
    },
    seconds: (performance.now() - began) / 1000,
    holds: holds && chains.length > 0,
    verdict: holds ? weakest(chains) : "failed",
    schema: checkResultOf(fileBook.of("schema"), "schema"),
    others,
    findings: checkNames.flatMap((name) => fileBook.of(name).kept),
    chains,
  };

  async function auditOne(meta: Row, book: TallyBook, isFirst: boolean): Promise<ChainSummary> {
    const chain = auditedChain(meta, reader, book.reportOf("chain"));
    if (!chain) {
      return {
        meta,
        isExcerpt: false,
        blocks: 0,
        transactions: 0,
        head: null,
        knownHeight: null,
        knownHashes: [],
      };
    }
    const since = options.since?.find(({ chainId }) => chainId === chain.chainId);
    return auditChain(
      { chain, since, heads: options.heads ?? [], trustedHashes: options.trustedHashes ?? [], isFirst },
      {
        ...{ reader, book, threads, signal: modules.signal },
        onRows: (pass, rows) => progress.add(pass, rows),
      },
    );
  }
}

function metaRows(reader: LedgerReader, { file, chain }: AuditOptions): Row[] {
  const rows = [...reader.rows("meta", { order: "chain_number", limit: chainsMax })];
  const wanted = chain === undefined ? rows : rows.filter(({ chain_id }) => chain_id === chain);
  if (wanted.length > 0 || chain === undefined) return wanted;
  const names = rows.map(({ chain_id, name }) => `${chain_id} (${name})`).join(", ");
  throw new AuditError(
    "audit/unknown-chain",
    `${file} holds no chain ${chain}`,
    names === "" ? "it holds no chain at all" : `it holds ${names}`,
    "name one of these with --chain, or leave --chain out to audit all of them",
  );
}

/** On a thread of its own beside the rest, if there are threads. */
async function soundnessOf({ reader, threads }: LedgerSession, book: TallyBook): Promise<void> {
  const began = performance.now();
  if (threads) {
    book.merge([await threads.run({ kind: "soundness" })]);
  } else checkSoundness(reader, book.reportOf("schema"));
  book.of("schema").milliseconds += performance.now() - began;
}

function notRun(book: TallyBook): undefined {
  const what =
    "whether SQLite finds the file sound: its tables are not the shipped ones, and their checks would be run";
  book.reportOf("schema").cannotJudge(what);
}

function isGenesisOf({ chain_id, genesis_hash }: Row, genesis: readonly string[] = []): boolean {
  return genesis.some((hash) => hash === chain_id || hash === genesis_hash);
}

/** What was given, and is of no chain in the file: of a chain that was taken out, of blocks that were cut off. */
function givenOfNoChain(
  { genesis = [], heads = [], since = [] }: AuditOptions,
  judged: readonly { readonly summary: ChainSummary; readonly book: TallyBook }[],
  fileBook: TallyBook,
): void {
  // With one chain in the file it is this chain that fails, and not only the file.
  const book = judged.length === 1 && judged[0] ? judged[0].book : fileBook;
  const metas = judged.map(({ summary }) => summary.meta);
  for (const hash of genesis) {
    if (metas.some((meta) => isGenesisOf(meta, [hash]))) continue;
    book.reportOf("chain").finding({
      ...{ table: "meta", row: "the genesis that was given", column: "genesis_hash", expected: hash },
      found: metas.map(({ genesis_hash }) => String(genesis_hash)).join(", "),
      meaning: "the file does not hold the chain that begins with this genesis: it is another chain",
    });
  }
  const found = new Set(judged.flatMap(({ summary }) => summary.knownHashes));
  for (const hash of heads) {
    if (found.has(hash)) continue;
    book.reportOf("append").finding({
      ...{
        table: "blocks",
        row: "the head that was given",
        column: "hash",
        expected: hash,
        found: undefined,
      },
      meaning: "the file does not hold this block: blocks were cut off its end, or it has another branch",
    });
  }
  for (const { chainId, height } of since) {
    if (metas.some(({ chain_id }) => chain_id === chainId)) continue;
    fileBook.reportOf("append").finding({
      ...{
        table: "meta",
        row: "the digest that was given",
        column: "chain_id",
        expected: chainId,
        found: undefined,
      },
      meaning: `the file does not hold the chain that the digest covers up to block ${height}: it was taken out`,
    });
  }
}

const verdicts: readonly Verdict[] = ["failed", "consistent", "authentic", "complete"];

function weakest(chains: readonly ChainResult[]): Verdict {
  const lowest = Math.min(...chains.map(({ verdict }) => verdicts.indexOf(verdict)));
  return verdicts[lowest] ?? "failed";
}

/** How far both passes are, and how long the slower of them will take. */
class RowProgress {
  readonly #began = performance.now();
  readonly #rowsTotal: number;
  readonly #onProgress: AuditModules["onProgress"];
  readonly #done = { ordered: 0, rebuilt: 0 };
  #saidAt = performance.now();

  constructor(rowsTotal: number, { onProgress }: AuditModules) {
    this.#rowsTotal = rowsTotal;
    this.#onProgress = onProgress;
  }

  add(pass: "ordered" | "rebuilt", rows: number): void {
    this.#done[pass] += rows;
    const now = performance.now();
    if (now - this.#saidAt < saidEveryMs) return;
    this.#saidAt = now;
    const { ordered, rebuilt } = this.#done;
    const slower = Math.min(ordered, rebuilt);
    const left = this.#rowsTotal / 2 - slower;
    const secondsLeft = slower > 0 ? ((now - this.#began) / 1000) * (left / slower) : undefined;
    this.#onProgress?.({ rows: ordered + rebuilt, rowsTotal: this.#rowsTotal, secondsLeft });
  }
}

const saidEveryMs = 500;
