/** From what the checks of a chain came to, to its verdict in words: what is proved, what is not, and what would prove it. */
import type { BlockName, ChainResult, CheckResult, CheckStatus, NotProved, Verdict } from "./audit-result.ts";
import { checkTitles } from "./audit-result.ts";
import type { CheckTally, TallyBook } from "./check-report.ts";
import { type CheckName, checkNames, shownText } from "./finding.ts";
import type { Row } from "./ledger-block.ts";

/** What was seen of a chain while its blocks came by. */
export interface ChainSummary {
  readonly meta: Row;
  readonly isExcerpt: boolean;
  blocks: number;
  transactions: number;
  head: BlockName | null;
  /** Of the highest block that a given head or digest was found to name. */
  knownHeight: number | null;
  /** Given heads that are in the chain, hex. */
  readonly knownHashes: string[];
}

/** A check that did not run has not held. */
function ranOf(book: TallyBook, name: CheckName): CheckResult {
  const hasRun = book.tallies.has(name);
  const tally = book.of(name);
  if (!hasRun) tally.notJudged.push("anything: this check did not run");
  return checkResultOf(tally, name);
}

export function checkResultOf(tally: CheckTally, name: CheckName): CheckResult {
  const { findings, milliseconds, notJudged, notes, notApplicable } = tally;
  const rows = notApplicable === undefined ? tally.rows : 0;
  return {
    ...{ name, title: checkTitles[name], status: statusOf(tally), rows, findings, notJudged },
    seconds: milliseconds / 1000,
    notes: notApplicable === undefined ? notes : [notApplicable, ...notes],
  };
}

function statusOf({ findings, notJudged, notApplicable }: CheckTally): CheckStatus {
  if (findings > 0) return "fails";
  if (notJudged.length > 0) return "not-judged";
  return notApplicable === undefined ? "holds" : "does-not-apply";
}

/** @param isGenesisGiven the genesis that somebody else has named is that of this chain */
export function chainResultOf(
  summary: ChainSummary,
  book: TallyBook,
  isGenesisGiven: boolean,
  isFileSound: boolean,
): ChainResult {
  const { meta, head, blocks, transactions, knownHeight } = summary;
  const checks = checkNames.filter((name) => name !== "schema").map((name) => ranOf(book, name));
  const consensus = shownText(String(meta.consensus));
  const final =
    typeof meta.final_index === "bigint"
      ? { height: Number(meta.final_index), hash: shownText(String(meta.final_hash)) }
      : null;
  const unproved = checkNames.flatMap((name) => book.of(name).notProved);
  const seen: SeenChain = {
    checks,
    unproved,
    head,
    final,
    consensus,
    isGenesisGiven,
    isFileSound,
    knownHeight,
  };
  const verdict = verdictOf(seen);
  return {
    chainId: shownText(String(meta.chain_id)),
    name: shownText(String(meta.name)),
    ...{ consensus, head, final, blocks, transactions, verdict, checks },
    genesisHash: shownText(String(meta.genesis_hash)),
    upTo: verdict === "failed" ? null : verdict === "complete" ? knownHeight : (head?.height ?? null),
    words: wordsOf(verdict, seen),
    proved: verdict === "failed" ? [] : provedOf(seen),
    notProved: notProvedOf(verdict, seen),
    findings: checkNames.flatMap((name) => (name === "schema" ? [] : book.of(name).kept)),
  };
}

interface SeenChain {
  readonly checks: readonly CheckResult[];
  /** What checks came upon that the file claims and does not prove: now, what is final. */
  readonly unproved: readonly NotProved[];
  readonly head: BlockName | null;
  readonly final: BlockName | null;
  readonly consensus: string;
  readonly isGenesisGiven: boolean;
  readonly isFileSound: boolean;
  readonly knownHeight: number | null;
}

function verdictOf({ checks, head, isGenesisGiven, isFileSound, knownHeight }: SeenChain): Verdict {
  const holds = checks.every(({ status }) => status === "holds" || status === "does-not-apply");
  if (!holds || !isFileSound || head === null) return "failed";
  // A block's hash commits to every block below it, block 0 among them.
  if (knownHeight !== null) return "complete";
  return isGenesisGiven ? "authentic" : "consistent";
}

function wordsOf(verdict: Verdict, { checks, head, knownHeight, isFileSound }: SeenChain): string {
  const height = head?.height ?? -1;
  switch (verdict) {
    case "failed": {
      const failing = checks.filter(({ status }) => status === "fails");
      const findings = failing.reduce((sum, check) => sum + check.findings, 0);
      if (findings > 0) {
        const names = failing.map(({ name }) => name).join(", ");
        return `FAILED: ${findings} ${findings === 1 ? "finding" : "findings"} in ${names}`;
      }
      if (!isFileSound) return "FAILED: the file as a whole is not sound, see the check schema";
      if (head === null) return "FAILED: the file has no block of this chain";
      const open = checks.filter(({ status }) => status === "not-judged").map(({ name }) => name);
      return `NOT JUDGED AS A WHOLE: nothing wrong was found, but ${open.join(", ")} could not look at everything`;
    }
    case "consistent":
      return `consistent up to block ${height}: every row follows from the chain in this file; whether it is the chain that you mean, the file alone cannot show`;
    case "authentic":
      return `authentic up to block ${height}: every row follows from the chain that begins with the genesis you named; whether blocks were cut off its end, the file alone cannot show`;
    case "complete":
      return knownHeight === height
        ? `authentic and complete up to block ${height}: every row follows from the chain that has the block you named, and none is missing`
        : `authentic up to block ${height}, and complete up to block ${knownHeight}: up to the block you named every row is there; whether blocks were cut off above block ${height}, the file alone cannot show`;
  }
}

function provedOf(seen: SeenChain): string[] {
  const { head, final, consensus, isGenesisGiven, knownHeight } = seen;
  const isWork = consensus === "pow";
  const proved = [
    "Every column that follows from the chain was computed anew from the bytes that were signed and hashed.",
    "Every transaction is signed by its sender, and no account has a transaction too few or too many.",
    isWork
      ? "Every block has done the work that the rules ask for, and the work adds up."
      : "Every block is sealed by an authority that was in the set at that height, and the set changes only by votes and evidence in the blocks.",
    "Every transaction was executed again: balances, supply, names and rewards are what the rules give, and every block's state root is right.",
  ];
  if (final && final.height > 0 && !isWork && seen.unproved.length === 0)
    proved.push(`Block ${final.height} is final: a quorum of the authorities signed for it.`);
  if (isGenesisGiven) proved.push("The chain begins with the genesis that you named.");
  if (knownHeight !== null && head) {
    proved.push(
      `The block that you named is block ${knownHeight} of this chain: no block up to it is missing or replaced.`,
    );
  }
  return proved;
}

function notProvedOf(verdict: Verdict, seen: SeenChain): NotProved[] {
  const { head, final, consensus, knownHeight, isGenesisGiven } = seen;
  if (verdict === "failed" || !head) return [];
  const open: NotProved[] = [...seen.unproved];
  if (!isGenesisGiven && knownHeight === null) {
    open.push({
      what: "That this is the chain you mean: anybody can make a chain of their own that follows every rule.",
      next: "get the chain id from somebody you trust (aurex-node status shows it), then: aurex-node audit FILE --genesis CHAIN_ID",
    });
  }
  if (knownHeight === null || knownHeight < head.height) {
    open.push({
      what: `That no blocks were cut off after block ${knownHeight ?? head.height}.`,
      next: "get the hash of the newest block from somebody you trust (aurex-node block shows it), then: aurex-node audit FILE --head HASH",
    });
  }
  if (consensus === "pow") {
    open.push({
      what: "That no other chain of this genesis has more work: a miner with enough computing power can replace the last blocks.",
      next: "compare the hash of the head with nodes of others: aurex-node block HEIGHT --api URL",
    });
  } else if (!final || final.height === 0) {
    open.push({
      what: `That blocks 1 to ${head.height} stay: none of them is final, and a single authority can have sealed all of them alone.`,
      next: "ask other authorities for the hash of the newest final block (aurex-node status shows it), then: aurex-node audit FILE --head HASH",
    });
  } else if (final.height < head.height) {
    open.push({
      what: `That blocks ${final.height + 1} to ${head.height} stay: they are not final, and a reorganization can still replace them.`,
      next: `audit the file again once block ${head.height} is final; the views *_with_finality show which rows are`,
    });
  }
  const notes = seen.checks.find(({ name }) => name === "observed")?.notes ?? [];
  open.push(...notes.map((what) => ({ what: `${what}.`, next: "ask the person who wrote the file" })));
  return open;
}
