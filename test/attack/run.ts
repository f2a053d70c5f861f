/** `npm run attack`: the attackers as programs against real nodes, and whether what is promised holds. */
import { parseArgs } from "node:util";
import { slowness } from "../support/patience.ts";
import { attack } from "./attack.ts";
import { againTimes, asksAgain, type Judged, judge, lastWord, quiet } from "./figures.ts";
import { HonestNetwork } from "./honest-network.ts";
import { probeAccounts } from "./latency-probe.ts";
import { reportText } from "./report.ts";
import { type Row, rowsNamed } from "./rows.ts";

const usage = `Attackers as processes of their own against honest nodes on loopback, with an honest pair measured before, during and
after each attack. Prints attack by figures, and fails if a limit does not hold.

npm run attack -- [options]
  --attackers N,N      how many of each, up to 16 (default 1,4,8)
  --only ID,ID         these rows alone, such as 1 or 1a
  --seconds N          of each attack, up to 600 (default 15); if a row breaks by its 99th percentile alone,
                       it is measured ${againTimes} times more, and the middle one decides
  --newcomers N        honest hosts that come during each attack (default 4)
  --slow-machine       latencies are shown and not judged; so it is by itself if the machine is busy
  --json               prints the figures as JSON
  --help               prints this

Exit code: 0 all rows hold, 1 one does not, 2 the command cannot be understood, 130 stopped.
Example: npm run attack -- --only 1,6 --attackers 1 --seconds 5`;

const exitStopped = 130;
class UsageError extends Error {}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      attackers: { type: "string", default: "1,4,8" },
      only: { type: "string", default: "" },
      seconds: { type: "string", default: "15" },
      newcomers: { type: "string", default: "4" },
      "slow-machine": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const counts = listOf(values.attackers).map((text) => wholeNumber("--attackers", text, 1, 16));
  const seconds = wholeNumber("--seconds", values.seconds, 1, 600);
  const newcomers = wholeNumber("--newcomers", values.newcomers, 0, 32);
  const rows = rowsAsked(listOf(values.only));
  // Measured before the nodes run: the load that an attack makes is no excuse for them.
  const slowMachine = values["slow-machine"] || slowness() > quiet.slownessMax;
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(exitStopped));
  const judged: Judged[] = [];
  for (const group of groupsOf(rows)) {
    const { attackersMin = 1, attackersMax = Number.POSITIVE_INFINITY } = group[0] ?? {};
    const clamped = counts.map((count) => Math.max(attackersMin, Math.min(count, attackersMax)));
    for (const attackers of new Set(clamped)) {
      judged.push(...(await attackGroup(group, { attackers, seconds, newcomers, slowMachine })));
    }
  }
  const inOrder = rows.flatMap(({ id }) => judged.filter(({ row }) => row === id));
  console.log(values.json ? JSON.stringify(inOrder, null, 2) : reportText(inOrder));
  return judged.every(({ faults }) => faults.length === 0) ? 0 : 1;
}

interface GroupOptions {
  readonly attackers: number;
  readonly seconds: number;
  readonly newcomers: number;
  readonly slowMachine: boolean;
}

/** Rows of one plan, one after the other on the same honest nodes: so it is also seen whether an attack leaves something. */
async function attackGroup(group: readonly Row[], options: GroupOptions): Promise<Judged[]> {
  const plan = group[0]?.plan;
  if (!plan) return [];
  say(`${plan.nodes} honest nodes of a chain of ${plan.kind} start`);
  const open = () => HonestNetwork.open(plan, probeAccounts, !options.slowMachine);
  let network = await open();
  try {
    const judged: Judged[] = [];
    for (const row of group) {
      const first = await attackOnce(row, network, options);
      if (!asksAgain(first)) {
        judged.push(first);
        continue;
      }
      say(`  its 99th alone is too long: measured ${againTimes} times more`);
      const again: Judged[] = [];
      while (again.length < againTimes) {
        // The nodes have banned the attackers, who come under the same keys.
        await network.close();
        network = await open();
        again.push(await attackOnce(row, network, options));
      }
      judged.push(lastWord(first, again));
    }
    return judged;
  } finally {
    await network.close();
  }
}

async function attackOnce(row: Row, network: HonestNetwork, options: GroupOptions): Promise<Judged> {
  say(`${row.id} × ${options.attackers}: ${row.what}`);
  const figures = await attack(row, network, {
    ...options,
    pairComesFirst: !options.slowMachine,
    // As long as the attack: the 99th percentile of fewer samples has less of what happens seldom.
    baselineSeconds: options.seconds,
  });
  const judged = judge(figures, options);
  say(`  ${judged.sent} sent; ${judged.faults.length === 0 ? "holds" : judged.faults.join("; ")}`);
  return judged;
}

/** Rows that share their honest nodes. */
function groupsOf(rows: readonly Row[]): readonly Row[][] {
  const alone = rows.filter(({ needsFreshNodes }) => needsFreshNodes).map((row) => [row]);
  const shared = Map.groupBy(
    rows.filter(({ needsFreshNodes }) => !needsFreshNodes),
    ({ plan }) => plan,
  );
  return [...shared.values(), ...alone];
}

function rowsAsked(ids: readonly string[]): readonly Row[] {
  try {
    return rowsNamed(ids);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}

function listOf(text: string): string[] {
  return text.split(",").filter((each) => each !== "");
}

function wholeNumber(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw new UsageError(`${flag} takes a whole number from ${least} to ${most}`);
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

try {
  process.exitCode = await main();
} catch (error) {
  const isUsage = error instanceof UsageError || (error instanceof TypeError && "code" in error);
  if (!isUsage) throw error;
  process.stderr.write(`${(error as Error).message}\nnpm run attack -- --help says what there is.\n`);
  process.exitCode = 2;
}
