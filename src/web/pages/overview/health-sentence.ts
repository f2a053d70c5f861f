/** One sentence of how the node fares: what it is, what it does, and how far finality is; or why not. */
import type { NodeAnswer } from "../../../api/node-status.ts";

export type HealthTone = "good" | "waiting" | "fault";

export interface Health {
  readonly tone: HealthTone;
  readonly sentence: string;
}

/** What the sentence is made of. */
export type HealthInput = Pick<
  NodeAnswer,
  | "consensus"
  | "authority"
  | "authorities"
  | "address"
  | "mining"
  | "sealing"
  | "notSealingBecause"
  | "hashesPerSecond"
  | "head"
  | "final"
  | "peers"
  | "syncing"
> & {
  readonly advice: readonly Pick<NodeAnswer["advice"][number], "fault">[];
  /** How far the head is below that of the peers; 0 if nobody knows. */
  readonly blocksBehind: number;
};

/** Blocks travel: a node that is one or two behind its peers is not late. */
const behindMin = 3;

export function healthOf(node: HealthInput): Health {
  const { syncing, advice, blocksBehind, sealing } = node;
  const hasFault = advice.some(({ fault }) => fault);
  const tone = (otherwise: HealthTone) => (hasFault ? "fault" : otherwise);
  if (syncing) {
    const { height, targetHeight } = syncing;
    const percent = targetHeight === 0 ? 0 : Math.floor((100 * height) / targetHeight);
    const sentence = `Catching up: block ${grouped(height)} of ${grouped(targetHeight)} (${percent} %)`;
    return { tone: tone("waiting"), sentence };
  }
  const isBehind = blocksBehind >= behindMin;
  const parts = [
    `${roleOf(node)}${stateOf(node)}`,
    isBehind ? `${grouped(blocksBehind)} blocks behind its peers` : finalityOf(node),
    node.peers === 0 ? "connected to nobody" : "",
  ];
  const isHeld = sealing === "blocked" || isBehind;
  const isWaiting = sealing === "waiting" || isLagging(node);
  return {
    tone: tone(isHeld ? "fault" : isWaiting ? "waiting" : "good"),
    sentence: parts.filter((part) => part !== "").join("; "),
  };
}

function roleOf({ consensus, authority, authorities, address, mining }: HealthInput): string {
  if (consensus === "pow") return mining ? "Proof of Work" : "Follows a chain of Proof of Work";
  const place = authorities.indexOf(address);
  if (place >= 0) return `Authority ${place + 1} of ${authorities.length}`;
  const set = authorities.length === 1 ? "1 authority" : `${authorities.length} authorities`;
  return authority ? `Not an authority yet, beside ${set}` : `Follows ${set}`;
}

function stateOf({ sealing, notSealingBecause, consensus, hashesPerSecond }: HealthInput): string {
  const what = consensus === "pow" ? "mining" : "sealing";
  if (sealing === "off") return "";
  if (sealing === "idle") return ", ready: nothing waits for a block";
  if (sealing !== "sealing") return `, not ${what}: ${notSealingBecause ?? "the node does not say why"}`;
  return hashesPerSecond === null ? `, ${what}` : `, ${what} at ${hashRateText(hashesPerSecond)}`;
}

/** Finality follows the head by a block or two; more than this is worth a look. */
const lagMax = 6;

function lagOf({ head, final }: HealthInput): number | undefined {
  return final ? Math.max(0, head.height - final.height) : undefined;
}

function isLagging(node: HealthInput): boolean {
  return (lagOf(node) ?? 0) > lagMax;
}

function finalityOf(node: HealthInput): string {
  const lag = lagOf(node);
  if (lag === undefined) return "";
  if (lag === 0) return "all blocks are final";
  return `final ${grouped(lag)} block${lag === 1 ? "" : "s"} behind`;
}

const hashUnits = ["H/s", "kH/s", "MH/s", "GH/s", "TH/s"] as const;

/** Three digits are enough: "1.24 MH/s". */
export function hashRateText(hashesPerSecond: number): string {
  const step = Math.min(
    hashUnits.length - 1,
    Math.max(0, Math.floor(Math.log10(Math.max(1, hashesPerSecond)) / 3)),
  );
  return `${Number((hashesPerSecond / 1_000 ** step).toPrecision(3))} ${hashUnits[step]}`;
}

/** Thousands apart, the same in every language: 12,000. */
function grouped(count: number): string {
  return count.toLocaleString("en-GB");
}
