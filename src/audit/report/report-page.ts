/** The report of an audit as one self-contained HTML page: verdict, what was proved and what was not, figures, findings. */
import { durationText } from "../../base/duration-text.ts";
import { type Html, html } from "../../base/html.ts";
import type { AuditResult, ChainResult, CheckResult, CheckStatus, Verdict } from "../audit-result.ts";
import type { Finding } from "../finding.ts";
import { barChart } from "./bar-chart.ts";
import { type AssetFigures, type ChainFigures, type Holder, timeText } from "./chain-figures.ts";
import { reportStyle } from "./style.ts";

/** Findings of one chain that the page shows; all that were kept are in the JSON. */
const shownFindingsMax = 200;

/** @param figuresOf a chain's figures; undefined if the file cannot give them */
export function reportPage(
  result: AuditResult,
  figuresOf: (chain: ChainResult) => ChainFigures | undefined,
): string {
  const { file, fileBytes, startedAtMs, seconds, jobs, schema, others, findings, chains } = result;
  const name = file.split("/").at(-1) ?? file;
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Audit of ${name}</title>${reportStyle}</head><body>
<h1>Audit of an Aurex ledger</h1>
<p class="soft"><code>${file}</code>, ${fileBytes.toLocaleString("en-GB")} bytes, audited ${timeText(startedAtMs)} in
${durationText(seconds * 1_000)} on ${jobs} ${jobs === 1 ? "thread" : "threads"}. Everything here was computed from the file alone;
nothing that the file says of itself was believed.</p>
${chains.length === 0 ? html`<div class="verdict bad"><strong>The file holds no chain that could be judged</strong></div>` : null}
${chains.map((chain) => verdictOf(chain))}
<h2>The file</h2>
${checkTable([schema, ...others])}
${findingTable(
  findings,
  [schema, ...others].reduce((sum, check) => sum + check.findings, 0),
)}
${chains.map((chain) => chainPart(chain, figuresOf(chain)))}
</body></html>
`.text;
}

const verdictColours: Readonly<Record<Verdict, string>> = {
  failed: "bad",
  consistent: "warn",
  authentic: "good",
  complete: "good",
};

function verdictOf({ name, consensus, chainId, words, verdict }: ChainResult): Html {
  return html`<div class="verdict ${verdictColours[verdict]}"><strong>${words}</strong>
<span class="small">chain ${name} (${consensusText(consensus)}), <code>${chainId}</code></span></div>`;
}

function consensusText(consensus: string): string {
  if (consensus === "poa") return "Proof of Authority";
  return consensus === "pow" ? "Proof of Work" : consensus;
}

function chainPart(chain: ChainResult, figures: ChainFigures | undefined): Html {
  const { name, head, final, genesisHash, chainId, blocks, transactions, proved, notProved, checks } = chain;
  const findingsTotal = checks.reduce((sum, check) => sum + check.findings, 0);
  return html`<h2>Chain ${name}</h2>
<dl class="facts"><dt>chain id</dt><dd><code>${chainId}</code></dd>
<dt>genesis</dt><dd><code>${genesisHash}</code></dd>
<dt>last block</dt><dd>${head ? html`${head.height} <code>${head.hash}</code>` : "none"}</dd>
<dt>final up to</dt><dd>${final ? html`${final.height} <code>${final.hash}</code>` : "not known"}</dd>
<dt>looked at</dt><dd>${blocks} blocks, ${transactions} transactions</dd></dl>
<h3>What is proved</h3>
${proved.length === 0 ? html`<p>Nothing.</p>` : html`<ul>${proved.map((each) => html`<li>${each}</li>`)}</ul>`}
<h3>What is not proved</h3>
${
  notProved.length === 0
    ? html`<p>Everything that this audit asks was proved.</p>`
    : html`<ul>${notProved.map(({ what, next }) => html`<li>${what} <span class="soft">What would prove it: <code>${next}</code></span></li>`)}</ul>`
}
<h3>Checks</h3>
${checkTable(checks)}
<h3>Findings</h3>
${findingTable(chain.findings, findingsTotal)}
${figures ? figuresPart(figures, chain.verdict === "failed") : html`<p class="soft">The file's tables are not such that figures could be computed.</p>`}`;
}

const statusTags: Readonly<Record<CheckStatus, readonly [colour: string, text: string]>> = {
  holds: ["good", "holds"],
  fails: ["bad", "fails"],
  "not-judged": ["warn", "not judged"],
  "does-not-apply": ["plain", "does not apply"],
};

function checkTable(checks: readonly CheckResult[]): Html {
  return html`<div class="wide checks" tabindex="0" role="region" aria-label="Checks"><table><thead><tr><th>Check</th><th>What it asks</th><th>Result</th>
<th class="number">Rows</th><th class="number">Findings</th><th class="number">Seconds</th></tr></thead><tbody>
${checks.map(checkRow)}</tbody></table></div>`;
}

function checkRow({ name, title, status, rows, findings, seconds, notJudged, notes }: CheckResult): Html {
  const [colour, text] = statusTags[status];
  const said = [...notJudged.map((what) => `Not judged: ${what}`), ...notes];
  return html`<tr><td>${name}</td><td>${title}${said.map((each) => html`<br><span class="soft small">${each}</span>`)}</td>
<td><span class="tag ${colour}">${text}</span></td><td class="number">${rows.toLocaleString("en-GB")}</td>
<td class="number">${findings.toLocaleString("en-GB")}</td><td class="number">${seconds.toFixed(2)}</td></tr>`;
}

function findingTable(findings: readonly Finding[], total: number): Html {
  if (total === 0) return html`<p>None.</p>`;
  const shown = findings.slice(0, shownFindingsMax);
  return html`<div class="wide" tabindex="0" role="region" aria-label="Findings"><table><thead><tr><th>Check</th><th>Where</th><th>Expected</th><th>Found</th><th>What it means</th></tr></thead><tbody>
${shown.map(findingRow)}</tbody></table></div>
${shown.length < total ? html`<p class="soft">${total - shown.length} more findings are not shown here; the JSON (<code>--json</code>) has up to 1,000 of each check.</p>` : null}`;
}

function findingRow({ check, table, row, column, expected, found, meaning }: Finding): Html {
  const where = [table, row, column].filter((part) => part !== null && part !== "").join(", ");
  return html`<tr><td>${check}</td><td>${where}</td><td><code>${expected}</code></td><td><code>${found}</code></td><td>${meaning}</td></tr>
`;
}

function figuresPart(figures: ChainFigures, isDoubtful: boolean): Html {
  const { bucket, blocks, transactions, volume, sealers, sealersTotal, assets, assetsTotal } = figures;
  const { reorganizations, reorganizationsTotal, notFinal } = figures;
  return html`<h3>Figures</h3>
<p class="soft">${isDoubtful ? "As the rows of the file say, which failed the audit: do not rely on them." : "Summed up from the rows that were checked above."}</p>
<div class="charts">${barChart(`Blocks per ${bucket}`, blocks)}${barChart(`Transactions per ${bucket}`, transactions)}${barChart(`AUR transferred per ${bucket}`, volume)}</div>
<h3>Supply and largest holders</h3>
${assets.map(assetPart)}
${assetsTotal > assets.length ? html`<p class="soft">${assetsTotal - assets.length} more assets have holders.</p>` : null}
<h3>Producers of blocks</h3>
<div class="wide" tabindex="0" role="region" aria-label="Producers of blocks"><table><thead><tr><th>Producer</th><th class="number">Blocks</th><th class="number">Share</th><th class="number">Transactions</th></tr></thead><tbody>
${sealers.map((sealer) => html`<tr><td>${accountText(sealer)}</td><td class="number">${sealer.blocks}</td><td class="number">${percent(sealer.share)}</td><td class="number">${sealer.transactions}</td></tr>`)}
</tbody></table></div>
${sealersTotal > sealers.length ? html`<p class="soft">${sealersTotal - sealers.length} more producers.</p>` : null}
<h3>Reorganizations</h3>
<p>${
    reorganizationsTotal === 0
      ? "The file saw none."
      : `The file saw ${reorganizationsTotal}; how many there were depends on who wrote it and when, and no chain can prove it.`
  } ${notFinal === 0 ? "Every block is final." : `${notFinal} ${notFinal === 1 ? "block" : "blocks"} at the end can still be replaced.`}</p>
${
  reorganizations.length === 0
    ? null
    : html`<div class="wide" tabindex="0" role="region" aria-label="Reorganizations"><table><thead><tr><th>Seen</th><th class="number">After block</th><th class="number">Blocks that left</th><th class="number">Blocks that joined</th></tr></thead><tbody>
${reorganizations.map(({ seenAt, forkHeight, left, joined }) => html`<tr><td>${seenAt}</td><td class="number">${forkHeight}</td><td class="number">${left}</td><td class="number">${joined}</td></tr>`)}</tbody></table></div>`
}`;
}

function assetPart({ assetId, symbol, supply, holders, largest }: AssetFigures): Html {
  const id = assetId === symbol ? null : html` <code class="soft">${assetId}</code>`;
  return html`<p><strong>${symbol}</strong>${id}: ${supply} in ${holders} ${holders === 1 ? "account" : "accounts"}</p>
<div class="wide" tabindex="0" role="region" aria-label="Largest holders"><table><thead><tr><th>Account</th><th class="number">Amount</th><th class="number">Share</th><th></th></tr></thead><tbody>
${largest.map((holder) => html`<tr><td>${accountText(holder)}</td><td class="number">${holder.amount}</td><td class="number">${percent(holder.share)}</td><td><span class="share" style="width:${(Math.max(0, Math.min(1, holder.share)) * 6).toFixed(2)}rem"></span></td></tr>`)}
</tbody></table></div>`;
}

function accountText({ account, name }: Pick<Holder, "account" | "name">): Html {
  return name === undefined
    ? html`<code>${account}</code>`
    : html`${name}<br><code class="soft">${account}</code>`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.01 ? 2 : 1)} %`;
}
