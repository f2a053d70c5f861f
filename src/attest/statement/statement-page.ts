/** A statement as one HTML page: no script, nothing from elsewhere, made to be printed. */
import { reportStyle } from "../../audit/report/style.ts";
import { Html, html } from "../../base/html.ts";
import { formatAmount } from "../../protocol/amount.ts";
import { encodeProof } from "../proof/proof-document.ts";
import type { AssetLine, Statement, StatementEntry } from "./statement.ts";

/** A longer proof belongs into a file of its own. */
const shownProofBytesMax = 256 * 1024;
/** As many entries as a browser lays out in a moment; the CSV has all of them. */
export const shownEntriesMax = 20_000;

export function statementPage(statement: Statement): string {
  const { account, name, from, to, entries, assets } = statement;
  const byId = new Map(assets.map((asset) => [asset.assetId, asset]));
  const hidden = entries.length - shownEntriesMax;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Statement of ${name ?? account}</title>
${reportStyle}${ownStyle}
</head>
<body>
<main>
<h1>Statement of account</h1>
<dl class="facts">
<dt>Account</dt><dd>${name === null ? "" : html`<strong>${name}</strong><br>`}<code>${account}</code></dd>
<dt>Chain</dt><dd>${statement.chainName} (${statement.consensus})<br><code>${statement.chainId}</code></dd>
<dt>From</dt><dd>block ${from.height}, ${timeOf(from.timestampMs)}</dd>
<dt>To</dt><dd>block ${to.height}, ${timeOf(to.timestampMs)}<br><code>${to.hash}</code></dd>
</dl>
<h2>Balances</h2>
<div class="wide" tabindex="0" role="region" aria-label="Balances"><table>
<thead><tr><th scope="col">Asset</th><th scope="col" class="number">Opening</th><th scope="col" class="number">In</th><th scope="col" class="number">Out</th><th scope="col" class="number">Closing</th></tr></thead>
<tbody>${assets.map(assetRow)}</tbody>
</table></div>
<h2>Entries</h2>
${entries.length === 0 ? html`<p>Nothing was entered in this time.</p>` : entriesTable(entries.slice(0, shownEntriesMax), byId, statement.names)}
${hidden > 0 ? html`<p>${hidden} more entries are not on this page. The CSV has all of them.</p>` : ""}
<h2>Proof of the closing balance</h2>
${proofPart(statement)}
</main>
</body>
</html>
`;
  return page.text;
}

function assetRow({
  assetId,
  symbol,
  decimals,
  openingUnits,
  inUnits,
  outUnits,
  closingUnits,
}: AssetLine): Html {
  const id = assetId === "AUR" ? "" : html`<code>${assetId}</code>`;
  const cells = [openingUnits, inUnits, -outUnits, closingUnits].map(
    (units) => html`<td class="number">${formatAmount(units, decimals)}</td>`,
  );
  return html`<tr><th scope="row">${symbol}${id}</th>${cells}</tr>\n`;
}

function entriesTable(
  entries: readonly StatementEntry[],
  assets: ReadonlyMap<string, AssetLine>,
  names: ReadonlyMap<string, string>,
): Html {
  return html`<div class="wide" tabindex="0" role="region" aria-label="Entries"><table>
<thead><tr><th scope="col">Time (UTC)</th><th scope="col" class="number">Block</th><th scope="col">What</th><th scope="col">Asset</th><th scope="col" class="number">Amount</th><th scope="col" class="number">Balance</th></tr></thead>
<tbody>${entries.map((entry) => entryRow(entry, assets.get(entry.assetId), names))}</tbody>
</table></div>`;
}

const kindWords: Readonly<Record<StatementEntry["kind"], string>> = {
  allocation: "allocation of the genesis",
  reward: "rewards and fees earned",
  sent: "sent to",
  received: "received from",
  fee: "fee",
  issued: "issued",
};

function entryRow(
  entry: StatementEntry,
  asset: AssetLine | undefined,
  names: ReadonlyMap<string, string>,
): Html {
  const { counterparty, transactionId, memo } = entry;
  const decimals = asset?.decimals ?? 0;
  const name = counterparty === null ? undefined : names.get(counterparty);
  const who =
    counterparty === null
      ? ""
      : html` ${name === undefined ? "" : html`${name} `}<code>${counterparty}</code>`;
  return html`<tr><td class="time">${timeOf(entry.timestampMs).slice(0, 19).replace("T", " ")}</td><td class="number">${entry.height}</td><td>${kindWords[entry.kind]}${who}${
    memo === "" ? "" : html`<br><q>${memo}</q>`
  }${transactionId === null ? "" : html`<br><code class="id">${transactionId}</code>`}</td><td>${asset?.symbol ?? entry.assetId}</td><td class="number">${formatAmount(entry.deltaUnits, decimals)}</td><td class="number">${formatAmount(entry.balanceUnits, decimals)}</td></tr>\n`;
}

function proofPart({ proof, proofMissing, consensus, to }: Statement): Html {
  if (!proof) return html`<p>There is none: ${proofMissing}.</p>`;
  const why =
    consensus === "poa"
      ? "It leads from the chain id over the authorities and their certificates to the block, and from the block's state root to each closing balance."
      : "It has the header of every block with its work, and leads from the block's state root to each closing balance.";
  const text = encodeProof(proof);
  return html`<p>${why} The block is ${to.height}, <code>${to.hash}</code>. Whoever has the chain id from elsewhere verifies it without a network: <code>aurex-node verify-proof proof.json --genesis ${proof.chainId}</code></p>
${
  text.length > shownProofBytesMax
    ? html`<p>The proof has ${text.length} bytes and is in a file of its own (<code>--proof</code>).</p>`
    : html`<details><summary>The proof, ${text.length} bytes: save it as proof.json</summary><pre>${text
        .split("\n")
        .map(
          (line) => html`${line}
`,
        )}</pre></details>`
}`;
}

function timeOf(timestampMs: number): string {
  return new Date(timestampMs).toISOString();
}

/** What only a statement has. */
const ownStyle = new Html(`<style>
.time { white-space: nowrap; }
th code { display: block; min-width: 12rem; }
code.id { color: var(--soft); }
pre { font: 12.5px/1.5 ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre-wrap; overflow-wrap: anywhere;
  max-height: 20rem; overflow: auto; padding: .75rem 1rem; background: var(--sunken); border: 1px solid var(--line); border-radius: .5rem; }
td code { font-size: 11.5px; }
@media print { details { display: none; } td code { font-size: 7pt; } table { font-size: 8.5pt; } }
</style>`);
