/** What the API asks of the node for its operator. */
import type { BootstrapAnswer, LogLevel } from "../api/admin.ts";
import type { Result } from "../base/result.ts";

export type AdminFault =
  | { readonly code: "admin/log-not-own" }
  | { readonly code: "admin/address-invalid"; readonly expected: string }
  | { readonly code: "admin/too-many-addresses"; readonly most: number }
  | { readonly code: "admin/node-id-invalid" }
  | { readonly code: "admin/own-node-id" }
  | { readonly code: "admin/not-stoppable" };

/** Each change holds until the node stops. */
export interface AdminControl {
  /** @returns the level before */
  setLogLevel(level: LogLevel): Result<LogLevel, AdminFault>;
  /** @returns whether anything changed */
  changeBootstrap(action: "add" | "remove", address: string): Result<boolean, AdminFault>;
  bootstrap(): BootstrapAnswer["bootstrap"];
  /** @returns when the ban ends, and whether the peer was connected */
  ban(
    nodeId: string,
    forMs: number,
    reason: string,
  ): Promise<Result<{ readonly untilMs: number; readonly wasConnected: boolean }, AdminFault>>;
  /** @returns whether it was banned */
  unban(nodeId: string): Result<boolean, AdminFault>;
  /** Begins to stop the node, once requests that run have been answered. */
  stop(): Result<void, AdminFault>;
}
