/**
 * Prints what becomes of a sample of seeds, one line a seed: two versions of the code that behave alike print the same.
 * `node_modules/.bin/node test/simulation/fingerprint.ts > before.txt`, and the same after a change.
 */
import { createHash } from "node:crypto";
import { simulateFinality } from "./finality/simulate-finality.ts";
import { coreOf, MiningWorld } from "./mining-world.ts";
import { type ScenarioName, scenarios } from "./scenarios.ts";
import { simulate } from "./simulate.ts";

const seedsOf: Readonly<Record<ScenarioName, number>> = { mixed: 12, pow: 12, poa: 12 };
const finalitySeeds = 1_000;
const miningSeeds = 2;
const miningMs = 300_000;
const shownDigits = 16;

/** The last head and the last final block of each node of whole networks, and the hash of all that happened. */
async function networkLine(name: ScenarioName, seed: number): Promise<string> {
  const heads = new Map<string, string>();
  const finals = new Map<string, string>();
  const onTrace = (line: string) => {
    const [, node, what, first, second] = line.trim().split(" ");
    if (what === "head") heads.set(node!, first!.slice(0, shownDigits));
    if (what === "final") finals.set(node!, `${first}/${second!.slice(0, shownDigits)}`);
  };
  const { traceHash, blocks, committed, reorganizations, violations } = await simulate(seed, {
    ...scenarios[name],
    onTrace,
  });
  if (violations.length > 0) console.error(`${name} ${seed}: ${violations.join("; ")}`);
  const both = [...new Set(heads.values()), ...new Set(finals.values())].join(" ");
  return `${name} ${seed}: ${both}; ${blocks} blocks, ${committed} transactions, ${reorganizations} reorganizations; trace ${traceHash.slice(0, shownDigits)}`;
}

function finalityLine(seed: number): string {
  const trace = createHash("sha256");
  const report = simulateFinality(seed, { onTrace: (line) => trace.update(`${line}\n`) });
  const { blocks, finalHeight, recoveryMs, violations } = report;
  return `finality ${seed}: ${blocks} blocks, final ${finalHeight}, recovered in ${recoveryMs} ms, ${violations.length} violations; trace ${trace.digest("hex").slice(0, shownDigits)}`;
}

async function miningLine(seed: number): Promise<string> {
  const world = await MiningWorld.start(seed, [30, 30, 30]);
  await world.clock.advance(miningMs);
  await world.advanceToOneHead();
  const { head } = coreOf(world.nodes[0]!).chain;
  await world.stop();
  return `mining ${seed}: ${head.header.height}/${head.hashHex.slice(0, shownDigits)}`;
}

for (let seed = 1; seed <= finalitySeeds; seed += 1) console.log(finalityLine(seed));
for (const [name, count] of Object.entries(seedsOf)) {
  for (let seed = 1; seed <= count; seed += 1) console.log(await networkLine(name as ScenarioName, seed));
}
for (let seed = 1; seed <= miningSeeds; seed += 1) console.log(await miningLine(seed));
