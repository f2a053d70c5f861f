/** What is out of the ordinary with a node of the lab, in a word or two each. */
import type { LabNode } from "../../api/lab.ts";

export interface NodeBadge {
  readonly mood: "good" | "warn" | "bad";
  readonly text: string;
}

const processMoods = {
  running: "good",
  starting: "warn",
  stopping: "warn",
  stopped: "bad",
  ended: "bad",
} as const;

/** The state of its process first. */
export function badgesOf(node: LabNode): NodeBadge[] {
  const { process, cut, delayMs, withholding, clockOffsetMs, tampered } = node;
  const badges: NodeBadge[] = [{ mood: processMoods[process], text: process }];
  if (withholding) badges.push({ mood: "warn", text: `withholds, ${aheadText(withholding.ahead)}` });
  else if (cut) badges.push({ mood: "bad", text: "cut off" });
  if (delayMs > 0) badges.push({ mood: "warn", text: `${delayMs} ms late` });
  if (clockOffsetMs !== 0) badges.push({ mood: "warn", text: `clock ${offsetText(clockOffsetMs)}` });
  if (tampered) {
    badges.push(
      tampered.repaired ? { mood: "good", text: "repaired" } : { mood: "bad", text: "tampered with" },
    );
  }
  return badges;
}

function aheadText(ahead: number): string {
  if (ahead === 0) return "level with the others";
  const blocks = Math.abs(ahead) === 1 ? "block" : "blocks";
  return ahead > 0 ? `${ahead} ${blocks} ahead` : `${-ahead} ${blocks} behind`;
}

/** E.g. "+1 h", "−90 s". */
export function offsetText(offsetMs: number): string {
  const sign = offsetMs < 0 ? "\u2212" : "+";
  const seconds = Math.round(Math.abs(offsetMs) / 1_000);
  if (seconds % 3_600 === 0 && seconds > 0) return `${sign}${seconds / 3_600} h`;
  if (seconds % 60 === 0 && seconds > 0) return `${sign}${seconds / 60} min`;
  return `${sign}${seconds} s`;
}

/** What the node does or waits for, in one sentence. */
export function doingText({
  process,
  endedBecause,
  consensus,
  sealing,
  notSealingBecause,
  cut,
}: LabNode): string {
  if (process === "ended") return endedBecause ?? "Its process has ended.";
  if (process === "stopped") return "Its process does not run.";
  if (process !== "running") return `Its process is ${process}.`;
  const verb = consensus === "pow" ? "mines" : "seals";
  if (sealing === "off") return "It only follows.";
  if (sealing === "idle") return "It waits for transactions.";
  if (sealing === "waiting" || sealing === "blocked") return `It ${verb} nothing now: ${notSealingBecause}.`;
  return cut ? `It ${verb} alone.` : `It ${verb}.`;
}
