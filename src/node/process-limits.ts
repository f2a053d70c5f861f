/** What the system lets this process have open at once, and whether that is enough for a node. */
import { readFileSync } from "node:fs";
import { exitCodes, OperatorError } from "./operator-error.ts";

/** 100 peers, the store's tables, journals, the ledger, threads, and requests to the API. */
export const openFilesMin = 256;
/** With less, a node with many peers and many programs at its API may be refused a file. */
export const openFilesGood = 1024;

/** The limit of open files (`ulimit -n`); undefined if the system does not tell, Infinity if there is none. */
export function openFilesLimit(): number | undefined {
  return process.platform === "linux" ? limitFromProc() : limitFromReport();
}

/** @throws OperatorError with exit code 2 if `limit` is too low for a node */
export function requireOpenFiles(limit: number | undefined): void {
  if (limit === undefined || limit >= openFilesMin) return;
  throw new OperatorError(`this process may have only ${limit} files open at once`, {
    code: "node/open-files-limit",
    exitCode: exitCodes.usage,
    why: `a node needs ${openFilesMin} (peers, store, API), ${openFilesGood} or more are recommended`,
    next: `raise the limit: ulimit -n 4096 in a shell, LimitNOFILE=65536 in a systemd unit, --ulimit nofile=65536 with docker run`,
  });
}

/** What to warn of; undefined if the limit is good. */
export function openFilesWarning(limit: number | undefined): string | undefined {
  if (limit === undefined || limit >= openFilesGood) return undefined;
  return `this process may have only ${limit} files open at once (ulimit -n); ${openFilesGood} or more are recommended`;
}

/** Node has raised the soft limit to the hard one when it started. */
function limitFromProc(): number | undefined {
  try {
    const soft = /^Max open files\s+(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    return soft === undefined ? undefined : limitOf(soft);
  } catch {
    return undefined;
  }
}

function limitFromReport(): number | undefined {
  // Absent on Windows, which has no such limit.
  const report = process.report?.getReport() as { userLimits?: { open_files?: { soft?: string | number } } };
  const soft = report?.userLimits?.open_files?.soft;
  return soft === undefined ? undefined : limitOf(String(soft));
}

function limitOf(text: string): number | undefined {
  if (text === "unlimited") return Number.POSITIVE_INFINITY;
  return /^\d+$/.test(text) ? Number(text) : undefined;
}
