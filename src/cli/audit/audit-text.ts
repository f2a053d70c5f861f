/** What a person reads of an audit: findings, a table of the checks, the verdict, and what was not proved. */
import type { AuditResult, ChainResult, CheckResult, CheckStatus } from "../../audit/audit-result.ts";
import type { Finding } from "../../audit/finding.ts";
import { textTable } from "../../base/text-table.ts";
import { visibleText } from "../../base/visible-text.ts";

/** Of each check of each chain; all that were kept are in the JSON. */
const shownMax = 10;

export function auditText(result: AuditResult, columns: number): string {
  const { file, fileBytes, seconds, jobs, schema, others, findings, chains } = result;
  const threads = jobs === 1 ? "1 thread" : `${jobs} threads`;
  const parts = [
    `${visibleText(file)}: ${fileBytes.toLocaleString("en-GB")} bytes, audited in ${seconds.toFixed(1)} s by ${threads}`,
    findingsText([schema, ...others], findings),
    textTable(tableColumns, [schema, ...others].map(checkRow), columns).trimEnd(),
    ...chains.map((chain) => chainText(chain, columns)),
  ];
  if (chains.length === 0) parts.push("FAILED: the file holds no chain that could be judged");
  else if (schema.findings > 0) parts.push("FAILED: the file as a whole is not sound, see the check schema");
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function chainText(chain: ChainResult, columns: number): string {
  const { chainId, name, consensus, blocks, transactions, checks, findings, words, notProved } = chain;
  const engine =
    consensus === "pow" ? "Proof of Work" : consensus === "poa" ? "Proof of Authority" : consensus;
  const title = `chain ${name} (${engine}), ${chainId}: ${blocks} blocks, ${transactions} transactions`;
  const parts = [
    title,
    findingsText(checks, findings),
    textTable(tableColumns, checks.map(checkRow), columns).trimEnd(),
  ];
  const remarks = checks.flatMap((check) => [
    ...check.notJudged.map((what) => `  ${check.name}: not judged: ${what}`),
    ...(check.status === "does-not-apply" ? check.notes.map((note) => `  ${check.name}: ${note}`) : []),
  ]);
  if (remarks.length > 0) parts.push(remarks.join("\n"));
  parts.push(words);
  if (notProved.length > 0) {
    const open = notProved.map(({ what, next }) => `  ${what}\n    ${next}`);
    parts.push(["Not proved:", ...open].join("\n"));
  }
  return parts.filter((part) => part !== "").join("\n\n");
}

const tableColumns = [
  { title: "check" },
  { title: "result" },
  { title: "rows", right: true },
  { title: "findings", right: true },
  { title: "seconds", right: true },
  { title: "what it asks", cut: "end", widthMin: 20 },
] as const;

const statusWords: Readonly<Record<CheckStatus, string>> = {
  holds: "holds",
  fails: "FAILS",
  "not-judged": "not judged",
  "does-not-apply": "-",
};

function checkRow({ name, status, rows, findings, seconds, title }: CheckResult): string[] {
  return [
    name,
    statusWords[status],
    rows.toLocaleString("en-GB"),
    String(findings),
    seconds.toFixed(2),
    title,
  ];
}

/** The first of each check; what is written in a file of others was made visible when it was found. */
function findingsText(checks: readonly CheckResult[], findings: readonly Finding[]): string {
  return checks
    .filter((check) => check.findings > 0)
    .flatMap(({ name, findings: count }) => {
      const shown = findings.filter(({ check }) => check === name).slice(0, shownMax);
      const hidden = count - shown.length;
      return [
        ...shown.map(findingText),
        ...(hidden > 0 ? [`${name}: ${hidden} more findings; --json has the first 1,000`] : []),
      ];
    })
    .join("\n");
}

function findingText({ check, table, row, column, expected, found, meaning }: Finding): string {
  const where = [table, row, column ?? ""].filter((part) => part !== "").join(", ");
  return `${check}: ${where}: ${meaning}\n  expected: ${oneLine(expected)}\n  found:    ${oneLine(found)}`;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ");
}
