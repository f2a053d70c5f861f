/** `aurex-node pool`: serve a mining pool on a node, mine for one, and see how one does. */
import { InvalidArgumentError } from "commander";
import type { PoolAnswer } from "../api/mining.ts";
import { plainConfig } from "../config/node-config.ts";
import type { PoolMinerStatus } from "../node/pool-miner.ts";
import { AurexCommand } from "./command.ts";
import { fieldList } from "./field-list.ts";
import { oneOf } from "./flag-values.ts";
import { addNodeFlags } from "./node-flags.ts";
import {
  type ApiFlags,
  addApiFlags,
  addJsonFlag,
  connect,
  type JsonFlag,
  loadConfig,
} from "./shared-flags.ts";
import { grouped, hashRateText } from "./status-text.ts";
import { addStopSignals } from "./stop-signals.ts";
import { type Terminal, tableFor, writeJson, writeLine } from "./terminal.ts";
import { addWideFlag, type WideFlag } from "./wide-flag.ts";

interface JoinFlags extends JsonFlag {
  readonly account: string;
  readonly threads: number | "auto";
  readonly logLevel: "debug" | "info" | "warn" | "error";
}

const statusEveryMs = 10_000;
const threadsMax = 256;

export function poolCommand(terminal: Terminal): AurexCommand {
  const pool = new AurexCommand("pool", terminal)
    .description(
      "A mining pool: one node drafts the blocks and is paid for them, members search, and everyone gets a part by the work of their shares. Members need no chain.",
    )
    .examples(
      "aurex-node pool serve",
      "aurex-node pool join /ip4/192.0.2.1/tcp/13247 --account aurex1…",
      "aurex-node pool show",
    );
  for (const command of [serveCommand(terminal), joinCommand(terminal), showCommand(terminal)]) {
    pool.addCommand(command);
  }
  return pool;
}

function serveCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("serve", terminal)
    .summary("run a Proof of Work node that serves a pool")
    .description(
      "Run a Proof of Work node whose blocks are searched for by the members of its pool. The blocks pay this node's account; what they earn is shared out by the work of the last shares (PPLNS), once it has matured, by ordinary transfers. All flags of a node count; it mines with no thread of its own unless --mine-threads says so.",
    )
    .examples(
      "aurex-node pool serve",
      "aurex-node pool serve --pool-fee 1 --pool-payout-minimum 5 --export ledger.sqlite",
    )
    .runs(async (flags: Record<string, unknown>) => {
      const { runNode } = await import("./start.ts");
      return runNode(plainConfig(await loadConfig({ ...flags, servePool: true }, terminal)), terminal);
    });
  return addNodeFlags(command);
}

function joinCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("join", terminal)
    .summary("mine for a pool")
    .description(
      "Mine for a pool until Ctrl-C, with the program alone: no chain, no key, no port. The pool pays the account.",
    )
    .argument("<multiaddr>", "address of the pool, as its node prints it")
    .requiredOption("--account <address>", "address that the pool is to pay (aurex1…)")
    .option("--threads <count>", "threads to mine with, or auto: all cores but one", threadCount, "auto")
    .option(
      "--log-level <level>",
      "debug, info, warn or error",
      oneOf("debug", "info", "warn", "error"),
      "info",
    )
    .examples(
      "aurex-node pool join /ip4/192.0.2.1/tcp/13247 --account aurex1… --threads 4",
      "aurex-node pool join /ip4/192.0.2.1/tcp/13247/p2p/12D3Koo… --account aurex1… --json",
    )
    .runs((pool: string, flags: JoinFlags) => mineFor(pool, flags, terminal));
  return addJsonFlag(command);
}

async function mineFor(pool: string, flags: JoinFlags, shared: Terminal): Promise<void> {
  const terminal: Terminal = { ...shared, stdout: shared.logOutput() };
  const stop = addStopSignals();
  const { systemClock } = await import("../base/clock.ts");
  const { createNodeLogger } = await import("../node/logging.ts");
  const { openPoolMiner } = await import("../node/pool-miner.ts");
  const { json = false, account, threads, logLevel: level } = flags;
  const format = json ? "json" : "human";
  const log = createNodeLogger({ level, format, file: undefined, terminal: terminal.stdout });
  try {
    const miner = await openPoolMiner({ pool, account, threads }, { clock: systemClock, logger: log.logger });
    const say = (msg: string, text: string) => {
      const fields = { level: 30, time: Date.now(), msg, ...plain(miner.status()) };
      if (json) writeJson(terminal, fields);
      else writeLine(terminal, text);
    };
    say("starting", `Mining for the pool at ${pool}; it pays ${account}. Ctrl-C stops.`);
    await miner.start();
    // This timer is also what keeps the process alive while the pool cannot be reached.
    const timer = setInterval(() => say("status", memberText(miner.status())), statusEveryMs);
    try {
      if (!stop.signal.aborted) {
        await new Promise((resolve) => stop.signal.addEventListener("abort", resolve, { once: true }));
      }
    } finally {
      clearInterval(timer);
      await miner.stop();
    }
    say("stopped", `Stopped. ${memberText(miner.status())}`);
  } finally {
    await log.close();
    stop.remove();
  }
}

/** JSON has no bigint. */
function plain(status: PoolMinerStatus): object {
  return { ...status, acceptedWork: status.acceptedWork.toString() };
}

/** E.g. "24.10 MH/s  accepted 12  rejected 1  stale 2  share 120,000,000 hashes  blocks 1". */
export function memberText(status: PoolMinerStatus): string {
  const { notMiningBecause, unreachableBecause, refusal, hashesPerShare, stale, unanswered, blocksFound } =
    status;
  // Stale ones are said by themselves: they are nobody's fault.
  const rejected = Object.entries(status.rejected)
    .filter(([code]) => code !== "21")
    .reduce((sum, [, count]) => sum + count, 0);
  return [
    notMiningBecause ? `not mining: ${notMiningBecause}` : hashRateText(status.hashesPerSecond),
    unreachableBecause,
    refusal && `refused: ${refusal}`,
    `accepted ${grouped(status.accepted)}`,
    rejected > 0 && `rejected ${grouped(rejected)}`,
    stale > 0 && `stale ${grouped(stale)}`,
    unanswered > 0 && `unanswered ${grouped(unanswered)}`,
    hashesPerShare > 0 && `share ${grouped(Math.round(hashesPerShare))} hashes`,
    blocksFound > 0 && `blocks ${grouped(blocksFound)}`,
  ]
    .filter((part) => typeof part === "string")
    .join("  ");
}

function showCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("show", terminal)
    .summary("show the pool of a running node")
    .description(
      "Show the members of a running node's pool, their shares, and in AUR: earned (their parts of the pool's blocks in the chain), immature (the part that is not mature yet), paid (payments in the chain), owed (earned less paid; negative if a block left the chain after it was paid for).",
    )
    .examples("aurex-node pool show", "aurex-node pool show --json | jq .members")
    .runs(async (flags: ApiFlags & JsonFlag & WideFlag) => {
      const answer = await (await connect(flags, terminal)).pool();
      if (flags.json) writeJson(terminal, answer);
      else terminal.stdout.write(poolText(answer, terminal, flags.wide));
    });
  return addJsonFlag(addWideFlag(addApiFlags(command)));
}

function poolText(pool: PoolAnswer, terminal: Terminal, wide = false): string {
  const head = [
    { title: "member", cut: "middle", widthMin: 12 } as const,
    ...["accepted", ...(wide ? ["rejected"] : []), "hash rate", ...(wide ? ["blocks"] : [])].map((title) => ({
      title,
      right: true,
    })),
    // Eight decimal places of four amounts do not fit 80 columns: the last ones give way.
    ...["earned", "immature", "paid", "owed"].map(
      (title) => ({ title, right: true, cut: "end", widthMin: 9 }) as const,
    ),
  ];
  const rows = pool.members.map((member) => [
    member.address,
    grouped(member.sharesAccepted),
    ...(wide ? [grouped(member.sharesRejected)] : []),
    hashRateText(member.hashesPerSecond),
    ...(wide ? [String(member.blocksFound)] : []),
    member.earned,
    member.immature,
    member.paid,
    member.owed,
  ]);
  const fields = fieldList({
    pool: pool.address,
    join: pool.addresses.map((address) => `aurex-node pool join ${address} --account ADDRESS`),
    fee: `${pool.feePercent} %`,
    payments: `every ${pool.payoutEveryBlocks} blocks, from ${pool.payoutMinimum} AUR on`,
    "hash rate": hashRateText(pool.hashesPerSecond),
    shares: `${grouped(pool.sharesAccepted)} accepted, ${grouped(pool.sharesRejected)} rejected`,
    blocks: `${pool.blocksFound} found, ${pool.blocksOrphaned} orphaned`,
    earned: `${pool.earned} AUR, ${pool.immature} of it immature`,
    paid: `${pool.paid} AUR`,
    owed: `${pool.owed} AUR`,
    members: `${pool.memberCount}, ${pool.sessions} connections`,
  });
  return rows.length === 0 ? fields : `${fields}\n${tableFor(terminal, head, rows, wide)}`;
}

function threadCount(text: string): number | "auto" {
  if (text === "auto") return text;
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= threadsMax) return count;
  throw new InvalidArgumentError(`It must be auto or a whole number from 1 to ${threadsMax}.`);
}
