/** Completes the account index of a store that was kept without the index. Works while the node runs, a batch of blocks at a time. */
import { type Clock, sleep } from "../base/clock.ts";
import { invariant, toError } from "../base/invariant.ts";
import type { Logger } from "../base/logger.ts";
import { type Block, decodeBlock } from "../protocol/block.ts";
import type { AccountIndex, IndexedBlock } from "../store/account-index.ts";
import type { ChainStore } from "../store/chain-store.ts";
import { emptyBatch } from "./genesis-batch.ts";

export type { AccountIndex, StoredItem } from "../store/account-index.ts";
export type { IdKind } from "../store/chain-store.ts";

/** The size of one batch. An import may have to wait for it. */
const blocksPerBatch = 500;
const bytesPerBatch = 256 * 1024;
const reportEveryMs = 5_000;
const retryMs = 5_000;

/** What the indexer works on: a `Chain`. */
export interface IndexTarget {
  readonly accountIndex: AccountIndex;
  readonly head: { readonly header: { readonly height: number } };
  /** See {@link indexMore}. */
  indexMore(): Promise<void>;
  clearAccountIndex(): Promise<void>;
}

/** How far the account index has got. */
export interface IndexStatus {
  /** Blocks that it covers, from height 0 upward. */
  readonly blocks: number;
  /** Blocks that it has to cover, genesis block included. */
  readonly of: number;
}

/** Undefined if the index covers every block up to the head. */
export function indexLack(
  index: Pick<AccountIndex, "blockCount" | "isClearing">,
  headHeight: number,
): IndexStatus | undefined {
  const of = headHeight + 1;
  return index.blockCount >= of && !index.isClearing ? undefined : { blocks: index.blockCount, of };
}

/**
 * Adds the next blocks that the index lacks, as many as one batch may have. Nothing else may move the head meanwhile.
 *
 * @param blocksMax of one batch; 500 unless told
 * @throws StoreError if the disk refuses; what was added before stays
 */
export async function indexMore(store: ChainStore, blocksMax = blocksPerBatch): Promise<void> {
  const { accountIndex, head } = store;
  const indexed: IndexedBlock[] = [];
  let bytes = 0;
  for (let height = accountIndex.blockCount; height <= (head?.height ?? -1); height += 1) {
    if (indexed.length >= blocksMax || bytes >= bytesPerBatch) break;
    const block = canonicalBlock(store, height);
    bytes += block.bytes.length;
    indexed.push({ hash: block.hash, height, transactions: block.transactions });
  }
  if (indexed.length > 0) await store.commit({ ...emptyBatch, indexed });
}

function canonicalBlock(store: ChainStore, height: number): Block {
  const hash = store.hashAtHeight(height);
  const bytes = hash && store.blockBytes(hash);
  const block = bytes && decodeBlock(bytes);
  invariant(block?.ok, `block ${height} of the line is stored and decodes`);
  return block.value;
}

export class AccountIndexer {
  readonly #target: IndexTarget;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #abort = new AbortController();
  #running: Promise<void> | undefined;

  constructor(target: IndexTarget, modules: { readonly clock: Clock; readonly logger: Logger }) {
    this.#target = target;
    this.#clock = modules.clock;
    this.#logger = modules.logger;
  }

  /** Adds the blocks that the index lacks. To be called at the start and after each new head. */
  look(): void {
    const { accountIndex, head } = this.#target;
    if (!accountIndex.isKept || this.#running || this.#abort.signal.aborted) return;
    if (!indexLack(accountIndex, head.header.height)) return;
    this.#running = this.#complete();
  }

  /** Resolves when the index covers the head, or {@link stop} was called. */
  async completed(): Promise<void> {
    await this.#running;
  }

  /** Ends after the batch that is being written. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  async #complete(): Promise<void> {
    const { signal } = this.#abort;
    let reportedMs = this.#clock.monotonicMs();
    this.#report("the account index lacks blocks; they are added while the node runs");
    while (!signal.aborted && this.#lack) {
      try {
        if (this.#target.accountIndex.isClearing) await this.#target.clearAccountIndex();
        await this.#target.indexMore();
        // Imports get their turn between two batches.
        await sleep(this.#clock, 0, signal);
      } catch (error) {
        this.#logger.warn({ error: toError(error) }, "the account index could not be added to; tried again");
        await sleep(this.#clock, retryMs, signal);
      }
      if (this.#clock.monotonicMs() - reportedMs < reportEveryMs) continue;
      reportedMs = this.#clock.monotonicMs();
      this.#report("adding blocks to the account index");
    }
    // In the turn of the last look, so that a head that comes from now on is not missed.
    this.#running = undefined;
    if (!this.#lack)
      this.#logger.info({ blocks: this.#target.accountIndex.blockCount }, "the account index is complete");
  }

  get #lack(): IndexStatus | undefined {
    return indexLack(this.#target.accountIndex, this.#target.head.header.height);
  }

  #report(message: string): void {
    const lack = this.#lack;
    if (lack) this.#logger.info({ ...lack, percent: Math.floor((100 * lack.blocks) / lack.of) }, message);
  }
}
