/** The last audit of a node's own ledger, kept in its data directory, so that the node's page can show it. */
import { open, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { AuditResult } from "./audit-result.ts";

const fileName = "last-audit.json";
/** Findings that are kept of each chain and of the file; all of them stand in what the command printed. */
const findingsKeptMax = 20;
/** More than any kept result has: a file of another origin is not read into memory. */
const bytesMax = 4 * 1024 * 1024;

/** Replaces what is kept. Nobody's data is lost with it, so it does not wait for the disk. */
export async function keepLastAudit(dataDir: string, result: AuditResult): Promise<void> {
  const file = join(dataDir, fileName);
  const draft = `${file}.${process.pid}.tmp`;
  const kept: AuditResult = {
    ...result,
    findings: result.findings.slice(0, findingsKeptMax),
    chains: result.chains.map((chain) => ({ ...chain, findings: chain.findings.slice(0, findingsKeptMax) })),
  };
  try {
    await writeFile(draft, `${JSON.stringify(kept, null, 2)}\n`);
    await rename(draft, file);
  } finally {
    await rm(draft, { force: true });
  }
}

/** Undefined if there is none, or if what is there cannot be read: then the next audit writes it anew. */
export async function readLastAudit(dataDir: string): Promise<AuditResult | undefined> {
  const handle = await open(join(dataDir, fileName)).catch(() => undefined);
  if (!handle) return undefined;
  try {
    if ((await handle.stat()).size > bytesMax) return undefined;
    const found = JSON.parse(await handle.readFile("utf8")) as Partial<AuditResult> | null;
    return found?.format === "aurex-audit/1" ? (found as AuditResult) : undefined;
  } catch {
    return undefined;
  } finally {
    await handle.close();
  }
}
