/** One attack on honest nodes: measured before, during and after. */
import { setTimeout as delay } from "node:timers/promises";
import { patienceMs, until } from "../support/patience.ts";
import { aspectOf, inclusionMaxMs } from "./aspects.ts";
import { AttackerProcess } from "./attacker-process.ts";
import { type Figures, limits } from "./figures.ts";
import { type HonestNetwork, networkName } from "./honest-network.ts";
import { LatencyProbe } from "./latency-probe.ts";
import type { Came } from "./newcomers.ts";
import { partings } from "./parted.ts";
import { niceness } from "./processor.ts";
import type { Row } from "./rows.ts";
import { Watch } from "./watch.ts";

export interface AttackOptions {
  readonly attackers: number;
  readonly seconds: number;
  /** How long the honest nodes are measured before. */
  readonly baselineSeconds: number;
  readonly newcomers: number;
  /** All others take no time from the honest pair, so that latencies say something. On a busy machine they would get none at all. */
  readonly pairComesFirst: boolean;
}

/** Attackers have this long to get in place, and longer for more that is made ahead. */
const preparedMinMs = 60_000;
/** Newcomers come once the attack is under way. */
const newcomersAfter = 0.2;

/** Measures, attacks for so many seconds, and waits until the honest nodes are as before. */
export async function attack(row: Row, network: HonestNetwork, options: AttackOptions): Promise<Figures> {
  const periodsMs = (row.periodsMin ?? 0) * network.spec.genesis.periodMs;
  const cutLimitMs = row.cutWithinMs === undefined ? undefined : patienceMs(row.cutWithinMs);
  const attackMs = Math.max(options.seconds * 1_000, periodsMs, cutLimitMs ?? 0);
  const [first, second] = network.nodes;
  if (!first || !second) throw new Error("an honest pair is two nodes");
  const probe = new LatencyProbe(first, second, network.spec.chainId);
  const watch = new Watch(network);
  const attackers: AttackerProcess[] = [];
  const partingsBefore = partings(network.nodes, network.names).length;
  const isFresh = !network.hasWorked;
  if (isFresh) await probe.load();
  network.hasWorked = true;
  probe.start();
  watch.start();
  try {
    await probe.one();
    if (isFresh) await probe.settle();
    const aspect = aspectOf(row.aspect, network);
    await prepareNewcomers(network, options.newcomers);
    probe.take();
    watch.take();
    // All that honest nodes go through during the attack, without the attack: newcomers cost time, too.
    const [early] = await Promise.all([
      newcomersDuring(network, options.baselineSeconds * 1_000),
      aspect?.before(),
      delay(options.baselineSeconds * 1_000),
    ]);
    const baseline = probe.take();
    const before = watch.take();
    await prepareNewcomers(network, options.newcomers);
    const disk = await network.diskBytes();
    for (let index = 0; index < options.attackers; index += 1) {
      const order = {
        targets: network.addresses,
        spec: network.json,
        network: networkName,
        index,
        seeds: network.byzantineSeeds,
        variant: row.variant ?? "",
        seconds: attackMs / 1_000,
      };
      attackers.push(
        new AttackerProcess(row.program, order, options.pairComesFirst ? nicenessOf(row) : undefined),
      );
    }
    // Floods make ahead what they send, all of them on the cores that the honest nodes leave.
    const limitMs = preparedMinMs + options.attackers * attackMs;
    await until("the attackers are in place", () => attackers.every((each) => each.isReady()), { limitMs });
    probe.take();
    watch.take();
    const beganMs = performance.now();
    for (const each of attackers) each.begin();
    const [newcomers] = await Promise.all([
      newcomersDuring(network, attackMs),
      aspect?.during(attackers),
      delay(attackMs),
    ]);
    const during = probe.take();
    const seen = watch.take();
    const diskAfter = await network.diskBytes();
    const seconds = (performance.now() - beganMs) / 1_000;
    await Promise.all(attackers.map((each) => each.end()));
    const backMs = await untilBack(network, probe);
    const findings = await aspect?.findings();
    const grown = (now: readonly number[], then: readonly number[]) =>
      Math.max(...now.map((bytes, index) => bytes - (then[index] ?? 0)));
    const cuts = attackers.flatMap(({ cutsMs }) => cutsMs.slice(0, 1));
    return {
      row: row.id,
      attackers: options.attackers,
      baseline,
      during,
      processor: { before: before.processor, during: seen.processor },
      residentGrowth: grown(seen.residentBytes, before.residentBytes),
      diskGrowth: grown(diskAfter, disk),
      seconds,
      cutAfterMs: cuts.length < attackers.length ? undefined : Math.max(...cuts),
      cutLimitMs,
      newcomersMs: newcomers.tookMs,
      finalLag: network.authorities === 0 ? undefined : seen.finalLag,
      authorities: network.authorities,
      finalLagMax: row.finalLagMax ?? limits.finalLagTimes * network.authorities,
      inclusionLimitMs:
        row.aspect === "fairness" || row.aspect === "slashing" ? inclusionMaxMs(network) : undefined,
      partings: partings(network.nodes, network.names, [...early.ids, ...newcomers.ids]).slice(
        partingsBefore,
      ),
      backMs,
      sent: attackers.reduce((sum, { count }) => sum + count, 0),
      notes: [
        ...(findings?.notes ?? []),
        ...(during.overtaken > 0
          ? [`a block brought ${during.overtaken} of the honest pair's transactions before gossip did`]
          : []),
        ...[...probe.refusals].map(([code, count]) => `the honest pair was refused ${count} times: ${code}`),
      ],
      broken: [...(findings?.broken ?? []), ...failuresOf(attackers)],
    };
  } finally {
    await Promise.all(attackers.map((each) => each.end()));
    await Promise.all([probe.stop(), watch.stop()]);
  }
}

/** Rows with an aspect serve a chain or seal blocks. */
function nicenessOf({ aspect, program }: Row): number {
  if (program === "crowd") return niceness.dialling;
  return aspect === undefined ? niceness.floods : niceness.serving;
}

function failuresOf(attackers: readonly AttackerProcess[]): string[] {
  return attackers.flatMap(({ failure }) =>
    failure === undefined ? [] : [`an attacker failed: ${failure}`],
  );
}

function prepareNewcomers({ newcomers, json }: HonestNetwork, count: number): Promise<void> {
  return newcomers.prepare({ spec: json, network: networkName, count });
}

async function newcomersDuring({ newcomers, addresses }: HonestNetwork, forMs: number): Promise<Came> {
  const signal = AbortSignal.timeout(forMs);
  await delay(newcomersAfter * forMs);
  return newcomers.come(addresses[0] ?? "", signal);
}

/** Normal: all honest nodes are connected, on one chain, final blocks follow, and the pair hears of each other at once. */
async function untilBack(network: HonestNetwork, probe: LatencyProbe): Promise<number | undefined> {
  const beganMs = performance.now();
  const limitMs = patienceMs(limits.backMs);
  while (performance.now() - beganMs < limitMs) {
    if ((await isNormal(network)) && (await probe.one()) < patienceMs(1_000))
      return performance.now() - beganMs;
    await delay(100);
  }
  return undefined;
}

async function isNormal(network: HonestNetwork): Promise<boolean> {
  const { nodes, authorities } = network;
  const all = await Promise.all(nodes.map((node) => node.status().catch(() => undefined)));
  const heights = all.map((status) => status?.head.height ?? Number.NaN);
  const isLevel = Math.max(...heights) - Math.min(...heights) <= 1;
  const isFinal = all.every(
    (status) =>
      status?.final == null || status.head.height - status.final.height <= limits.finalLagTimes * authorities,
  );
  return isLevel && isFinal && (await network.isConnected());
}
