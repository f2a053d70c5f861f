/** The route that tells of the last audit of the node's SQL ledger. */
import type { FastifyInstance } from "fastify";
import { Compile } from "typebox/compile";
import { type AuditAnswer, getAudit, LastAudit } from "../api/audit.ts";
import type { AuditResult, ChainResult, CheckResult } from "../audit/audit-result.ts";
import type { Finding } from "../audit/finding.ts";
import { serveRoute } from "./serve-route.ts";

const isLastAudit = Compile(LastAudit);

/** @param read the kept result of the last audit, which another program has written */
export function addAuditRoute(app: FastifyInstance, read?: () => Promise<AuditResult | undefined>): void {
  serveRoute(app, getAudit, async () => ({ audit: answerOf(await read?.()) }));
}

function answerOf(result: AuditResult | undefined): AuditAnswer["audit"] {
  if (!result) return null;
  try {
    const { file, startedAtMs, seconds, holds, verdict, schema, findings, chains } = result;
    const answer = {
      ...{ file, startedAtMs, seconds, holds, verdict },
      schema: checkOf(schema),
      findings: findings.map(findingOf),
      chains: chains.map(chainOf),
    };
    return isLastAudit.Check(answer) ? answer : null;
  } catch {
    // Of another version of this program, or not ours.
    return null;
  }
}

function chainOf(chain: ChainResult) {
  const { chainId, name, consensus, head, verdict, upTo, words, notProved, checks, findings } = chain;
  return {
    ...{ chainId, name, consensus, verdict, upTo, words },
    head: head && { height: head.height, hash: head.hash },
    notProved: notProved.map(({ what, next }) => ({ what, next })),
    checks: checks.map(checkOf),
    findings: findings.map(findingOf),
  };
}

function checkOf({ name, title, status, rows, findings, seconds }: CheckResult) {
  return { name, title, status, rows, findings, seconds };
}

function findingOf({ check, table, row, column, expected, found, meaning }: Finding) {
  return { check, table, row, column, expected, found, meaning };
}
