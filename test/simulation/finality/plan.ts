/** What a seed decides beforehand: who takes part, who is Byzantine and how, and what the network does when. */
import { quorumOf } from "../../../src/protocol/certificate.ts";
import { createSeededRandom, type SeededRandom } from "../random.ts";
import { candidatesMax, stepMs } from "./founding.ts";

/**
 * storm: random partitions, delays, losses, crashes. swing: a network made to break finality: two sides that never
 * meet and those in between, who meet one side at a time and complete its quorum.
 */
export type WeatherName = "storm" | "swing";
export type Side = "left" | "swing" | "right";

export interface Campaign {
  readonly atMs: number;
  readonly action: "add" | "remove" | "leave";
  readonly subject: number;
  readonly lifetimeBlocks: number;
}

export interface Outage {
  readonly node: number;
  readonly fromMs: number;
  readonly forMs: number;
  readonly keepsStore: boolean;
}

/** How Byzantine authorities behave; each is a probability, but for the delays. */
export interface Malice {
  readonly doubleSeal: number;
  readonly sealEarly: number;
  readonly withholdBlock: number;
  readonly omitCertificate: number;
  readonly vote: number;
  /** To those only who have the block already. */
  readonly voteWhereKnown: number;
  readonly voteLate: number;
  readonly forge: number;
  readonly tickMs: number;
  /** Goes on after the network has healed. */
  readonly persists: boolean;
}

export interface Plan {
  readonly seed: number;
  readonly authorityCount: number;
  readonly candidateCount: number;
  /** Numbers of nodes. */
  readonly byzantine: readonly number[];
  readonly weather: WeatherName;
  readonly sides: ReadonlyMap<number, Side>;
  /** While swinging: the other sides' votes reach those in between. */
  readonly swingHears: boolean;
  /** Of those in between, at each swing: the chain is lost and only the journals are kept. */
  readonly swingForgets: number;
  /** While swinging: what those in between find out about each other stays with them. */
  readonly hidesEvidence: boolean;
  /** Votes for changes of the set reach one side only. */
  readonly oneSidedCampaigns: boolean;
  readonly phaseMinMs: number;
  readonly phaseMaxMs: number;
  /** While swinging: how many times as long those in between stay with the right, so that its branch overtakes. */
  readonly rightFactor: number;
  readonly troubleMs: number;
  readonly campaigns: readonly Campaign[];
  readonly outages: readonly Outage[];
  readonly malice: Malice;
}

export interface PlanWishes {
  /** Instead of the number that the seed draws; everything else is drawn as ever. */
  readonly authorityCount?: number | undefined;
  /** One Byzantine authority more than finality can stand. */
  readonly tooManyByzantine?: boolean | undefined;
  /** Those in between lose their chain each time and stay with the right until its branch is the higher one. */
  readonly forgetful?: boolean | undefined;
}

/** Fewer of the large ones: a run costs by the square of the number. */
const counts = [1, 2, 2, 3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 5, 6, 7];

export function planOf(seed: number, wishes: PlanWishes = {}): Plan {
  const random = createSeededRandom(seed);
  const drawnCount = random.pick(counts);
  const authorityCount = wishes.authorityCount ?? drawnCount;
  const faultyMax = Math.ceil(authorityCount / 3) - 1;
  const drawnFaulty = random.chance(0.75) ? faultyMax : random.between(0, faultyMax);
  const faulty = wishes.tooManyByzantine ? Math.min(faultyMax + 1, authorityCount - 1) : drawnFaulty;
  const numbers = Array.from({ length: authorityCount }, (_, number) => number);
  const order = random.shuffled(numbers);
  const byzantine = order.slice(0, faulty);
  const honest = order.slice(faulty);
  const candidateCount = random.chance(0.5) ? random.between(1, candidatesMax) : 0;
  const drawnForgetful = random.chance(0.08);
  const isForgetful = wishes.forgetful ?? drawnForgetful;
  const drawn = random.chance(0.5) ? "storm" : "swing";
  const weather = authorityCount < 3 ? "storm" : isForgetful ? "swing" : drawn;
  const longestMs = authorityCount > 5 ? 22_000 : weather === "swing" ? 34_000 : 26_000;
  const troubleMs = random.between(10_000, longestMs);
  const candidates = Array.from({ length: candidateCount }, (_, index) => authorityCount + index);
  const everybody = [...honest, ...candidates];
  const phaseMinMs = random.pick([1_500, 3_000, 5_000]);
  return {
    seed,
    authorityCount,
    candidateCount,
    byzantine,
    weather,
    sides: sidesOf(authorityCount, honest, candidates, random),
    swingHears: random.chance(0.3),
    swingForgets: isForgetful ? 1 : random.pick([0, 0, 0.5, 1]),
    oneSidedCampaigns: random.chance(0.6),
    phaseMinMs,
    phaseMaxMs: phaseMinMs + random.between(1_000, 6_000),
    hidesEvidence: isForgetful || random.chance(0.4),
    rightFactor: isForgetful ? 4 : random.pick([1, 1, 2, 4]),
    troubleMs,
    campaigns: campaignsOf({ authorityCount, honest, byzantine, candidates }, troubleMs, random),
    outages: weather === "storm" ? outagesOf(everybody, troubleMs, random) : [],
    malice: {
      doubleSeal: random.pick([0, 0.2, 1]),
      sealEarly: random.pick([0, 0.5]),
      withholdBlock: random.pick([0, 0.3, 0.8]),
      omitCertificate: random.pick([0, 0.5]),
      vote: random.pick([0.3, 1, 1]),
      voteWhereKnown: random.pick([0, 0.5, 1]),
      voteLate: random.pick([0, 0.3, 0.8]),
      forge: random.pick([0, 0, 0.2]),
      tickMs: random.between(stepMs / 2, 2 * stepMs),
      persists: random.chance(0.5),
    },
  };
}

/** Each outer side is as large as may miss for a quorum. */
function sidesOf(
  authorityCount: number,
  honest: readonly number[],
  candidates: readonly number[],
  random: SeededRandom,
): ReadonlyMap<number, Side> {
  const outer = authorityCount - quorumOf(authorityCount);
  const sides = new Map<number, Side>();
  for (const [position, number] of honest.entries()) {
    sides.set(number, position < outer ? "left" : position < 2 * outer ? "right" : "swing");
  }
  for (const number of candidates) sides.set(number, random.chance(0.8) ? "left" : "right");
  return sides;
}

/** Every set that can come of them has less than a third of Byzantine authorities. */
function campaignsOf(
  people: {
    readonly authorityCount: number;
    readonly honest: readonly number[];
    readonly byzantine: readonly number[];
    readonly candidates: readonly number[];
  },
  troubleMs: number,
  random: SeededRandom,
): Campaign[] {
  const { honest, byzantine, candidates } = people;
  const campaigns: Campaign[] = [];
  const start = (action: Campaign["action"], subject: number) => {
    const lifetimeBlocks = random.pick([3, 8, 1_000, 1_000]);
    campaigns.push({ action, subject, atMs: random.between(0, troubleMs / 2), lifetimeBlocks });
  };
  for (const candidate of candidates) start("add", candidate);
  if (byzantine.length > 0 && random.chance(0.2)) start("remove", random.pick(byzantine));
  const spare = honest.length - Math.max(1, 2 * byzantine.length + 1);
  const leaving = random.chance(0.4) ? random.between(0, Math.max(0, spare)) : 0;
  for (const number of random.shuffled(honest).slice(0, leaving)) {
    start(random.chance(0.5) ? "leave" : "remove", number);
  }
  return campaigns;
}

function outagesOf(everybody: readonly number[], troubleMs: number, random: SeededRandom): Outage[] {
  const count = random.pick([0, 1, 2, 3]);
  return Array.from({ length: count }, () => ({
    node: random.pick(everybody),
    fromMs: random.between(1_000, troubleMs),
    forMs: random.between(200, 12_000),
    keepsStore: random.chance(0.7),
  }));
}
