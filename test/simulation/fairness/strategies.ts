/** How Byzantine authorities behave in the judgement of fairness: one table. None of them ever includes an honest transaction. */

export interface Strategy {
  readonly name: string;
  /** The row of the table that its cells count in. */
  readonly group: string;
  /** "in turn": a later rank seals only if nobody did before; "any rank": on every block, as soon as the rules let it. */
  readonly seals: "in turn" | "any rank" | "never";
  /** How far ahead of the true time it stamps; "limit": as far as the rules of the run take at once. */
  readonly aheadMs: number | "limit";
  /** It does not stamp as early as it may, but as late as `aheadMs` lets it: the next slots move back. */
  readonly stampsLate: boolean;
  /** Also seals on the parent of a new block of somebody else: a rival for it. */
  readonly rivals: boolean;
  /** Different blocks on one parent. */
  readonly variants: number;
  /** Each of these blocks goes to a part of the nodes of its own; else all go to all. */
  readonly splits: boolean;
  /** Its block is shown this late. */
  readonly withholdMs: number;
  /** Its block is shown this long after an honest one of the same height; undefined: it does not wait for one. */
  readonly afterRivalMs: number | undefined;
  /** Builds on its own blocks unseen and shows so many at once. */
  readonly privateBlocks: number;
  /** Leaves out certificates. */
  readonly omitsCertificates: boolean;
  /**
   * "head": one vote a height, for the first block of it; "none"; "double": for every block; "one node": as "head", but
   * told to one node only; "second": for the second block of a height, if there is one;
   * "tip over": kept until it makes a quorum for a block that honest nodes have left.
   */
  readonly votes: "head" | "none" | "double" | "one node" | "second" | "tip over";
  readonly voteDelayMs: number;
  /** How late it answers the question for a block; undefined: never. */
  readonly answersAfterMs: number | undefined;
  /** Is not among the founders, but is voted in over the first blocks. */
  readonly isAdmitted: boolean;
}

const obedient = {
  seals: "in turn",
  aheadMs: 0,
  stampsLate: false,
  rivals: false,
  variants: 1,
  splits: false,
  withholdMs: 0,
  afterRivalMs: undefined,
  privateBlocks: 1,
  omitsCertificates: false,
  votes: "head",
  voteDelayMs: 0,
  answersAfterMs: 1,
  isAdmitted: false,
} as const satisfies Omit<Strategy, "name" | "group">;

function group(
  name: string,
  strategies: Record<string, Partial<Omit<Strategy, "name" | "group">>>,
): Strategy[] {
  return Object.entries(strategies).map(([strategy, does]) => ({
    ...obedient,
    ...does,
    name: strategy,
    group: name,
  }));
}

const takeOver = { seals: "any rank", aheadMs: "limit" } as const;

export const strategies: readonly Strategy[] = [
  ...group("censor", { censor: {}, "censor-omit": { omitsCertificates: true } }),
  ...group("silent", {
    silent: { seals: "never", votes: "none" },
    "no-votes": { votes: "none" },
    "no-blocks": { seals: "never" },
    "silent-admission": { seals: "never", votes: "none", isAdmitted: true },
  }),
  ...group("front-run", {
    "front-run": takeOver,
    "front-run-300": { ...takeOver, aheadMs: 300 },
    "front-run-1000": { ...takeOver, aheadMs: 1_000 },
    "front-run-5000": { ...takeOver, aheadMs: 5_000 },
    "front-run-late-stamp": { ...takeOver, stampsLate: true },
    "front-run-rivals": { ...takeOver, rivals: true },
    "front-run-no-votes": { ...takeOver, votes: "none" },
    "front-run-omit": { ...takeOver, omitsCertificates: true, votes: "none" },
    "front-run-tip-over": { ...takeOver, votes: "tip over" },
    "front-run-private-3": { ...takeOver, privateBlocks: 3 },
    "front-run-admitted": { ...takeOver, isAdmitted: true },
  }),
  ...group("withhold blocks", {
    "withhold-400": { withholdMs: 400 },
    "withhold-1000": { withholdMs: 1_000 },
    "withhold-1500": { withholdMs: 1_500 },
    "withhold-3000": { withholdMs: 3_000 },
    "after-rival-0": { afterRivalMs: 0 },
    "after-rival-700": { afterRivalMs: 700 },
    "after-rival-1010": { afterRivalMs: 1_010 },
    "after-rival-1200": { afterRivalMs: 1_200 },
    "after-rival-1500": { afterRivalMs: 1_500 },
    "after-rival-4000": { afterRivalMs: 4_000 },
    "private-2": { ...takeOver, privateBlocks: 2 },
    "private-2-no-votes": { ...takeOver, privateBlocks: 2, votes: "none" },
    "private-3-tip-over": { ...takeOver, privateBlocks: 3, votes: "tip over" },
    "slow-serve": { withholdMs: 400, answersAfterMs: 5_000 },
    "never-serve": { withholdMs: 400, answersAfterMs: undefined },
  }),
  ...group("withhold votes", {
    "late-votes-700": { votes: "head", voteDelayMs: 700 },
    "late-votes-1500": { votes: "head", voteDelayMs: 1_500 },
    "late-votes-4500": { votes: "head", voteDelayMs: 4_500 },
    "tip-over": { votes: "tip over" },
    "tip-over-after-rival": { votes: "tip over", afterRivalMs: 0 },
    "tip-over-after-rival-1010": { votes: "tip over", afterRivalMs: 1_010 },
    "tip-over-after-rival-1200": { votes: "tip over", afterRivalMs: 1_200 },
    "tip-over-late-1010": { votes: "tip over", voteDelayMs: 2_500, afterRivalMs: 1_010 },
    "tip-over-late-1200": { votes: "tip over", voteDelayMs: 2_500, afterRivalMs: 1_200 },
    "tip-over-later-1200": { votes: "tip over", voteDelayMs: 4_500, afterRivalMs: 1_200 },
    "tip-over-withhold-1000": { votes: "tip over", withholdMs: 1_000 },
    "tip-over-rivals": { votes: "tip over", seals: "any rank", rivals: true },
  }),
  ...group("split votes", {
    "votes-one-node": { votes: "one node" },
    "votes-second": { votes: "second" },
    "votes-second-rival": { votes: "second", afterRivalMs: 0 },
    "votes-second-front-run": { ...takeOver, votes: "second", rivals: true },
  }),
  ...group("split", {
    split: { variants: 3, splits: true },
    "split-front-run": { ...takeOver, variants: 3, splits: true },
    "split-front-run-no-votes": { ...takeOver, variants: 7, splits: true, votes: "none" },
    "split-after-rival": { variants: 3, splits: true, afterRivalMs: 0 },
  }),
  ...group("equivocate", {
    "equivocate-5": { variants: 5 },
    "equivocate-30": { ...takeOver, variants: 30 },
    "equivocate-private": { ...takeOver, variants: 2, privateBlocks: 2 },
    "double-votes": { votes: "double", seals: "any rank", rivals: true },
    "double-votes-split": { ...takeOver, votes: "double", variants: 2, splits: true },
  }),
];

/** What two that collude do, each its part, if there are two Byzantine authorities. */
export const collusions: readonly (readonly [string, string])[] = [
  ["front-run", "split-front-run"],
  ["front-run-late-stamp", "tip-over"],
  ["after-rival-700", "tip-over-rivals"],
  ["withhold-1500", "front-run-rivals"],
  ["equivocate-5", "no-votes"],
  ["silent", "front-run-omit"],
];

export function strategyNamed(name: string): Strategy {
  const strategy = strategies.find((candidate) => candidate.name === name);
  if (!strategy) throw new Error(`there is no strategy ${name}`);
  return strategy;
}
