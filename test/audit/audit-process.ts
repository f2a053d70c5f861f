/** Audits a ledger in a process of its own, on every core, and says how much memory that took: file, chain id, head. */
import { auditLedger } from "../../src/audit/audit-ledger.ts";

export interface AuditedInProcess {
  readonly verdict: string;
  readonly transactions: number;
  readonly seconds: number;
  /** The most that the process held at any time, all threads together. */
  readonly memoryMib: number;
}

const [file = "", chainId = "", head = ""] = process.argv.slice(2);
const { verdict, chains, seconds } = await auditLedger({
  file,
  genesis: [chainId],
  heads: [head],
  jobs: "auto",
});
const memoryMib = process.resourceUsage().maxRSS / 1024;
const transactions = chains.reduce((sum, chain) => sum + chain.transactions, 0);
console.log(JSON.stringify({ verdict, transactions, seconds, memoryMib } satisfies AuditedInProcess));
