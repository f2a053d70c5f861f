/** All cells: each strategy with each number of authorities, network and spread of clocks, and pairs that collude. */
import { collusions, strategies, strategyNamed } from "./strategies.ts";

/** Milliseconds that a message takes, from and to. */
export const networks = { lan: [1, 50], wan: [20, 400] } as const satisfies Record<
  string,
  readonly [number, number]
>;
export type NetworkName = keyof typeof networks;

export interface Cell {
  /** None: all authorities are honest. */
  readonly strategies: readonly string[];
  readonly authorityCount: number;
  readonly network: NetworkName;
  /** Honest clocks differ from the true time by at most this. */
  readonly clockMs: number;
  /** One honest clock is as slow as any may be, one as fast; else all are drawn. */
  readonly isExtreme: boolean;
  readonly seed: number;
  readonly heights: number;
}

export interface CellWishes {
  readonly seeds: number;
  readonly heights: number;
  readonly firstSeed?: number | undefined;
  readonly counts?: readonly number[];
  readonly networks?: readonly NetworkName[];
  readonly clocks?: readonly number[];
  readonly isExtreme?: boolean;
  readonly strategies?: readonly string[] | undefined;
}

export const fairCounts = [4, 5, 7] as const;
export const fairClocksMs = [200, 1_000] as const;
/** A name of two that collude joins theirs by this. */
const joint = "+";

export function cellsOf(wishes: CellWishes): Cell[] {
  const {
    seeds,
    heights,
    firstSeed = 1,
    isExtreme = false,
    counts = fairCounts,
    clocks = fairClocksMs,
  } = wishes;
  const over = wishes.networks ?? (Object.keys(networks) as NetworkName[]);
  const named = wishes.strategies?.map((plot) => strategiesNamed(plot) ?? []);
  const cells: Cell[] = [];
  for (const authorityCount of counts) {
    for (const network of over) {
      for (const clockMs of clocks) {
        for (const chosen of named ?? plotsFor(authorityCount)) {
          for (let seed = firstSeed; seed < firstSeed + seeds; seed += 1) {
            cells.push({ strategies: chosen, authorityCount, network, clockMs, isExtreme, seed, heights });
          }
        }
      }
    }
  }
  return cells;
}

/** Pairs need two. */
function plotsFor(authorityCount: number): (readonly string[])[] {
  const alone = strategies.map(({ name }) => [name]);
  return [[], ...alone, ...(authorityCount >= 7 ? collusions : [])];
}

const honest = "honest";

/** The name of what the Byzantine authorities of a cell do: "honest" for none, "a+b" for two that collude. */
export function plotName({ strategies: names }: Pick<Cell, "strategies">): string {
  return names.length === 0 ? honest : names.join(joint);
}

/** The reverse of {@link plotName}; undefined if there is no such strategy. */
export function strategiesNamed(plot: string): readonly string[] | undefined {
  const names = plot === honest ? [] : plot.split(joint);
  return names.every((name) => strategies.some((strategy) => strategy.name === name)) ? names : undefined;
}

/** The row of the table that a cell counts in. */
export function groupOf({ strategies: names }: Pick<Cell, "strategies">): string {
  const [first, second] = names;
  if (first === undefined) return honest;
  return second === undefined ? strategyNamed(first).group : "two colluding";
}

/** The command that shows a cell once more. */
export function replayOfCell(cell: Cell, without?: string): string {
  const { authorityCount, network, clockMs, isExtreme, seed, heights } = cell;
  const rule = without === undefined ? "" : ` --without ${without}`;
  return [
    `npm run sim -- --cell ${plotName(cell)} --nodes ${authorityCount} --network ${network}`,
    `--clock ${clockMs}${isExtreme ? " --extreme" : ""} --seed ${seed} --heights ${heights}${rule} --verbose`,
  ].join(" ");
}
