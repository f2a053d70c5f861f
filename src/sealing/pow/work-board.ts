/**
 * Shows the running draft to searchers outside of this process, and takes their nonces. Such searchers are the pool's
 * members and the callers of the HTTP API. For the block producer the board is a sealer like any other.
 */
import { EventEmitter } from "node:events";
import { BoundedMap } from "../../base/bounded-map.ts";
import { bytesEqual, compareBytes } from "../../base/bytes.ts";
import { invariant } from "../../base/invariant.ts";
import {
  assembleBlock,
  type Block,
  blockHash,
  HeaderType,
  headerRoot,
  nonceBytes,
  type Seal,
} from "../../protocol/block.ts";
import type { BlockDraft, BlockSealer } from "../block-sealer.ts";
import type { Sealer, SealOptions } from "../sealer.ts";

export interface WorkJob {
  /** Ascending within this process. */
  readonly id: number;
  readonly draft: BlockDraft;
  /** SSZ. */
  readonly headerBytes: Uint8Array;
  /** A nonce is hashed together with these 32 bytes. */
  readonly headerRoot: Uint8Array;
  /** The highest hash that seals the block, 32 bytes big-endian. */
  readonly target: Uint8Array;
  /** The first job on its parent: every earlier job is stale. */
  readonly isClean: boolean;
}

export interface WorkBoardEvents {
  job: [WorkJob];
  /** Nothing is to be mined until the next job. */
  idle: [];
}

/** Jobs on one parent that can still be answered; the producer makes about one a second. */
const jobsMax = 64;
export const nonceSpaceBytes = 8;

export class WorkBoard implements BlockSealer {
  readonly events = new EventEmitter<WorkBoardEvents>();
  readonly #own: Sealer | undefined;
  readonly #jobs = new BoundedMap<number, WorkJob>(jobsMax);
  #current: WorkJob | undefined;
  /** A block that was found between two drafts on one parent, while no draft waited for a nonce. */
  #found: Block | undefined;
  #onFound: ((block: Block) => void) | undefined;
  #lastJobId: number;
  #lastSpace = 0n;

  /**
   * @param own this process's own searcher; undefined if only searchers outside do the work
   * @param firstJobId jobs of an earlier process must not have the same ids as this one's
   */
  constructor({ own, firstJobId }: { readonly own: Sealer | undefined; readonly firstJobId: number }) {
    this.#own = own;
    this.#lastJobId = firstJobId;
    // Each waiting HTTP caller and each session of the pool listens.
    this.events.setMaxListeners(0);
  }

  /** The newest job; undefined while nothing is to be mined. */
  get current(): WorkJob | undefined {
    return this.#current;
  }

  /** A job on the current parent; undefined if the job is stale or was never made. */
  job(id: number): WorkJob | undefined {
    return this.#jobs.get(id);
  }

  /** Bytes 8..15 of nonces for one caller: no other searcher of this node gets them. */
  reserveNonceSpace(): Uint8Array {
    this.#lastSpace += 1n;
    const space = new Uint8Array(nonceSpaceBytes);
    new DataView(space.buffer).setBigUint64(0, this.#lastSpace, true);
    return space;
  }

  hashOf(job: WorkJob, nonce: Uint8Array): Uint8Array {
    invariant(nonce.length === nonceBytes, `a nonce has ${nonceBytes} bytes`);
    return blockHash(job.headerRoot, nonce);
  }

  /**
   * Takes a nonce and returns the block that it seals, which is then on its way into the chain. Returns undefined if
   * the hash is above the target or the job is stale. The first block ends all jobs on its parent: a second block there
   * would only become an orphan.
   */
  submit(job: WorkJob, nonce: Uint8Array): Block | undefined {
    if (this.job(job.id) !== job || compareBytes(this.hashOf(job, nonce), job.target) > 0) return undefined;
    const block = sealed(job.draft, { nonce, signature: new Uint8Array(0) });
    this.pause();
    if (this.#onFound) this.#onFound(block);
    else this.#found = block;
    return block;
  }

  previousOn(): undefined {
    return undefined;
  }

  async sealBlock(draft: BlockDraft, options: SealOptions): Promise<Block | undefined> {
    const early = this.#found;
    this.#found = undefined;
    if (early && bytesEqual(early.header.parentHash, draft.header.parentHash)) return early;
    this.#post(draft);
    if (options.signal.aborted) return undefined;
    const block = await this.#search(draft, options);
    if (block) this.pause();
    return block;
  }

  pause(): void {
    if (!this.#current) return;
    this.#current = undefined;
    this.#jobs.clear();
    this.events.emit("idle");
  }

  async close(): Promise<void> {
    this.pause();
    await this.#own?.close();
  }

  #post(draft: BlockDraft): void {
    const before = this.#current?.draft.header.parentHash;
    const isClean = !before || !bytesEqual(before, draft.header.parentHash);
    if (isClean) this.#jobs.clear();
    this.#lastJobId += 1;
    const { header } = draft;
    const job = {
      id: this.#lastJobId,
      draft,
      headerBytes: HeaderType.serialize(header),
      headerRoot: headerRoot(header),
      target: header.target,
      isClean,
    };
    this.#current = job;
    this.#jobs.set(job.id, job);
    this.events.emit("job", job);
  }

  /** Resolves with the first of these: a block from outside, a block of our own threads, the signal. */
  async #search(draft: BlockDraft, { signal, onProgress }: SealOptions): Promise<Block | undefined> {
    const { promise, resolve } = Promise.withResolvers<Block | undefined>();
    const ended = new AbortController();
    const onAbort = () => resolve(undefined);
    signal.addEventListener("abort", onAbort, { once: true });
    this.#onFound = resolve;
    const until = AbortSignal.any([signal, ended.signal]);
    const searching = this.#own?.seal(
      draft.header,
      onProgress ? { signal: until, onProgress } : { signal: until },
    );
    try {
      if (!searching) return await promise;
      return await Promise.race([promise, searching.then((seal) => seal && sealed(draft, seal))]);
    } finally {
      this.#onFound = undefined;
      signal.removeEventListener("abort", onAbort);
      ended.abort();
      // If threads died, the race has rejected already. A block from outside counts whatever became of the threads.
      await searching?.catch(() => undefined);
    }
  }
}

function sealed({ header, transactions, consensusSection }: BlockDraft, seal: Seal): Block {
  return assembleBlock(header, seal, transactions, consensusSection);
}
