/** `aurex-node export --bundle`: a ledger with all that it takes to check it, in one archive. */
import { BundleFolder, targetFault } from "../../attest/bundle/bundle.ts";
import { digestOfLedger, signDigest } from "../../attest/digest-document.ts";
import { LedgerBlocks } from "../../attest/ledger-blocks.ts";
import { stopped } from "../../attest/stopped.ts";
import { auditLedger } from "../../audit/audit-ledger.ts";
import { auditReport } from "../../audit/report/audit-report.ts";
import { durationText } from "../../base/duration-text.ts";
import { copyLedger } from "../../export/ledger-copy.ts";
import { type ExitCode, exitCodes, placeUnusable } from "../../node/operator-error.ts";
import { usageError } from "../failure.ts";
import { openKey, type PassphraseFlags } from "../passphrase.ts";
import { type JsonFlag, type PlaceFlags, settingsOf } from "../shared-flags.ts";
import { addStopSignals } from "../stop-signals.ts";
import { type Terminal, writeJson, writeLine } from "../terminal.ts";
import { packageVersion } from "../version.ts";

export interface BundleFlags extends PlaceFlags, JsonFlag, PassphraseFlags {
  readonly force?: boolean;
  readonly sign?: boolean;
  readonly key?: string;
}

/**
 * @param ledger the ledger that goes into it; a node may write to it meanwhile
 * @returns 9 if the audit of the copy has findings: the bundle is written, and its report has them
 */
export async function bundleLedger(
  target: string,
  ledger: string,
  flags: BundleFlags,
  terminal: Terminal,
): Promise<ExitCode> {
  const fault = targetFault(target, flags.force ?? false);
  if (fault !== undefined) {
    throw usageError(
      `no bundle is written to ${target}`,
      fault,
      "name another file, e.g. audit.tar.gz, or add --force to replace one that is there",
    );
  }
  // Before hours of work: a passphrase that nobody knows, or a key that is not there.
  const keyPair = flags.sign
    ? await openKey((await settingsOf(flags, terminal)).dataDir, flags.key ?? "node", flags, terminal)
    : undefined;
  const bundle = await BundleFolder.open(target).catch((thrown: unknown) => {
    throw placeUnusable(thrown, target, "name a file in another directory");
  });
  const stop = addStopSignals();
  const say = stepProgress(terminal);
  try {
    const onCopied = ({ bytes, bytesTotal }: { bytes: number; bytesTotal: number }) =>
      say("copying the ledger", bytes / Math.max(1, bytesTotal));
    await copyLedger(
      { ledger, target: bundle.ledger, force: true, durable: false },
      { onProgress: onCopied, signal: stop.signal },
    );
    const { chains, file } = await digestsOf(bundle.ledger, say, stop.signal);
    const audited = await auditLedger(
      { file },
      {
        onProgress: ({ rows, rowsTotal }) => say("auditing it", rows / Math.max(1, rowsTotal)),
        signal: stop.signal,
      },
    );
    // The name that the file has in the archive: the copy's own is nobody's business.
    const result = { ...audited, file: "ledger.sqlite" };
    const report = await bundle
      .write(
        {
          chains: chains.map(({ spec, digest }) => ({
            spec,
            digest: keyPair ? signDigest(digest, keyPair) : digest,
          })),
          reportJson: `${JSON.stringify(result, null, 1)}\n`,
          reportPage: auditReport(result),
          holds: result.holds,
          version: packageVersion(),
        },
        {
          onProgress: ({ bytes, bytesTotal }) => say("packing it", bytes / bytesTotal),
          signal: stop.signal,
        },
      )
      .catch((thrown: unknown) => {
        throw placeUnusable(thrown, target, "name a file on another disk, or in another directory");
      });
    if (flags.json) writeJson(terminal, { ...report, holds: result.holds });
    else {
      writeLine(terminal, `${report.file}: ${report.bytes} bytes, ${report.names.length} files`);
      writeLine(terminal, "README.txt in it says how to check it without this program.");
      if (!result.holds) writeLine(terminal, "The audit has findings: audit.html in it says which.");
    }
    return result.holds ? exitCodes.ok : exitCodes.doesNotHold;
  } catch (thrown) {
    throw stop.signal.aborted ? stopped() : thrown;
  } finally {
    stop.remove();
    await bundle.remove();
  }
}

async function digestsOf(file: string, say: (step: string, share: number) => void, signal: AbortSignal) {
  const ledger = LedgerBlocks.open(file);
  try {
    const chains = [];
    for (const chain of ledger.chains()) {
      const digest = await digestOfLedger(ledger, chain, undefined, {
        onProgress: ({ height, headHeight }) =>
          say(`digesting the chain ${chain.spec.name}`, height / Math.max(1, headHeight)),
        signal,
      });
      chains.push({ spec: chain.spec, digest });
    }
    return { chains, file: ledger.file };
  } finally {
    ledger.close();
  }
}

const sayEveryMs = 2_000;

/** A line on stderr at most every two seconds, with the time that the step has left. */
function stepProgress(terminal: Terminal): (step: string, share: number) => void {
  let [step, startedAt, saidAt] = ["", 0, performance.now()];
  return (current, share) => {
    const now = performance.now();
    if (current !== step) [step, startedAt] = [current, now];
    if (now < saidAt + sayEveryMs || share <= 0) return;
    saidAt = now;
    const leftMs = ((now - startedAt) * (1 - share)) / share;
    terminal.stderr.write(`${step}: ${Math.floor(share * 100)} %, about ${durationText(leftMs)} left\n`);
  };
}
