/** From what the checks of a chain came to, to its verdict in words: what is proved, what is not, and what would prove it. */
import type { BlockName, ChainResult, CheckResult, CheckStatus, NotProved, Verdict } from "./audit-result.ts";
import { checkTitles } from "./audit-result.ts";
import type { CheckTally, TallyBook } from "./check-report.ts";
import { type CheckName, checkNames, shownText } from "./finding.ts";
import type { Row } from "./ledger-block.ts";

/** What was seen of a chain while its blocks came by. */
export interface ChainSummary {
  readonly meta: Row;
  blocks: number;
  transactions: number;
  head: BlockName | null;
}

export function checkResultOf(tally: CheckTally, name: CheckName): CheckResult {
  return {
    name,
    title: checkTitles[name],
    status: statusOf(tally),
    rows: tally.rows,
    findings: tally.findings,
    seconds: tally.milliseconds / 1000,
    notJudged: tally.notJudged,
    notes: tally.notApplicable === undefined ? tally.notes : [tally.notApplicable, ...tally.notes],
  };
}

function statusOf({ findings, notJudged, notApplicable }: CheckTally): CheckStatus {
  if (findings > 0) return "fails";
  if (notJudged.length > 0) return "not-judged";
  return notApplicable === undefined ? "holds" : "does-not-apply";
}

export function chainResultOf(
  summary: ChainSummary,
  book: TallyBook,
  given: { readonly genesis?: readonly string[]; readonly heads?: readonly string[] },
): ChainResult {
  const { meta, head, blocks, transactions } = summary;
  const checks = checkNames
    .filter((name) => name !== "schema")
    .map((name) => checkResultOf(book.of(name), name));
  const isSound =
    checks.every(({ status }) => status === "holds" || status === "does-not-apply") && head !== null;
  const chainId = String(meta.chain_id);
  const genesisHash = shownText(String(meta.genesis_hash));
  const isAuthentic = (given.genesis ?? []).some((hash) => hash === chainId || hash === genesisHash);
  const verdict: Verdict = !isSound ? "failed" : isAuthentic ? "authentic" : "consistent";
  const notProved: NotProved[] = [];
  return {
    chainId: shownText(chainId),
    name: shownText(String(meta.name)),
    consensus: shownText(String(meta.consensus)),
    genesisHash,
    head,
    final:
      typeof meta.final_index === "bigint"
        ? { height: Number(meta.final_index), hash: shownText(String(meta.final_hash)) }
        : null,
    ...{ blocks, transactions, verdict },
    upTo: verdict === "failed" ? null : (head?.height ?? null),
    words: verdict,
    proved: [],
    notProved,
    checks,
    findings: checkNames.flatMap((name) => (name === "schema" ? [] : book.of(name).kept)),
  };
}
