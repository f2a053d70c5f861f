/** What one check found, for people and programs. */
import type { AdviceCode } from "../api/node-status.ts";

export interface Finding {
  /** What was looked at, e.g. "peer-port". */
  readonly check: CheckName;
  /** Null where it could not be told here; `found` says why. */
  readonly ok: boolean | null;
  readonly found: string;
  /** What to do, a command where there is one; empty where all is well. */
  readonly next: string;
}

export type CheckName =
  | AdviceCode
  | "data-directory"
  | "disk-space"
  | "chain-files"
  | "journals"
  | "peer-port"
  | "api-port"
  | "multicast-route"
  | "mdns-port"
  | "node"
  | "peers"
  | "bootstrap"
  | "chain-of-peers"
  | "sql-ledger";

export function passed(check: CheckName, found: string): Finding {
  return { check, ok: true, found, next: "" };
}

export function failed(check: CheckName, found: string, next: string): Finding {
  return { check, ok: false, found, next };
}

/** @param next how to have it checked */
export function unknown(check: CheckName, found: string, next = ""): Finding {
  return { check, ok: null, found, next };
}
