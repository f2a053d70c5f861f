/** One run: four authorities under load, perturbed by a plan, and whether every promise was kept. */
import { setTimeout as delay } from "node:timers/promises";
import type { KeyPair } from "../../src/protocol/signing.ts";
import { createSeededRandom } from "../simulation/random.ts";
import { patienceMs, until } from "../support/patience.ts";
import type { AuthorityProcess } from "./authority-process.ts";
import { type Acknowledged, accountKey, CarefulClient } from "./careful-client.ts";
import { ChaosStage } from "./chaos-stage.ts";
import { type Comparison, compareNodes, findMissing, type Missing } from "./end-state.ts";
import { FinalityWatch } from "./finality-watch.ts";
import { type Perturbation, type PerturbationKind, planOf } from "./plan.ts";

export interface ChaosOptions {
  readonly seed: number;
  readonly durationMs: number;
  readonly perturbations: number;
  readonly accounts: number;
  /** Leaves data and logs of the nodes where they are. */
  readonly keep: boolean;
}

/** What was done, and how long the node took to be back. */
export interface Outcome extends Perturbation {
  readonly name: string;
  /** From its return until it answered and was level with the others, as long as it had company; undefined: not in `limitMs`. */
  readonly backMs: number | undefined;
  readonly limitMs: number;
}

export interface ChaosReport {
  readonly seed: number;
  readonly durationMs: number;
  readonly folder: string | null;
  /** Kinds that this system cannot do, with the reason. */
  readonly skipped: readonly string[];
  readonly outcomes: readonly Outcome[];
  readonly acknowledged: number;
  readonly unanswered: number;
  readonly refusals: Readonly<Record<string, number>>;
  /** Acknowledged, and no node has them any more. */
  readonly lost: readonly Missing[];
  /** Acknowledged, and still waiting when the time was over. */
  readonly stuck: readonly Missing[];
  /** From the end of the load until everything acknowledged was final. */
  readonly settledMs: number | undefined;
  /** How a final block was replaced. */
  readonly replaced: string | undefined;
  readonly comparison: Comparison;
  readonly finalHeight: number;
}

const nodesCount = 4;
/** Bounds the wait for a node, and for the neighbours that are away, too. */
const levelMs = 60_000;
const settleMs = 60_000;

export interface ChaosSurroundings {
  /** Takes a line of progress. */
  say(text: string): void;
  /** Ends the run early: the processes are killed, and `chaos` throws. */
  readonly signal?: AbortSignal;
}

/**
 * Starts the nodes, sends, perturbs, waits until all is final, compares the nodes and ends them.
 *
 * @returns what happened; `promisesOf` judges it
 * @throws if the nodes do not get going, or if the signal comes
 */
export async function chaos(options: ChaosOptions, surroundings: ChaosSurroundings): Promise<ChaosReport> {
  const keys = Array.from({ length: options.accounts }, (_, index) => accountKey(options.seed, index));
  const stage = await ChaosStage.open(keys);
  const watch = new FinalityWatch(stage.nodes);
  const { signal } = surroundings;
  const stopped = new Promise<never>((_, reject) => {
    const stop = () => reject(new Error("stopped before the end"));
    signal?.addEventListener("abort", stop, { once: true });
    if (signal?.aborted) stop();
  });
  try {
    return await Promise.race([stopped, run(options, { stage, keys, watch, say: surroundings.say })]);
  } finally {
    await stage.close(options.keep);
    await watch.stop();
  }
}

interface Run {
  readonly stage: ChaosStage;
  readonly keys: readonly KeyPair[];
  readonly watch: FinalityWatch;
  say(text: string): void;
}

async function run(options: ChaosOptions, { stage, keys, watch, say }: Run): Promise<ChaosReport> {
  const { seed, durationMs, perturbations } = options;
  const { nodes } = stage;
  const random = createSeededRandom(seed);
  await Promise.all(nodes.map((node) => node.start()));
  await until("four authorities make blocks final", async () => {
    const all = await Promise.all(nodes.map((node) => node.status()));
    return all.every(
      (status) => status && status.peers === nodesCount - 1 && (status.final?.height ?? 0) > 0,
    );
  });
  watch.start();
  const kinds: PerturbationKind[] = [
    "kill",
    "pause",
    "restart",
    ...(stage.whyNoCuts ? [] : ["cut" as const]),
  ];
  const plan = planOf({ seed, nodes: nodesCount, perturbations, durationMs, kinds });
  const clients = keys.map((keyPair) => {
    const receivers = keys.filter((other) => other !== keyPair).map(({ publicKey }) => publicKey);
    return new CarefulClient({ keyPair, receivers, chainId: stage.chainId, nodes, random });
  });
  say(
    `seed ${seed}: ${plan.length} perturbations in ${Math.round(durationMs / 1_000)} s, ${clients.length} accounts`,
  );
  const loading = new AbortController();
  const load = Promise.all(clients.map((client) => client.run(loading.signal)));
  const acknowledged = () => clients.flatMap((client) => client.acknowledged);
  const outcomes = await perturb(nodes, plan, watch, (outcome) =>
    say(`${line(outcome)}; ${acknowledged().length} acknowledged`),
  );
  loading.abort();
  await load;
  const sent = acknowledged();
  say(`the load has ended: ${sent.length} transactions were acknowledged`);
  const settling = await settled(nodes, sent);
  const { lost, stuck } = await findMissing(nodes, settling.missing);
  const comparison = await compareNodes(
    nodes,
    clients.map(({ address }) => address),
  );
  return {
    seed,
    durationMs,
    folder: options.keep ? stage.folder : null,
    skipped: stage.whyNoCuts ? [`cut: ${stage.whyNoCuts}`] : [],
    outcomes,
    acknowledged: sent.length,
    unanswered: clients.reduce((sum, client) => sum + client.unanswered, 0),
    refusals: sumOf(clients.map((client) => client.refusals)),
    lost,
    stuck,
    settledMs: settling.tookMs,
    replaced: watch.broken,
    comparison,
    finalHeight: watch.height,
  };
}

async function perturb(
  nodes: readonly AuthorityProcess[],
  plan: readonly Perturbation[],
  watch: FinalityWatch,
  tell: (outcome: Outcome) => void,
): Promise<Outcome[]> {
  const beganMs = performance.now();
  const disturbed = new Set<AuthorityProcess>();
  const turns = new Map<AuthorityProcess, Promise<unknown>>();
  const running = plan.map((perturbation) => {
    const node = nodes[perturbation.node] as AuthorityProcess;
    const before = turns.get(node);
    const done = (async () => {
      await delay(perturbation.atMs - (performance.now() - beganMs));
      // The plan knows how long a node is away, not how long it takes to be back: what comes too early would count for both.
      await before;
      disturbed.add(node);
      await comeAndGo(node, perturbation);
      const others = nodes.filter((other) => other !== node);
      const back = await untilLevel(node, {
        heightWanted: Math.max(...others.map((other) => watch.headOf(other))),
        // A node that is alone with others that are away cannot be level with anybody.
        hasCompany: () => others.some((other) => !disturbed.has(other)),
      });
      disturbed.delete(node);
      const outcome = { ...perturbation, name: node.name, ...back };
      tell(outcome);
      return outcome;
    })();
    turns.set(node, done);
    return done;
  });
  return Promise.all(running);
}

/** Resolves when the node may come back: its process is started, goes on, or has its cable again. */
async function comeAndGo(node: AuthorityProcess, { kind, awayMs }: Perturbation): Promise<void> {
  switch (kind) {
    case "kill":
      await node.kill();
      await delay(awayMs);
      return node.start();
    case "restart":
      await node.stop();
      return node.start();
    case "pause":
      node.pause();
      await delay(awayMs);
      return node.resume();
    case "cut":
      node.cut();
      await delay(awayMs);
      return node.mend();
  }
}

interface Level {
  readonly heightWanted: number;
  /** Whether a node is there that nothing is being done to. */
  hasCompany(): boolean;
}

/**
 * Waits until the node answers, has a peer and its head is at least as high as every other head was when it came back.
 *
 * @returns the time with company: a node that has nobody to ask is not late
 */
async function untilLevel(
  node: AuthorityProcess,
  { heightWanted, hasCompany }: Level,
): Promise<{ backMs: number | undefined; limitMs: number }> {
  const limitMs = patienceMs(levelMs);
  let lookedMs = performance.now();
  let withCompanyMs = 0;
  const isLevel = async () => {
    const status = await node.status();
    const nowMs = performance.now();
    if (hasCompany()) withCompanyMs += nowMs - lookedMs;
    lookedMs = nowMs;
    return status !== undefined && status.head.height >= heightWanted && status.peers > 0;
  };
  try {
    await until(`${node.name} is level with the others`, isLevel, { limitMs: levelMs, pollMs: 50 });
    return { backMs: Math.round(withCompanyMs), limitMs };
  } catch {
    return { backMs: undefined, limitMs };
  }
}

/** Waits until all nodes have every one of these in one and the same final chain. */
async function settled(
  nodes: readonly AuthorityProcess[],
  sent: readonly Acknowledged[],
): Promise<{ missing: readonly Acknowledged[]; tookMs: number | undefined }> {
  const beganMs = performance.now();
  const committed = new Set<string>();
  let height = 0;
  const missing = () => sent.filter(({ id }) => !committed.has(id));
  try {
    await until(
      "all that was acknowledged is final everywhere",
      async () => {
        const all = await Promise.all(nodes.map((node) => node.status()));
        const final = Math.min(...all.map((status) => status?.final?.height ?? 0));
        const [first] = nodes;
        for (; height < final; height += 1) {
          const block = await first?.api.block(String(height + 1));
          for (const { id } of block?.transactions ?? []) committed.add(id);
        }
        return missing().length === 0;
      },
      { limitMs: settleMs, pollMs: 250 },
    );
    return { missing: [], tookMs: Math.round(performance.now() - beganMs) };
  } catch {
    return { missing: missing(), tookMs: undefined };
  }
}

function line({ atMs, name, kind, awayMs, backMs, limitMs }: Outcome): string {
  const away = kind === "restart" ? "" : ` for ${(awayMs / 1_000).toFixed(1)} s`;
  const back =
    backMs === undefined ? `NOT BACK in ${limitMs / 1_000} s` : `back in ${(backMs / 1_000).toFixed(1)} s`;
  return `${(atMs / 1_000).toFixed(0).padStart(4)} s  ${name.padEnd(5)} ${kind}${away}: ${back}`;
}

function sumOf(counts: readonly ReadonlyMap<string, number>[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const [code, count] of counts.flatMap((each) => [...each])) sum[code] = (sum[code] ?? 0) + count;
  return sum;
}
