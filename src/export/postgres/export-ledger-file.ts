/** Writes what a ledger file holds to PostgreSQL; the file may be a running node's. */
import { toHex } from "../../base/bytes.ts";
import { type Clock, systemClock } from "../../base/clock.ts";
import { silentLogger } from "../../base/logger.ts";
import { ExportError } from "../export-error.ts";
import { localFeed } from "../ledger-feed.ts";
import { LedgerFileSource } from "../ledger-file-source.ts";
import type { CatchUpReport } from "../ledger-job.ts";
import { catchUpPatiently, type PatientModules } from "./patient-catch-up.ts";
import { PostgresJob } from "./postgres-job.ts";
import type { PostgresPlace } from "./postgres-url.ts";

export interface ExportLedgerFileOptions {
  readonly ledger: string;
  /** Hex; may be left out if the file holds one chain. */
  readonly chainId?: string | undefined;
  readonly postgres: PostgresPlace;
  /** Nothing above the last final block. */
  readonly finalizedOnly?: boolean;
}

/** @throws ExportError if the file is no whole ledger, or the database cannot be one */
export async function exportLedgerFile(
  { ledger, chainId, postgres, finalizedOnly = false }: ExportLedgerFileOptions,
  modules: Omit<PatientModules, "clock"> & { readonly clock?: Clock },
): Promise<CatchUpReport & { readonly chainId: string }> {
  const clock = modules.clock ?? systemClock;
  const source = new LedgerFileSource(ledger, chainId);
  if (finalizedOnly && !source.final) {
    source.close();
    throw noFinalBlock(ledger);
  }
  const job = new PostgresJob(
    { place: postgres },
    { feed: localFeed(source, { finalizedOnly }), clock, logger: silentLogger },
  );
  try {
    const report = await catchUpPatiently(job, { ...modules, clock });
    if (!modules.signal?.aborted) {
      await job.recordNodes(source.nodeRecords());
      await job.recordPool(source.poolRows());
    }
    return { ...report, chainId: toHex(source.spec.chainId) };
  } finally {
    await job.close();
    source.close();
  }
}

function noFinalBlock(ledger: string): ExportError {
  return new ExportError(
    "export/source-incomplete",
    `no block of ${ledger} is known to be final`,
    "Proof of Work has no final blocks, and a young chain may have none yet",
    "leave --finalized-only out",
  );
}
