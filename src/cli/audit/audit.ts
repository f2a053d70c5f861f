/** `aurex-node audit`: judges a ledger file by itself, all twelve checks over each chain in it. */
import path from "node:path";
import type { AuditProgress } from "../../audit/audit-ledger.ts";
import type { AuditResult } from "../../audit/audit-result.ts";
import { durationText } from "../../base/duration-text.ts";
import { type ExitCode, exitCodes } from "../../node/operator-error.ts";
import { AurexCommand } from "../command.ts";
import { numberFrom } from "../flag-values.ts";
import { addJsonFlag, addPlaceFlags, type JsonFlag, type PlaceFlags, settingsOf } from "../shared-flags.ts";
import { addStopSignals } from "../stop-signals.ts";
import { type Terminal, writeJson, writeLine } from "../terminal.ts";

interface AuditFlags extends PlaceFlags, JsonFlag {
  readonly chain?: string;
  readonly genesis?: readonly string[];
  readonly head?: readonly string[];
  readonly since?: readonly string[];
  readonly trustRecovery?: readonly string[];
  readonly jobs?: number;
  readonly html?: string;
}

const jobsMax = 64;

export function auditCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("audit", terminal)
    .description(
      "Judge an SQL ledger by the file alone, without a node or a network: every column is computed anew from what was signed and hashed, every signature verified, the whole chain executed again. It says one of: consistent (the file agrees with itself), authentic up to block n (it is the chain of the genesis that you name with --genesis), authentic and complete up to block n (and nothing was cut off up to the block that you name with --head or --since). Ends with 0 if every check holds, with 9 if one does not.",
    )
    .argument("[file]", "the ledger (default: that of the node of --data-dir)")
    .option("--chain <id>", "audit only this chain of the file")
    .option(
      "--genesis <spec|hash>",
      "the genesis of the chain, from somebody you trust: the file of its spec, its chain id, or the hash of block 0; once for each chain",
      gathered,
    )
    .option(
      "--head <hash>",
      "a block that the chain must have, from somebody you trust; once for each chain",
      gathered,
    )
    .option(
      "--since <digest.json>",
      "a digest of this ledger from before (aurex-node digest): its rows must still be the same",
      gathered,
    )
    .option(
      "--trust-recovery <hash>",
      "a block that the operators declared final after a lost quorum, if you believe them: no certificate proves it",
      gathered,
    )
    .option(
      "--jobs <count>",
      "threads, 1 to 64 (default: one for each core, up to 4; each takes about 50 MB)",
      numberFrom(1, jobsMax),
    )
    .option("--html <report.html>", "also write a report that people can read and print")
    .examples(
      "aurex-node audit ledger.sqlite",
      "aurex-node audit ledger.sqlite --genesis ./alpha/chain-spec.json --html report.html",
      "aurex-node audit ledger.sqlite --json | jq '.chains[].words'",
      "aurex-node audit --data-dir ./alpha",
    )
    .runs((file: string | undefined, flags: AuditFlags) => audit(file, flags, terminal));
  return addJsonFlag(addPlaceFlags(command));
}

function gathered(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

async function audit(named: string | undefined, flags: AuditFlags, terminal: Terminal): Promise<ExitCode> {
  const { auditLedger } = await import("../../audit/audit-ledger.ts");
  const given = await import("./given.ts");
  const own = named === undefined ? await ofNode(flags, terminal) : undefined;
  const file = named === undefined ? (own?.file ?? "") : path.resolve(named);
  const genesis = await Promise.all((flags.genesis ?? []).map(given.genesisHash));
  const since = await Promise.all((flags.since ?? []).map(given.digestOf));
  const heads = (flags.head ?? []).map((text) => given.hashOf(text, "--head"));
  const trustedHashes = (flags.trustRecovery ?? []).map((text) => given.hashOf(text, "--trust-recovery"));
  const chain = flags.chain === undefined ? undefined : given.hashOf(flags.chain, "--chain");
  const stop = addStopSignals();
  let result: AuditResult;
  try {
    result = await auditLedger(
      { file, genesis, since, heads, trustedHashes, chain, jobs: flags.jobs ?? "auto" },
      { onProgress: (progress) => sayProgress(progress, terminal), signal: stop.signal },
    );
  } finally {
    stop.remove();
  }
  if (own) await keep(own.dataDir, result, terminal);
  if (flags.html !== undefined) await writeReport(path.resolve(flags.html), result);
  if (flags.json) writeJson(terminal, result);
  else {
    const { auditText } = await import("./audit-text.ts");
    terminal.stdout.write(auditText(result, terminal.columns));
    if (flags.html !== undefined) writeLine(terminal, `\nreport: ${path.resolve(flags.html)}`);
  }
  return result.holds ? exitCodes.ok : exitCodes.doesNotHold;
}

interface OwnLedger {
  readonly file: string;
  readonly dataDir: string;
}

async function ofNode(flags: AuditFlags, terminal: Terminal): Promise<OwnLedger> {
  const { ledgerOfNode } = await import("../export/ledger-of-node.ts");
  const config = await settingsOf(flags, terminal);
  return { file: await ledgerOfNode(config, terminal), dataDir: config.dataDir };
}

/** For the node's page. An audit is none the worse if it cannot be kept. */
async function keep(dataDir: string, result: AuditResult, terminal: Terminal): Promise<void> {
  const { keepLastAudit } = await import("../../audit/last-audit.ts");
  try {
    await keepLastAudit(dataDir, result);
  } catch (thrown) {
    terminal.stderr.write(
      `note: the node's page will not show this audit: ${dataDir} cannot be written (${(thrown as Error).message})\n`,
    );
  }
}

async function writeReport(file: string, result: AuditResult): Promise<void> {
  const { auditReport } = await import("../../audit/report/audit-report.ts");
  const { writeFile } = await import("node:fs/promises");
  const { placeUnusable } = await import("../../node/operator-error.ts");
  try {
    await writeFile(file, auditReport(result));
  } catch (thrown) {
    throw placeUnusable(thrown, file, "name another file with --html");
  }
}

/** On stderr, so that what a program reads is only the result. */
function sayProgress({ rows, rowsTotal, secondsLeft }: AuditProgress, terminal: Terminal): void {
  const share = rowsTotal === 0 ? 100 : Math.min(99, Math.floor((100 * rows) / rowsTotal));
  const left = secondsLeft === undefined ? "" : `, ${durationText(Math.ceil(secondsLeft) * 1000)} left`;
  terminal.stderr.write(`audited ${share} % of the rows${left}\n`);
}
