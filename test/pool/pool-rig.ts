/** A pool for tests: the real board and server around a draft that the test chooses, and members that may lie. */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { bigIntFromBytes, concatBytes, toHex } from "../../src/base/bytes.ts";
import type { Clock } from "../../src/base/clock.ts";
import { type Logger, silentLogger } from "../../src/base/logger.ts";
import type { PeerHost, PeerId } from "../../src/network/peer-host.ts";
import type { AcceptedShare } from "../../src/payouts/pool-book.ts";
import {
  decodeNotice,
  decodeVerdict,
  encodeSubmit,
  encodeSubscribe,
  type JobNotice,
  type Notice,
  noticeBytesMax,
  submitProtocol,
  subscribeProtocol,
  verdictBytesMax,
  workOfNotice,
} from "../../src/pool/messages.ts";
import type { ShareBook } from "../../src/pool/pool-server.ts";
import { PoolServer, type PoolServerOptions } from "../../src/pool/pool-server.ts";
import { type Block, blockHash, emptyConsensusSection, type Header } from "../../src/protocol/block.ts";
import type { BlockDraft } from "../../src/sealing/block-sealer.ts";
import type { MiningThreads } from "../../src/sealing/pow/mining-threads.ts";
import { searchNonces } from "../../src/sealing/pow/search-nonces.ts";
import { WorkBoard } from "../../src/sealing/pow/work-board.ts";
import { testSpec } from "../chain/block-builder.ts";
import { headerOf } from "../sealing/headers.ts";

export const { genesis } = testSpec("pow");

export function accountNamed(name: string): Uint8Array {
  return new Uint8Array(32).fill(name.charCodeAt(0));
}

/** Shares as easy as a test likes. */
export const anyShares: number = Number.MAX_SAFE_INTEGER;

/** Books in memory, which can be slow, broken or full. */
export class MemoryBook implements ShareBook {
  readonly shares: AcceptedShare[] = [];
  readonly rejected: string[] = [];
  membersMax = 100;
  /** Shares that could not be stored. */
  failures = 0;
  /** Storing waits for it, and fails where it rejects. */
  disk: Promise<void> = Promise.resolve();
  readonly #members = new Set<string>();

  hasAccount(account: Uint8Array): boolean {
    return this.#members.has(toHex(account));
  }

  mayJoin(account: Uint8Array): boolean {
    return this.hasAccount(account) || this.#members.size < this.membersMax;
  }

  /** From now on nothing can be stored. */
  break(): void {
    this.disk = Promise.reject(new Error("the disk is full"));
    this.disk.catch(() => {
      // Seen by whoever stores.
    });
  }

  async recordShare(share: AcceptedShare): Promise<void> {
    try {
      await this.disk;
    } catch (thrown) {
      this.failures += 1;
      throw thrown;
    }
    this.#members.add(toHex(share.account));
    this.shares.push(share);
  }

  recordRejected(account: Uint8Array): void {
    this.rejected.push(toHex(account));
  }

  workOf(account: Uint8Array): bigint {
    const own = this.shares.filter((share) => toHex(share.account) === toHex(account));
    return own.reduce((sum, { work }) => sum + work, 0n);
  }
}

/** The board as a block producer drives it: draft after draft, each ending the one before. */
export class Drafting {
  readonly board: WorkBoard;
  readonly blocks: Block[] = [];
  #running: AbortController | undefined;

  constructor(firstJobId = 1_000) {
    this.board = new WorkBoard({ own: undefined, firstJobId });
  }

  /** Posts a job on parent `parent` (a byte). */
  async post(
    fields: Partial<Header> & { readonly target: Uint8Array },
    parent = 1,
    transactions: BlockDraft["transactions"] = [],
  ): Promise<void> {
    this.#running?.abort();
    // The board takes one draft at a time: the one before has to have ended.
    await delay(0);
    const header = headerOf({ parentHash: new Uint8Array(32).fill(parent), ...fields });
    const draft: BlockDraft = { header, transactions, consensusSection: emptyConsensusSection };
    this.#running = new AbortController();
    void this.board.sealBlock(draft, { signal: this.#running.signal }).then((block) => {
      if (block) this.blocks.push(block);
    });
  }

  pause(): void {
    this.#running?.abort();
    this.board.pause();
  }
}

export interface ServerRig<Book extends ShareBook = MemoryBook> {
  readonly server: PoolServer;
  readonly book: Book;
  readonly drafting: Drafting;
}

type ServerSettings<Book extends ShareBook = MemoryBook> = Partial<PoolServerOptions> & {
  readonly book?: Book;
  readonly drafting?: Drafting;
  readonly logger?: Logger;
};

/** A server that does not run yet; over books in memory unless told. */
export function serverOn(host: PeerHost, clock: Clock, settings?: ServerSettings): ServerRig;
export function serverOn(
  host: PeerHost,
  clock: Clock,
  settings: ServerSettings<ShareBook>,
): ServerRig<ShareBook>;
export function serverOn(
  host: PeerHost,
  clock: Clock,
  {
    book = new MemoryBook(),
    drafting = new Drafting(),
    logger = silentLogger,
    ...options
  }: ServerSettings<ShareBook> = {},
): ServerRig<ShareBook> {
  const server = new PoolServer(
    { genesis, sharesPerBlockMax: anyShares, ...options },
    { host, board: drafting.board, book, clock, logger },
  );
  return { server, book, drafting };
}

/** A member that says and keeps silent about what the test wants. */
export class BareMember {
  readonly host: PeerHost;
  readonly pool: PeerId;
  readonly notices: Notice[] = [];
  /** The subscription's stream has ended. */
  ended = false;
  /** Why, where it was not by the pool's good will. */
  failure: unknown;
  readonly #abort = new AbortController();

  constructor(host: PeerHost, pool: PeerId) {
    this.host = host;
    this.pool = pool;
  }

  subscribe(account: Uint8Array, hashesPerSecond = 0, request?: Uint8Array): void {
    const bytes = request ?? encodeSubscribe({ account, software: "bare", hashesPerSecond });
    const options = { timeoutMs: 15_000, chunkBytesMax: noticeBytesMax, chunksMax: Number.POSITIVE_INFINITY };
    const read = async () => {
      const signal = this.#abort.signal;
      for await (const chunk of this.host.request(this.pool, subscribeProtocol, bytes, {
        ...options,
        signal,
      })) {
        const notice = decodeNotice(chunk);
        assert.ok(notice.ok);
        this.notices.push(notice.value);
      }
    };
    read()
      .catch((thrown: unknown) => {
        this.failure = thrown;
      })
      .finally(() => {
        this.ended = true;
      });
  }

  unsubscribe(): void {
    this.#abort.abort();
  }

  get job(): JobNotice {
    const job = this.notices.findLast((notice) => notice.kind === "job");
    assert.ok(job, "there has been a job");
    return job;
  }

  get jobs(): readonly JobNotice[] {
    return this.notices.filter((notice) => notice.kind === "job");
  }

  /** The verdict's code; 0: accepted. */
  async submit(jobId: number, nonce: Uint8Array): Promise<number> {
    return this.submitBytes(encodeSubmit({ jobId, nonce }));
  }

  async submitBytes(bytes: Uint8Array): Promise<number> {
    const options = { timeoutMs: 10_000, chunkBytesMax: verdictBytesMax, chunksMax: 1 };
    for await (const chunk of this.host.request(this.pool, submitProtocol, bytes, options)) {
      const verdict = decodeVerdict(chunk);
      assert.ok(verdict.ok);
      return verdict.value.kind === "accepted" ? 0 : verdict.value.code;
    }
    throw new Error("no verdict");
  }
}

/** Nonces of a job in its space whose hashes are shares (or, with `isShare` false, are not), in ascending order. */
export function noncesOf(job: JobNotice, count: number, { isShare = true, round = 0 } = {}): Uint8Array[] {
  const work = workOfNotice(job);
  assert.ok(work.ok);
  const extraNonce = concatBytes([job.noncePrefix, new Uint8Array(16).fill(round)]);
  const nonces: Uint8Array[] = [];
  for (let first = 0; nonces.length < count; first += 1) {
    assert.ok(first < 4_000_000, "such nonces are there");
    const nonce = concatBytes([counting(first), extraNonce]);
    const hash = bigIntFromBytes(blockHash(work.value.headerRoot, nonce));
    if (hash <= bigIntFromBytes(job.shareTarget) === isShare) nonces.push(nonce);
  }
  return nonces;
}

function counting(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes;
}

/** Really searches, but so many nonces in a second of its clock and no more: a machine of a chosen speed. */
export function pacedThreads(
  hashesPerSecond: number,
  clock: Clock,
): MiningThreads & { readonly rounds: Set<string> } {
  const sliceMs = 50;
  const rounds = new Set<string>();
  const closed = new AbortController();
  return {
    rounds,
    async search({ headerRoot, target, noncePrefix }, { signal, onProgress }) {
      const round = `${toHex(headerRoot)} ${toHex(noncePrefix)}`;
      assert.ok(!rounds.has(round), "no nonce is tried twice");
      rounds.add(round);
      const extraNonce = concatBytes([noncePrefix, new Uint8Array(4)]);
      const sliceNonces = Math.ceil((hashesPerSecond * sliceMs) / 1000);
      for (let firstNonce = 0; ; firstNonce += sliceNonces) {
        await new Promise<void>((resolve) => clock.schedule(sliceMs, resolve));
        if (signal.aborted || closed.signal.aborted) return undefined;
        const found = searchNonces({ headerRoot, target, extraNonce, firstNonce, count: sliceNonces });
        onProgress?.({ attempts: firstNonce + sliceNonces, hashesPerSecond });
        if (found) return found.nonce;
      }
    },
    async close() {
      closed.abort();
    },
  };
}
