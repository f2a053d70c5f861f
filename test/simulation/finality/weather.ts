/** What the network does to messages: one phase after another, each drawn from the seed. */
import type { SeededRandom } from "../random.ts";
import type { Plan, Side } from "./plan.ts";
import type { Weather } from "./world.ts";

export interface Phase {
  readonly weather: Weather;
  readonly isPartition: boolean;
  /** While swinging: whom those in between meet. */
  readonly joined: Side | undefined;
}

export function fairWeather(random: SeededRandom): Weather {
  return () => random.between(5, 60);
}

export function nextPhase(plan: Plan, previous: Phase | undefined, random: SeededRandom): Phase {
  return plan.weather === "storm" ? stormPhase(plan, random) : swingPhase(plan, previous, random);
}

function stormPhase(plan: Plan, random: SeededRandom): Phase {
  const groupCount = random.pick([1, 2, 2, 3, plan.authorityCount]);
  const groups = Array.from({ length: plan.authorityCount + plan.candidateCount }, () =>
    random.between(1, groupCount),
  );
  const loss = random.pick([0, 0, 0.1, 0.4]);
  const voteLoss = random.pick([0, 0, 0.5, 1]);
  const delayMaxMs = random.pick([50, 300, 1_500, 6_000]);
  const voteDelayMs = voteDelayOf(random);
  return {
    isPartition: new Set(groups).size > 1,
    joined: undefined,
    weather: (from, to, kind) => {
      if (groups[from] !== groups[to] || random.chance(loss)) return undefined;
      if (kind === "vote" && random.chance(voteLoss)) return undefined;
      return random.between(1, delayMaxMs) + (kind === "vote" ? voteDelayMs : 0);
    },
  };
}

function swingPhase(plan: Plan, previous: Phase | undefined, random: SeededRandom): Phase {
  const joined = previous?.joined === "left" ? "right" : "left";
  const delayMaxMs = random.pick([50, 500]);
  const voteDelayMs = voteDelayOf(random);
  return {
    isPartition: true,
    joined,
    weather: (from, to, kind) => {
      const sideFrom = plan.sides.get(from);
      const sideTo = plan.sides.get(to);
      const isOneSided = kind === "transaction" && plan.oneSidedCampaigns && sideTo !== "left";
      if (isOneSided) return undefined;
      if (kind === "evidence" && plan.hidesEvidence && sideFrom !== sideTo) return undefined;
      const meet =
        sideFrom === sideTo ||
        (sideFrom === "swing" && sideTo === joined) ||
        (sideTo === "swing" && sideFrom === joined && (kind !== "vote" || plan.swingHears));
      return meet ? random.between(1, delayMaxMs) + (kind === "vote" ? voteDelayMs : 0) : undefined;
    },
  };
}

/** Votes that come a block or two late make links over more than one block, and certificates that overtake each other. */
function voteDelayOf(random: SeededRandom): number {
  return random.pick([0, 0, 0, 2_500, 4_500]);
}
