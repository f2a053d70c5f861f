/** What is done to which node and when: drawn from a seed, so that a failing run can be repeated. */
import { createSeededRandom, type SeededRandom } from "../simulation/random.ts";

/**
 * - kill: `kill -9`, and a start after a while
 * - restart: SIGTERM, and a start when the process has ended
 * - pause: SIGSTOP, and SIGCONT after a while
 * - cut: the machine's network cable is out for a while
 */
export type PerturbationKind = "kill" | "restart" | "pause" | "cut";

export interface Perturbation {
  /** From the beginning of the load. */
  readonly atMs: number;
  /** Index of the node. */
  readonly node: number;
  readonly kind: PerturbationKind;
  /** How long the node is away at least; a restart takes as long as it takes. */
  readonly awayMs: number;
}

export interface PlanOptions {
  readonly seed: number;
  readonly nodes: number;
  readonly perturbations: number;
  readonly durationMs: number;
  readonly kinds: readonly PerturbationKind[];
}

/** Between the end of one perturbation of a node and the next one of the same node. */
const restMs = 5_000;

/** Perturbations in the order of their times. Two may overlap on different nodes, never on one. */
export function planOf({ seed, nodes, perturbations, durationMs, kinds }: PlanOptions): Perturbation[] {
  const random = createSeededRandom(seed);
  // Each kind as often as the others.
  const drawn = Array.from({ length: perturbations }, (_, index) => ({
    kind: kinds[index % kinds.length] as PerturbationKind,
    // Every fourth of its kind is longer than the time limits between nodes.
    isLong: Math.floor(index / kinds.length) % 4 === 3,
    atMs: random.between(0, durationMs),
  }));
  const times = drawn.map(({ atMs }) => atMs).sort((a, b) => a - b);
  const freeAtMs = new Array<number>(nodes).fill(0);
  const plan = random.shuffled(drawn).map(({ kind, isLong }, index): Perturbation => {
    const atMs = Math.max(times[index] ?? 0, Math.min(...freeAtMs));
    const node = random.pick(freeAtMs.flatMap((freeMs, each) => (freeMs <= atMs ? [each] : [])));
    const awayMs = awayMsOf(kind, isLong, random);
    freeAtMs[node] = atMs + awayMs + restMs;
    return { atMs, node, kind, awayMs };
  });
  return plan.sort((a, b) => a.atMs - b.atMs);
}

function awayMsOf(kind: PerturbationKind, isLong: boolean, random: SeededRandom): number {
  if (kind === "restart") return 0;
  if (kind === "kill") return random.between(0, 5_000);
  return isLong ? random.between(10_000, 20_000) : random.between(500, 10_000);
}
