/** Errors that an operator can do something about: what, why, the next command, and the exit code of the process. */
import { AttestError, type AttestErrorCode } from "../attest/attest-error.ts";
import { AuditError, type AuditErrorCode } from "../audit/audit-error.ts";
import type { ActionableError } from "../base/actionable-error.ts";
import { toError } from "../base/invariant.ts";
import { ExportError, type ExportErrorCode } from "../export/export-error.ts";
import { PoolError, type PoolErrorCode } from "../payouts/pool-error.ts";
import { JournalError } from "../sealing/poa/journal.ts";
import { StoreError, type StoreErrorCode } from "../store/chain-store.ts";
import { KeyError } from "../wallet/key-error.ts";
import { systemRefusal } from "./system-error.ts";

/** What the process ends with; documented in README. */
export const exitCodes = {
  ok: 0,
  bug: 1,
  usage: 2,
  dataDirectoryInUse: 3,
  portInUse: 4,
  store: 5,
  genesisMismatch: 6,
  key: 7,
  /** `doctor` has found something. */
  checkFailed: 8,
  /** What was to be verified does not hold: a ledger, a digest or a proof. */
  doesNotHold: 9,
  forcedStop: 130,
  /** Whoever read the output went away before its end; what a shell shows for SIGPIPE. */
  brokenPipe: 141,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export class OperatorError extends Error {
  override name = "OperatorError";
  readonly code: string;
  readonly exitCode: ExitCode;
  readonly why: string;
  /** The next command, or what to do. */
  readonly next: string;

  constructor(
    what: string,
    details: { code: string; exitCode: ExitCode; why: string; next: string; cause?: unknown },
  ) {
    super(what, { cause: details.cause });
    this.code = details.code;
    this.exitCode = details.exitCode;
    this.why = details.why;
    this.next = details.next;
  }
}

const storeExitCodes: Record<StoreErrorCode, ExitCode> = {
  "store/corrupt": exitCodes.store,
  "store/newer-version": exitCodes.store,
  "store/older-version": exitCodes.store,
  "store/in-use": exitCodes.dataDirectoryInUse,
  "store/wrong-chain": exitCodes.genesisMismatch,
  "store/disk-full": exitCodes.store,
  "store/io": exitCodes.store,
};

const poolExitCodes: Record<PoolErrorCode, ExitCode> = {
  "pool/damaged": exitCodes.store,
  "pool/newer-version": exitCodes.store,
  "pool/wrong-chain": exitCodes.genesisMismatch,
  "pool/wrong-account": exitCodes.key,
  "pool/in-use": exitCodes.dataDirectoryInUse,
  "pool/io": exitCodes.store,
  "pool/full": exitCodes.store,
  "pool/busy": exitCodes.store,
};

/** A ledger file that cannot be used is a wrong choice of file; one that is damaged or too new is a store that is. */
const exportExitCodes: Record<ExportErrorCode, ExitCode> = {
  "export/not-a-ledger": exitCodes.usage,
  "export/newer-version": exitCodes.store,
  "export/older-version": exitCodes.store,
  "export/genesis-mismatch": exitCodes.genesisMismatch,
  "export/conflicts-with-final": exitCodes.store,
  "export/source-incomplete": exitCodes.store,
  "export/cannot-open": exitCodes.usage,
  "export/busy": exitCodes.usage,
  "export/held": exitCodes.usage,
  "export/excerpt": exitCodes.usage,
  "export/exists": exitCodes.usage,
  "export/read-only": exitCodes.usage,
  "export/disk-full": exitCodes.store,
  "export/corrupt": exitCodes.store,
  "export/thread-ended": exitCodes.store,
  "export/io": exitCodes.store,
  "export/bad-url": exitCodes.usage,
  "export/unreachable": exitCodes.store,
  "export/denied": exitCodes.usage,
};

const auditExitCodes: Record<AuditErrorCode, ExitCode> = {
  "audit/cannot-open": exitCodes.usage,
  "audit/not-a-ledger": exitCodes.usage,
  "audit/damaged": exitCodes.doesNotHold,
  "audit/other-version": exitCodes.store,
  "audit/unknown-chain": exitCodes.usage,
  "audit/busy": exitCodes.usage,
  "audit/needs-recovery": exitCodes.usage,
  "audit/given-unreadable": exitCodes.usage,
  "audit/stopped": exitCodes.forcedStop,
};

const attestExitCodes: Record<AttestErrorCode, ExitCode> = {
  "attest/not-a-ledger": exitCodes.usage,
  "attest/chain": exitCodes.usage,
  "attest/not-found": exitCodes.usage,
  "attest/does-not-follow": exitCodes.doesNotHold,
  "attest/not-provable": exitCodes.usage,
  "attest/malformed": exitCodes.usage,
  "attest/stopped": exitCodes.forcedStop,
};

/** The operator's view of an error; undefined where it is none of the known ones, hence a bug. */
export function toOperatorError(thrown: unknown): OperatorError | undefined {
  if (thrown instanceof OperatorError) return thrown;
  if (thrown instanceof StoreError) return ofRoom(thrown, storeExitCodes[thrown.code]);
  if (thrown instanceof PoolError) return ofRoom(thrown, poolExitCodes[thrown.code]);
  if (thrown instanceof KeyError) return ofRoom(thrown, exitCodes.key);
  if (thrown instanceof JournalError) return ofRoom(thrown, exitCodes.store);
  if (thrown instanceof AttestError) return ofRoom(thrown, attestExitCodes[thrown.code]);
  if (thrown instanceof ExportError) return ofFile(thrown, exportExitCodes[thrown.code]);
  if (thrown instanceof AuditError) return ofFile(thrown, auditExitCodes[thrown.code]);
  return ofSystem(thrown);
}

/** A file that the system refuses is no bug, whoever met it and did not say more. */
function ofSystem(thrown: unknown): OperatorError | undefined {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    const refusal = systemRefusal(error);
    if (!refusal) continue;
    const { what, next } = refusal;
    const code = "node/place-unusable";
    return new OperatorError(what, {
      code,
      exitCode: exitCodes.usage,
      why: error.message,
      next,
      cause: thrown,
    });
  }
  return undefined;
}

function ofFile(thrown: ExportError | AuditError, exitCode: ExitCode): OperatorError {
  const { code, what, why, next } = thrown;
  return new OperatorError(what, { code, exitCode, why, next, cause: thrown });
}

function ofRoom(error: ActionableError<string>, exitCode: ExitCode): OperatorError {
  const why = error.cause === undefined ? "" : toError(error.cause).message;
  return new OperatorError(error.message, {
    code: error.code,
    exitCode,
    why,
    next: error.next,
    cause: error,
  });
}

/** The operator's view of a file or directory that the system refuses; any other error is passed on as it is. */
export function placeUnusable(thrown: unknown, place: string, next: string): unknown {
  const error = toError(thrown) as NodeJS.ErrnoException;
  if (error.code === undefined || error.syscall === undefined) return thrown;
  const isForbidden = error.code === "EACCES" || error.code === "EPERM";
  return new OperatorError(isForbidden ? `no permission for ${place}` : `${place} cannot be used`, {
    code: "node/place-unusable",
    exitCode: exitCodes.usage,
    why: error.message,
    next,
    cause: thrown,
  });
}

/** The operator's view of a place that cannot be listened on; any other error is passed on as it is. */
export function listenRefusal(thrown: unknown, where: string, flag: string): unknown {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    switch ((error as NodeJS.ErrnoException).code) {
      case "EADDRINUSE":
        return new OperatorError(`${where} is in use`, {
          code: "node/port-in-use",
          exitCode: exitCodes.portInUse,
          why: "another program listens there, maybe another node",
          next: `name another port with ${flag}, or 0 for any free one`,
          cause: thrown,
        });
      case "EADDRNOTAVAIL":
        return new OperatorError(`this machine cannot listen on ${where}`, {
          code: "node/address-not-here",
          exitCode: exitCodes.usage,
          why: "no interface of this machine has that address, or the interface is down",
          next: `name one of this machine's addresses with ${flag === "--port" ? "--listen-address" : flag} (ip address lists them; 0.0.0.0: all); an address that a router forwards goes into --announce-address`,
          cause: thrown,
        });
      case "EACCES":
        return new OperatorError(`this user may not listen on ${where}`, {
          code: "node/port-not-allowed",
          exitCode: exitCodes.usage,
          why: "ports below 1024 are for privileged users",
          next: `name a port above 1023 with ${flag}`,
          cause: thrown,
        });
      default:
    }
  }
  return thrown;
}
