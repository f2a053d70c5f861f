/** The audit of a ledger on every core, against verifying its signatures and nothing else. */
import path from "node:path";
import { auditLedger } from "../src/audit/audit-ledger.ts";
import { BareRate } from "./bare-rate.ts";
import { writeLongLedger } from "./long-ledger.ts";
import { elapsedMs, type Figure, median, type Section } from "./measure.ts";

const bareMs = 1_000;

export const measureAudit: Section = async ({ quick, progress, directory }) => {
  const transactions = quick ? 20_000 : 100_000;
  const rounds = quick ? 1 : 3;
  const folder = await directory();
  const file = path.join(folder, "ledger.sqlite");
  progress(`writing a ledger of ${transactions} transactions`);
  const { sample, chainId, headHash } = await writeLongLedger(
    { file, directory: folder, transactions },
    progress,
  );
  const bare = BareRate.verification(sample);
  await using resources = new AsyncDisposableStack();
  resources.defer(() => bare.close());
  await bare.perSecond(bareMs);
  const rates: number[] = [];
  const limits: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    limits.push(await bare.perSecond(bareMs));
    const auditMs = await elapsedMs(async () => {
      const { holds, verdict } = await auditLedger({
        file,
        genesis: [chainId],
        heads: [headHash],
        jobs: "auto",
      });
      if (!holds || verdict !== "complete") throw new Error(`the audit of a true ledger says: ${verdict}`);
    });
    rates.push((transactions * 1_000) / auditMs);
    progress(`round ${round + 1} of ${rounds}: ${Math.round(rates.at(-1) ?? 0)} transactions/s`);
  }
  const figure: Figure = {
    name: "audit, all twelve checks",
    value: median(rates),
    unit: "transactions/s",
    limit: { value: median(limits), meaning: "bare verification, every core" },
    aim: { above: 0.7 },
  };
  return [figure];
};
