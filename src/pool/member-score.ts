/** What members of a pool do against its rules, and when they are banned: the pool's own table of offences. */
import type { ScoreTable } from "../network/peers/score.ts";
import type { RefusalCode } from "./messages.ts";

/** A lie costs much: only a liar or a broken program tells it. What may happen to an honest member costs little. */
export type MemberOffence = "lie" | "mishap";

/** By the code with which a share is refused. */
export const memberOffenceOf: Readonly<Record<RefusalCode, MemberOffence>> = {
  20: "lie",
  21: "mishap",
  22: "lie",
  23: "lie",
  24: "mishap",
  25: "mishap",
};

export const memberScoreTable: ScoreTable<MemberOffence> = {
  offences: { lie: { points: 5 }, mishap: { points: 1 } },
  // One point goes each second.
  left: (points, elapsedMs) => Math.max(0, points - elapsedMs / 1_000),
  disconnectAbovePoints: Number.POSITIVE_INFINITY,
  banAbovePoints: 100,
  banMs: 600_000,
  peersMax: 4_096,
  bansMax: 4_096,
};
