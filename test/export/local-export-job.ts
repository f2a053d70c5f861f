/** A ledger file's export job for a chain of the same thread; a node runs its job in a worker. */
import { ExportJob, type ExportJobOptions, type ExportModules } from "../../src/export/export-job.ts";
import { localFeed } from "../../src/export/ledger-feed.ts";
import type { LedgerSource } from "../../src/export/ledger-source.ts";

/**
 * Opens the file for one chain of this thread. Several jobs, one for each chain, may share a file.
 *
 * @throws ExportError if the file cannot be a ledger of this chain
 */
export function createExportJob(
  options: ExportJobOptions,
  { source, ...modules }: Omit<ExportModules, "feed"> & { readonly source: LedgerSource },
): ExportJob {
  const job = new ExportJob(options, { ...modules, feed: localFeed(source) });
  job.open();
  return job;
}
