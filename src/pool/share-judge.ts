/** Judges a share: whether it counts, what it is worth, and whether it is a block. */
import { bigIntFromBytes, bigIntToBytes, bytesEqual, compareBytes, toHex } from "../base/bytes.ts";
import { workOf } from "../consensus/pow/work-rule.ts";
import { nonceSpaceBytes, type WorkBoard, type WorkJob } from "../sealing/pow/work-board.ts";
import { type Refusal, type RefusalCode, refusalCodes, type Submit } from "./messages.ts";

/**
 * Nonces that only one member may try, and how hard its shares are in them. A space keeps its target: a member that
 * could choose the target of a share after it has seen the hash would be paid twice for one search. So another target
 * always comes with another space, and a share is judged by the target of its own space.
 */
export interface NonceSpace {
  /** Bytes 8..15 of its nonces. */
  readonly prefix: Uint8Array;
  /** As the session set it. {@link shareTargetIn} bounds it for a job. */
  readonly shareTarget: Uint8Array;
}

export interface Submitter {
  readonly account: Uint8Array;
  /** Those that were given to it last; the newest comes last. */
  readonly spaces: readonly NonceSpace[];
}

export interface GoodShare {
  readonly kind: "good";
  readonly job: WorkJob;
  readonly space: NonceSpace;
  readonly hash: Uint8Array;
  /** Expected number of hashes behind a share of its target. */
  readonly work: bigint;
  readonly isBlock: boolean;
}

export interface ShareJudgeModules {
  readonly board: Pick<WorkBoard, "job" | "hashOf">;
  readonly counted: CountedShares;
  readonly sharesPerBlockMax: number;
  readonly mayEarn: (account: Uint8Array) => boolean;
}

const spaceStart = 8;

/** Names the first rule that the share breaks. Cheap rules are asked first, and the hash last. */
export function judgeShare(
  { jobId, nonce }: Submit,
  submitter: Submitter | undefined,
  { board, counted, sharesPerBlockMax, mayEarn }: ShareJudgeModules,
): GoodShare | Refusal {
  if (!submitter) return refusal("notSubscribed", "subscribe first");
  if (!mayEarn(submitter.account)) return refusal("unauthorized", "this pool takes no further account");
  const job = board.job(jobId);
  if (!job) return refusal("jobNotFound", "the job is stale, or never was");
  const prefix = nonce.subarray(spaceStart, spaceStart + nonceSpaceBytes);
  const space = submitter.spaces.find((given) => bytesEqual(given.prefix, prefix));
  if (!space) return refusal("other", "the nonce lies in nobody's space, or in another member's");
  if (counted.has(job, nonce)) return refusal("duplicate", "this share has been counted");
  if (counted.isFull(job)) return refusal("jobNotFound", "no more shares are taken for this job");
  const target = shareTargetIn(space, job, sharesPerBlockMax);
  const hash = board.hashOf(job, nonce);
  if (compareBytes(hash, target) > 0) return refusal("lowDifficulty", "the hash is above the share target");
  const isBlock = compareBytes(hash, job.target) <= 0;
  return { kind: "good", job, space, hash, work: workOf(target), isBlock };
}

const easiestTarget = 2n ** 256n - 1n;

/**
 * The share target of a job in a space: never harder than the block's, nor easier than so many shares to a block. With
 * easier shares, a member that keeps a found block back could push the shares of all others out of the window first.
 */
export function shareTargetIn(
  { shareTarget }: NonceSpace,
  { target }: Pick<WorkJob, "target">,
  sharesPerBlockMax: number,
): Uint8Array {
  if (compareBytes(shareTarget, target) <= 0) return target;
  const easiest = (bigIntFromBytes(target) + 1n) * BigInt(sharesPerBlockMax) - 1n;
  if (easiest >= easiestTarget) return shareTarget;
  const bytes = bigIntToBytes(easiest, target.length);
  return compareBytes(shareTarget, bytes) > 0 ? bytes : shareTarget;
}

export function refusal(name: keyof typeof refusalCodes, reason: string): Refusal {
  const code: RefusalCode = refusalCodes[name];
  return { kind: "refused", code, reason };
}

const sharesPerJobMax = 65_536;

/** The counted nonces of each job, so that none counts twice; forgotten when the board forgets the job. */
export class CountedShares {
  readonly #nonces = new WeakMap<WorkJob, Set<string>>();

  has(job: WorkJob, nonce: Uint8Array): boolean {
    return this.#nonces.get(job)?.has(toHex(nonce)) === true;
  }

  isFull(job: WorkJob): boolean {
    return (this.#nonces.get(job)?.size ?? 0) >= sharesPerJobMax;
  }

  add(job: WorkJob, nonce: Uint8Array): void {
    const nonces = this.#nonces.get(job);
    if (nonces) nonces.add(toHex(nonce));
    else this.#nonces.set(job, new Set([toHex(nonce)]));
  }

  /** The share could not be stored, so it may come again. */
  delete(job: WorkJob, nonce: Uint8Array): void {
    this.#nonces.get(job)?.delete(toHex(nonce));
  }
}
