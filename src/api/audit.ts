/** The last audit of the node's SQL ledger. */
import { Type } from "typebox";
import { route, type Said } from "./route.ts";
import { Count, Hash, Height, orNull, TimestampMs } from "./shapes.ts";

const Verdict = Type.Enum(["failed", "consistent", "authentic", "complete"]);

export const AuditedCheck = Type.Object({
  name: Type.String(),
  title: Type.String({ description: "what the check asks" }),
  status: Type.Enum(["holds", "fails", "not-judged", "does-not-apply"]),
  rows: Count,
  findings: Count,
  seconds: Type.Number(),
});
export type AuditedCheck = Said<typeof AuditedCheck>;

export const AuditFinding = Type.Object({
  check: Type.String(),
  table: Type.String(),
  row: Type.String(),
  column: orNull(Type.String()),
  expected: Type.String(),
  found: Type.String(),
  meaning: Type.String({ description: "one sentence" }),
});
export type AuditFinding = Said<typeof AuditFinding>;

export const AuditedChain = Type.Object({
  chainId: Type.String(),
  name: Type.String(),
  consensus: Type.String(),
  head: orNull(Type.Object({ height: Height, hash: Hash })),
  verdict: Verdict,
  upTo: orNull(Height),
  words: Type.String({ description: "the verdict in words" }),
  notProved: Type.Array(Type.Object({ what: Type.String(), next: Type.String() })),
  checks: Type.Array(AuditedCheck),
  findings: Type.Array(AuditFinding, { description: "at most 20" }),
});
export type AuditedChain = Said<typeof AuditedChain>;

export const LastAudit = Type.Object({
  file: Type.String(),
  startedAtMs: TimestampMs,
  seconds: Type.Number(),
  holds: Type.Boolean({ description: "every check holds" }),
  verdict: Verdict,
  schema: AuditedCheck,
  findings: Type.Array(AuditFinding, { description: "of the file as a whole, at most 20" }),
  chains: Type.Array(AuditedChain),
});
export type LastAudit = Said<typeof LastAudit>;

export const AuditAnswer = Type.Object({
  audit: orNull(LastAudit),
});
export type AuditAnswer = Said<typeof AuditAnswer>;

export const getAudit = route({
  method: "GET",
  path: "/v1/audit",
  topic: "export",
  summary: "What the last audit of this node's SQL ledger came to",
  description:
    "As `aurex-node audit --data-dir DIR` on the node's machine has kept it; null if there was none. It is what the node's operator says: whoever trusts nobody downloads the ledger by `GET /v1/export` and runs the audit.",
  answers: { 200: AuditAnswer },
});
