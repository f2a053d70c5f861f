/** One member's time with the pool: what it is told, which nonces are its own, and how fast its shares come. */
import { bytesEqual } from "../base/bytes.ts";
import { workOf } from "../consensus/pow/work-rule.ts";
import type { WorkBoard } from "../sealing/pow/work-board.ts";
import { encodeNotice, type Subscribe } from "./messages.ts";
import { NewestStream } from "./newest-stream.ts";
import { adjustedHashesPerShare, firstHashesPerShare, shareTargetOf } from "./share-difficulty.ts";
import { type GoodShare, type NonceSpace, type Submitter, shareTargetIn } from "./share-judge.ts";

/** Spaces of a member that still count: its shares may be on their way for a while after it got another. */
export const spacesMax = 8;

export interface PoolSessionModules {
  readonly board: WorkBoard;
  readonly sharesPerBlockMax: number;
  /** Of this member from earlier sessions; the session adds to them. */
  readonly spaces: NonceSpace[];
  readonly onEnd: () => void;
}

export class PoolSession implements Submitter {
  readonly account: Uint8Array;
  /** What the member reads; ends with the session. */
  readonly notices: NewestStream<Uint8Array>;
  readonly spaces: NonceSpace[];
  readonly #board: WorkBoard;
  readonly #sharesPerBlockMax: number;
  #hashesPerShare: number;
  /** Parent of the last job told. */
  #toldParent: Uint8Array | undefined;
  #shares = 0;
  #work = 0;
  #minedMs = 0;
  #quietSinceMs: number;
  #miningSinceMs: number | undefined;

  /** @param nowMs monotonic, here and in all methods */
  constructor(
    subscribe: Subscribe,
    { board, sharesPerBlockMax, spaces, onEnd }: PoolSessionModules,
    nowMs: number,
  ) {
    this.account = subscribe.account;
    this.spaces = spaces;
    this.#board = board;
    this.#sharesPerBlockMax = sharesPerBlockMax;
    this.notices = new NewestStream(() => this.#notice(), onEnd);
    this.#hashesPerShare = firstHashesPerShare(subscribe.hashesPerSecond);
    this.#openSpace();
    if (board.current) this.#miningSinceMs = nowMs;
    this.#quietSinceMs = nowMs;
  }

  /** Expected number of hashes behind its good shares. */
  get work(): number {
    return this.#work;
  }

  /** For how long there was something to mine, and no good share came. */
  quietMs(nowMs: number): number {
    return this.#board.current ? nowMs - this.#quietSinceMs : 0;
  }

  /** There is another job, or none any more. */
  boardChanged(nowMs: number): void {
    const isMining = this.#board.current !== undefined;
    if (!isMining) this.#quietSinceMs = nowMs;
    if (isMining) this.#miningSinceMs ??= nowMs;
    else if (this.#miningSinceMs !== undefined) {
      this.#minedMs += nowMs - this.#miningSinceMs;
      this.#miningSinceMs = undefined;
    }
    this.adjust(nowMs);
    this.notices.due();
  }

  /** A share of this member was counted. */
  counted({ space, work }: GoodShare, nowMs: number): void {
    this.#quietSinceMs = nowMs;
    this.#work += Number(work);
    // A share of an earlier space says nothing about how hard the shares of this one are.
    if (space !== this.spaces.at(-1)) return;
    this.#shares += 1;
    this.adjust(nowMs);
  }

  /** Makes shares harder or easier if enough was measured, and tells the member at once. */
  adjust(nowMs: number): void {
    const job = this.#board.current;
    if (!job || this.#miningSinceMs === undefined) return;
    const hashesPerBlock = Number(workOf(job.target));
    const leastHashes = hashesPerBlock / this.#sharesPerBlockMax;
    const measured = adjustedHashesPerShare({
      hashesPerShare: Math.max(leastHashes, this.#hashesPerShare),
      shares: this.#shares,
      elapsedMs: this.#minedMs + nowMs - this.#miningSinceMs,
      hashesPerBlock,
    });
    if (measured === undefined) return;
    const adjusted = Math.max(leastHashes, measured);
    this.#shares = 0;
    this.#minedMs = 0;
    this.#miningSinceMs = nowMs;
    if (adjusted === this.#hashesPerShare) return;
    this.#hashesPerShare = adjusted;
    this.#openSpace();
    this.notices.due();
  }

  #openSpace(): void {
    const prefix = this.#board.reserveNonceSpace();
    this.spaces.push({ prefix, shareTarget: shareTargetOf(this.#hashesPerShare) });
    if (this.spaces.length > spacesMax) this.spaces.shift();
  }

  #notice(): Uint8Array {
    const job = this.#board.current;
    if (!job) return encodeNotice({ kind: "idle" });
    const space = this.spaces.at(-1) as NonceSpace;
    const { parentHash } = job.draft.header;
    // A member that missed the first job on this parent learns from a later one that its old shares are worthless.
    const isNewParent = this.#toldParent !== undefined && !bytesEqual(this.#toldParent, parentHash);
    this.#toldParent = parentHash;
    return encodeNotice({
      kind: "job",
      jobId: job.id,
      headerBytes: job.headerBytes,
      noncePrefix: space.prefix,
      shareTarget: shareTargetIn(space, job, this.#sharesPerBlockMax),
      isClean: job.isClean || isNewParent,
    });
  }
}
