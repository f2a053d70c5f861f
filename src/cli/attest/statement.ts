/** `aurex-node statement`: what an account had, every entry, and what it has, with the proof of that. */
import type { Point, Statement } from "../../attest/statement/statement.ts";
import { formatAmount } from "../../protocol/amount.ts";
import { AurexCommand } from "../command.ts";
import { usageError } from "../failure.ts";
import { fieldList } from "../field-list.ts";
import { addJsonFlag, addPlaceFlags, type JsonFlag, type PlaceFlags } from "../shared-flags.ts";
import { type Terminal, tableFor, writeJson, writeLine } from "../terminal.ts";
import { addWideFlag, type WideFlag } from "../wide-flag.ts";
import { blockProgress, ledgerNamed, withLedger, writeDocument } from "./ledger-work.ts";

interface StatementFlags extends PlaceFlags, JsonFlag, WideFlag {
  readonly account: string;
  readonly at?: string;
  readonly from?: string;
  readonly ledger?: string;
  readonly chain?: string;
  readonly html?: string;
  readonly csv?: string;
  readonly proof?: string;
  readonly force?: boolean;
}

export function statementCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("statement", terminal)
    .description(
      "Write the statement of an account from a ledger: opening balances, every entry, closing balances, and the proof of the closing balances from the chain id on. The chain is executed from its genesis, so that nothing rests on the rows alone. Days are those of UTC.",
    )
    .requiredOption(
      "--account <account>",
      "an address, a node id, a public key of 64 hex digits, or a registered name",
    )
    .option(
      "--at <height|date>",
      "the last block of the statement, or the last day or moment, e.g. 2026-01-31 (default: the newest final block; Proof of Work: the last one)",
    )
    .option("--from <height|date>", "its first block, day or moment (default: the genesis)")
    .option("--ledger <file.sqlite>", "the ledger (default: that of the node)")
    .option(
      "--chain <id>",
      "the chain, if the ledger holds several: its id, the first 8 digits of it, or its name",
    )
    .option("--html <file>", "write a page that prints well")
    .option("--csv <file>", "write a table for a spreadsheet")
    .option("--proof <file>", "write the proof of the closing balances, for aurex-node verify-proof")
    .option("--force", "replace files that are there")
    .examples(
      "aurex-node statement --account alice@example.com --ledger ledger.sqlite --chain local-pow",
      "aurex-node statement --account alice@example.com --ledger ledger.sqlite --chain local-pow --at 2026-12-31 --html alice.html --csv alice.csv",
      "aurex-node statement --account alice@example.com --ledger ledger.sqlite --chain local-pow --proof alice-proof.json --json",
    )
    .runs((flags: StatementFlags) => write(flags, terminal));
  return addJsonFlag(addWideFlag(addPlaceFlags(command)));
}

async function write(flags: StatementFlags, terminal: Terminal): Promise<void> {
  const { statementFromLedger } = await import("../../attest/statement/statement.ts");
  const wish = {
    account: flags.account,
    from: flags.from === undefined ? undefined : pointIn(flags.from, "--from"),
    to: flags.at === undefined ? undefined : pointIn(flags.at, "--at"),
  };
  const path = await ledgerNamed(flags.ledger, flags, terminal);
  const statement = await withLedger(path, (ledger, signal) =>
    statementFromLedger(ledger, ledger.chain(flags.chain), wish, {
      nowMs: Date.now(),
      onProgress: blockProgress(terminal),
      signal,
    }),
  );
  await writeFiles(statement, flags, terminal);
  if (flags.json) {
    const { statementJson } = await import("../../attest/statement/statement-forms.ts");
    return writeJson(terminal, statementJson(statement));
  }
  tell(statement, flags, terminal);
}

async function writeFiles(statement: Statement, flags: StatementFlags, terminal: Terminal): Promise<void> {
  const { statementCsv } = await import("../../attest/statement/statement-forms.ts");
  const { statementPage } = await import("../../attest/statement/statement-page.ts");
  const { encodeProof } = await import("../../attest/proof/proof-document.ts");
  const { proof } = statement;
  if (flags.proof !== undefined && !proof) {
    throw usageError(
      "there is no proof to write",
      statement.proofMissing ?? "",
      "leave --proof out, or name another --at",
    );
  }
  const files: [string | undefined, () => string][] = [
    [flags.html, () => statementPage(statement)],
    [flags.csv, () => [...statementCsv(statement)].join("")],
    [flags.proof, () => (proof ? encodeProof(proof) : "")],
  ];
  for (const [file, content] of files) {
    if (file === undefined) continue;
    await writeDocument(file, content(), flags.force ?? false);
    terminal.stderr.write(`${file} is written\n`);
  }
}

/** Entries that a terminal shows; the files have all of them. */
const shownMax = 200;

function tell(statement: Statement, flags: StatementFlags, terminal: Terminal): void {
  const { account, name, from, to, proof, proofMissing, entries, assets } = statement;
  const time = (ms: number) => new Date(ms).toISOString();
  const fields = {
    account,
    name,
    chain: `${statement.chainName} (${statement.consensus}) ${statement.chainId}`,
    from: `block ${from.height}, ${time(from.timestampMs)}`,
    to: `block ${to.height}, ${time(to.timestampMs)}, ${to.hash}`,
    proof: proof
      ? "the closing balances are proved from the chain id on (--proof writes it)"
      : `none: ${proofMissing}`,
  };
  terminal.stdout.write(`${fieldList(fields, terminal.columns)}\n`);
  const numbers = ["opening", "in", "out", "closing"].map((title) => ({ title, right: true }));
  const balances = assets.map(({ symbol, decimals, openingUnits, inUnits, outUnits, closingUnits }) => [
    symbol,
    ...[openingUnits, inUnits, -outUnits, closingUnits].map((units) => formatAmount(units, decimals)),
  ]);
  terminal.stdout.write(`${tableFor(terminal, ["asset", ...numbers], balances, flags.wide)}\n`);
  const hidden = entries.length - shownMax;
  if (hidden > 0)
    writeLine(terminal, `The last ${shownMax} of ${entries.length} entries; --csv and --html have more.`);
  terminal.stdout.write(
    tableFor(terminal, entryColumns, entryRows(statement, entries.slice(-shownMax)), flags.wide),
  );
}

const entryColumns = [
  { title: "block", right: true },
  { title: "time" },
  { title: "what", cut: "end" } as const,
  { title: "other account", cut: "middle", widthMin: 10 } as const,
  { title: "asset" },
  { title: "amount", right: true },
  { title: "balance", right: true },
];

function entryRows({ assets, names }: Statement, entries: Statement["entries"]): string[][] {
  const byId = new Map(assets.map((asset) => [asset.assetId, asset]));
  return entries.map(({ height, timestampMs, kind, counterparty, assetId, deltaUnits, balanceUnits }) => {
    const { symbol = "", decimals = 0 } = byId.get(assetId) ?? {};
    return [
      String(height),
      new Date(timestampMs).toISOString().slice(0, 19),
      kind,
      counterparty === null ? "" : (names.get(counterparty) ?? counterparty),
      symbol,
      formatAmount(deltaUnits, decimals),
      formatAmount(balanceUnits, decimals),
    ];
  });
}

const dayMs = 86_400_000;

/** A height, a day (its first or last moment, as the flag asks), or a moment in ISO 8601 with its zone. */
function pointIn(text: string, flag: "--at" | "--from"): Point {
  if (/^\d{1,15}$/.test(text)) return { height: Number(text) };
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const isMoment = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})$/.test(text);
  const timeMs = isDay || isMoment ? Date.parse(text) : Number.NaN;
  // The engine takes 30 February for 2 March.
  const isReal = !isDay || (!Number.isNaN(timeMs) && new Date(timeMs).toISOString().startsWith(text));
  if (!Number.isNaN(timeMs) && isReal)
    return { timeMs: isDay && flag === "--at" ? timeMs + dayMs - 1 : timeMs };
  throw usageError(
    `${flag} ${text} is no height and no date`,
    "it is a block's height, a day such as 2026-01-31, or a moment such as 2026-01-31T12:00:00Z",
    "name one of them",
  );
}
