/** Chains as a test builds them, good or not, written into a ledger by the real job, and what the checks that replay them say. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import type { ChainCheckContext } from "../../src/audit/chain-check.ts";
import { type CheckTally, TallyBook } from "../../src/audit/check-report.ts";
import { authorityCheck } from "../../src/audit/checks/authority.ts";
import { stateCheck } from "../../src/audit/checks/state.ts";
import { tablesCheck } from "../../src/audit/checks/tables.ts";
import { workCheck } from "../../src/audit/checks/work.ts";
import type { CheckName, Finding } from "../../src/audit/finding.ts";
import { ledgerBlocks } from "../../src/audit/ledger-blocks.ts";
import { openLedger } from "../../src/audit/ledger-opening.ts";
import { LedgerReader } from "../../src/audit/ledger-reader.ts";
import { toHex } from "../../src/base/bytes.ts";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { ExportJob } from "../../src/export/export-job.ts";
import { localFeed } from "../../src/export/ledger-feed.ts";
import type { LedgerSource } from "../../src/export/ledger-source.ts";
import type { HeaderRecord } from "../../src/protocol/block.ts";
import type { Certificate } from "../../src/protocol/certificate.ts";
import type { Checkpoint } from "../../src/protocol/checkpoint.ts";
import { decodeGenesis } from "../../src/protocol/genesis.ts";
import type { BlockBuilder, BuiltBlock } from "../chain/block-builder.ts";

export interface Finality {
  readonly final?: Checkpoint;
  readonly certificate?: Certificate;
  /** Only the blocks up to `final`. */
  readonly finalizedOnly?: boolean;
}

/** Blocks that nobody judges, each on the one before it, genesis first. */
export async function writeBlocks(
  file: string,
  builder: BlockBuilder,
  blocks: readonly BuiltBlock[],
  { final, certificate, finalizedOnly = false }: Finality = {},
): Promise<void> {
  const records = new Map(blocks.map(({ record }) => [record.hashHex, record]));
  const byHash = new Map(blocks.map(({ block }) => [block.hashHex, block]));
  const recordOf = (hash: Uint8Array) => records.get(toHex(hash)) as HeaderRecord;
  const source: LedgerSource = {
    spec: builder.spec,
    head: blocks.at(-1)?.record as HeaderRecord,
    final,
    finalCertificate: () => certificate,
    hashAtHeight: (height) => blocks[height]?.record.hash,
    block: (hash) => byHash.get(toHex(hash)),
    headerOf: recordOf,
    authorityChanges: ({ hash, header, consensusSection }) =>
      builder.engine.authority!.changes(
        header.height === 0 ? undefined : recordOf(header.parentHash),
        recordOf(hash),
        consensusSection,
      ),
  };
  const feed = localFeed(source, { finalizedOnly });
  const job = new ExportJob({ file }, { feed, clock: systemClock, logger: silentLogger });
  job.open();
  try {
    await job.catchUp();
  } finally {
    job.close();
  }
}

export type ReplayedNames = "work" | "authority" | "state" | "tables" | "transactions";
export type Judgement = Readonly<Record<ReplayedNames, CheckTally>>;

const factories = [
  ["work", workCheck],
  ["authority", authorityCheck],
  ["state", stateCheck],
  ["tables", tablesCheck],
] as const;

/** What the four checks say of each chain of a file. */
export function judgeFile(
  file: string,
  given: Pick<ChainCheckContext, "trustedHashes" | "nowMs" | "signatures"> = {},
): Judgement[] {
  const reader = new LedgerReader(openLedger(file));
  try {
    return [...reader.rows("meta", { order: "chain_number" })].map((meta) => {
      const decoded = decodeGenesis(meta.genesis_bytes as Uint8Array);
      assert.ok(decoded.ok);
      const chainId = String(meta.chain_id);
      const headHeight = Number(meta.cursor_index);
      const book = new TallyBook(chainId);
      const spec = decoded.value;
      const checks = factories.map(([name, make]) =>
        make({
          ...given,
          spec,
          chainId,
          meta,
          headHeight,
          firstHeight: 0,
          reader,
          report: book.reportOf(name),
        }),
      );
      const chainNumber = BigInt(Number(meta.chain_number));
      const range = { chainId, chainNumber, from: 0, to: headHeight + 1 };
      const ignored = new TallyBook(chainId).reportOf("blocks");
      for (const block of ledgerBlocks(reader, range, { columns: "bytes" }, ignored)) {
        for (const check of checks) check.block(block);
      }
      for (const check of checks) for (const _ of check.end() ?? []);
      const names = [...factories.map(([name]) => name), "transactions"] as const;
      return Object.fromEntries(names.map((name) => [name, book.of(name)])) as unknown as Judgement;
    });
  } finally {
    reader.close();
  }
}

/** Of a file with one chain. */
export function judge(file: string, given: Parameters<typeof judgeFile>[1] = {}): Judgement {
  const [judgement] = judgeFile(file, given);
  assert.ok(judgement);
  return judgement;
}

/** Every finding as `check: table, row, column`. */
export function told(judgement: Judgement): string[] {
  return Object.values(judgement).flatMap(({ kept }) => kept.map(placeOf));
}

function placeOf({ check, table, row, column }: Finding): string {
  return `${check}: ${table}, ${row}${column === null ? "" : `, ${column}`}`;
}

/** What could not be judged, by check. */
export function notJudged(judgement: Judgement): string[] {
  return Object.values(judgement).flatMap(({ name, notJudged: what }) =>
    what.map((text) => `${name as CheckName}: ${text}`),
  );
}

/** Changes a ledger as somebody could who has the file. */
export function change(file: string, ...statements: readonly string[]): void {
  const db = new DatabaseSync(file);
  try {
    db.exec("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON");
    for (const statement of statements) {
      const { changes } = db.prepare(statement).run();
      assert.ok(Number(changes) > 0, `changes nothing: ${statement}`);
    }
  } finally {
    db.close();
  }
}
