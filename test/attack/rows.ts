/** The table of attacks: which program attacks which honest nodes, and where an attack is shown that is no program here. */
import type { AspectName } from "./aspects.ts";
import type { NetworkPlan } from "./honest-network.ts";

export interface Row {
  /** The number of the attack in the list, and a letter if it has several forms. */
  readonly id: string;
  readonly what: string;
  readonly plan: NetworkPlan;
  /** A file of the folder `attackers`, without its ending. */
  readonly program: string;
  /** The honest nodes are not as before after it, as after an authority was slashed. */
  readonly needsFreshNodes?: boolean;
  /** More attackers than this cannot be, as where each holds a key of the chain. */
  readonly attackersMax?: number;
  /** Fewer attackers than this are another row. */
  readonly attackersMin?: number;
  /** Blocks that finality may be behind, if it is not twice the number of authorities. */
  readonly finalLagMax?: number;
  /** The attack goes on for this many periods of the chain at least. */
  readonly periodsMin?: number;
  /** An attacker has to be cut in this time. */
  readonly cutWithinMs?: number;
  /** What only this row looks at besides. */
  readonly aspect?: AspectName;
  /** What the program is told besides. */
  readonly variant?: string;
}

/** Four authorities tolerate one that fails. */
const authorities: NetworkPlan = { kind: "authorities", nodes: 4 };

const pow: NetworkPlan = { kind: "pow", nodes: 3 };
/** Three of four are honest, and the attacker has the key of the fourth. */
const withByzantine: NetworkPlan = { kind: "authorities", nodes: 3, byzantine: 1 };
/** As many as seven authorities tolerate. */
const withTwoByzantine: NetworkPlan = { kind: "authorities", nodes: 5, byzantine: 2 };
/** Anyone on the LAN may ask to become an authority. */
const openLan: NetworkPlan = {
  kind: "authorities",
  nodes: 2,
  spec: { admission: "open-lan", joinWindowMs: 24 * 3_600_000 },
};

/** Rows with one plan share their honest nodes, unless one needs fresh nodes. */
export const rows: readonly Row[] = [
  { id: "1a", what: "valid node records, 1,950/s each", plan: authorities, program: "record-flood" },
  {
    id: "1b",
    what: "valid free transactions, 1,950/s each",
    plan: authorities,
    program: "transaction-flood",
  },
  {
    id: "1c",
    what: "transactions that the chain has, 20,000/s each in batches of 50",
    plan: authorities,
    program: "replays",
  },
  ...forms("2", withByzantine, "byzantine", {
    "front-run": "an authority that stamps ahead and censors",
    split: "an authority that shows each peer another block",
    equivocate: "an authority that seals 30 blocks for each height",
  }).map((row) => ofAuthorities(row, 1)),
  ...forms(
    "2",
    withTwoByzantine,
    "byzantine",
    {
      "front-run": "two of seven that stamp ahead and censor",
      split: "two of seven that show each peer another block",
    },
    3,
  ).map((row) => ofAuthorities(row, 2)),
  { id: "3", what: "1 MiB blocks beside the head, 30/s each", plan: pow, program: "siblings" },
  ...forms("4", authorities, "slow-server", {
    slow: "serves a block every 9.5 s",
    mute: "never answers a range",
    hang: "stops after the first block of a range",
  }).map((row): Row => ({ ...row, aspect: "synchronisation" })),
  ...forms("5", authorities, "crowd", {
    "one-key": "89 connections of one key each",
    sybils: "60 peers of one address each",
  }),
  { id: "6", what: "half-open TCP connections, 180/s each", plan: authorities, program: "half-open" },
  ...forms("7", authorities, "orphans", {
    orphans: "strangers' blocks on unknown parents, 500/s each",
    early: "strangers' blocks 3 s ahead of the clock, 500/s each",
  }),
  {
    ...{ id: "9", what: "candidates that neither seal nor vote", plan: openLan, program: "silent-candidate" },
    ...{ needsFreshNodes: true, finalLagMax: 16, periodsMin: 24, aspect: "admission" },
  },
  ...forms("10", authorities, "useless-votes", { strangers: "strangers' votes, 2,000/s each" }),
  ...forms(
    "10",
    authorities,
    "streams",
    {
      malformed: "malformed requests on every protocol, 200/s each",
      slow: "32 requests each that come a byte at a time",
      unread: "ranges that are asked for and not read, 200/s each",
    },
    1,
  ),
  ...forms("10", authorities, "useless-votes", { stale: "votes for what is final, 2,000/s each" }, 4),
  ...forms("11", authorities, "control-flood", {
    prune: "PRUNE, 16,000/s each",
    graft: "GRAFT, 16,000/s each",
    ihave: "IHAVE, 256,000 ids/s each",
    iwant: "IWANT, 256,000 ids/s each",
    topics: "subscriptions to made-up topics, 16,000/s each",
  }).map((row): Row => ({ ...row, cutWithinMs: 2_000 })),
];

/** Attackers that hold keys of the chain. */
function ofAuthorities(row: Row, attackers: number): Row {
  return {
    ...{ ...row, needsFreshNodes: true, attackersMin: attackers, attackersMax: attackers, periodsMin: 16 },
    aspect: row.variant === "front-run" ? "fairness" : "slashing",
  };
}

/** One program in several ways; each is a row with a letter. */
function forms(
  number: string,
  plan: NetworkPlan,
  program: string,
  variants: Readonly<Record<string, string>>,
  lettersUsed = 0,
): Row[] {
  return Object.entries(variants).map(([variant, what], index) => ({
    ...{ id: `${number}${"abcdefgh"[index + lettersUsed]}`, what, plan, program, variant },
  }));
}

/** Attacks that are shown elsewhere. */
export const elsewhere: readonly { readonly id: string; readonly what: string; readonly test: string }[] = [
  { id: "8", what: "another user of the machine", test: "test/process/api-access.test.ts" },
];

/** @throws RangeError if an id is none of a row */
export function rowsNamed(ids: readonly string[]): readonly Row[] {
  const unknown = ids.filter((id) => !rows.some((row) => isNamed(row, id)));
  if (unknown.length > 0) throw new RangeError(`there is no row ${unknown.join(", ")}`);
  return ids.length === 0 ? rows : rows.filter((row) => ids.some((id) => isNamed(row, id)));
}

/** "1" names all forms of attack 1. */
function isNamed(row: Row, id: string): boolean {
  return row.id === id || row.id.replace(/[a-z]+$/, "") === id;
}
