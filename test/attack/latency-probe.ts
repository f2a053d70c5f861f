/** How long a transaction takes from one honest node to another: sent to the first, heard of by the second. */
import { setTimeout as delay } from "node:timers/promises";
import { getNextSequence } from "../../src/api/accounts.ts";
import { ApiProblem } from "../../src/client/api-problem.ts";
import { type ConnectionState, followEvents } from "../../src/client/event-stream.ts";
import { sha256 } from "../../src/protocol/hashing.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { type KeyPair, keyPairFromSeed } from "../../src/protocol/signing.ts";
import { signTransaction } from "../../src/protocol/transaction.ts";
import type { NodeProcess } from "../e2e/processes.ts";
import { until } from "../support/patience.ts";

/** Each sends in its turn, so that no account has many waiting. */
const accountsCount = 32;
const pauseMs = 60;
export const loadPerAccount = 32;
/** Above what free transactions may take: the honest pair pays. */
const fee = 100_000n;
/** A transaction that has not been heard of in this time counts with it. */
export const latencyMaxMs = 10_000;
/**
 * A block that is sealed while a transaction is on its way can bring it first. If only a block brought it, and so much later,
 * it was lost on its way.
 */
export const overtakenMaxMs = 1_000;

/** The pair has settled if of so many transactions in a row none took so many times the median. */
const settledSamples = 48;
const settledFactor = 3;
const settleMaxMs = 20_000;

/** Accounts of the honest pair; they need money in the first block. */
export const probeAccounts: readonly KeyPair[] = Array.from({ length: accountsCount }, (_, index) =>
  keyPairFromSeed(sha256(Buffer.from(`probe ${index}`))),
);

export interface Latency {
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly samples: number;
  /** Sent and acknowledged, and never heard of by the other, or only by a block long after. */
  readonly lost: number;
  /** Brought by a block before they were heard of; each lost one that a block brought at last is among them. */
  readonly overtaken: number;
  /** From sending a transaction until a block held it, or until now: the most that was seen. */
  readonly inclusionMs: number;
}

export class LatencyProbe {
  readonly #from: NodeProcess;
  readonly #to: NodeProcess;
  readonly #chainId: Uint8Array;
  readonly #stopping = new AbortController();
  /** By id: when it was sent. */
  readonly #waiting = new Map<string, number>();
  /** The same until a block holds it. */
  readonly #uncommitted = new Map<string, number>();
  #inclusionMs = 0;
  #lost = 0;
  #overtaken = 0;
  /** How often submitting failed, by code. */
  readonly refusals = new Map<string, number>();
  /** By account; unknown at first, since an earlier probe may have sent from it. */
  readonly #sequences = new Map<number, number>();
  #samplesMs: number[] = [];
  #next = 0;
  #running: Promise<unknown> = Promise.resolve();

  constructor(from: NodeProcess, to: NodeProcess, chainId: Uint8Array) {
    this.#from = from;
    this.#to = to;
    this.#chainId = chainId;
  }

  /**
   * Honest work before anything is measured: a thousand transactions, until both nodes have them in blocks. A node that has
   * only just started has neither its verifying threads nor the heap of one that works.
   */
  async load(): Promise<void> {
    const targets = await Promise.all(
      probeAccounts.map(async (keyPair) => {
        const first = await this.#nextSequence(keyPair);
        const batch = Array.from({ length: loadPerAccount }, (_, index) => {
          const payload = { kind: "record", data: Buffer.from(`load ${first + index}`) } as const;
          const draft = { payload, sequence: first + index, fee, validUntil: 0, timestampMs: Date.now() };
          return signTransaction(draft, keyPair, this.#chainId).bytes;
        });
        await this.#from.api.submitMany(batch);
        return { address: addressOf(keyPair.publicKey), sequence: first + loadPerAccount };
      }),
    );
    await until(
      "the honest pair has worked",
      async () => {
        const reached = await Promise.all(
          [this.#from, this.#to].flatMap(({ api }) =>
            targets.map(async ({ address, sequence }) => (await api.account(address)).sequence >= sequence),
          ),
        );
        return reached.every(Boolean);
      },
      { pollMs: 250 },
    );
  }

  start(): void {
    // What is sent before the other is listened to is never heard of.
    const listening = Promise.withResolvers<void>();
    this.#stopping.signal.addEventListener("abort", () => listening.resolve(), { once: true });
    this.#running = Promise.all([
      this.#listen(listening.resolve),
      listening.promise.then(() => this.#send()),
    ]);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** What was measured since the last call. */
  take(): Latency {
    const nowMs = performance.now();
    for (const [id, sentMs] of this.#waiting) {
      if (nowMs - sentMs < latencyMaxMs) continue;
      this.#waiting.delete(id);
      this.#samplesMs.push(latencyMaxMs);
      this.#lost += 1;
    }
    const lost = this.#lost;
    const overtaken = this.#overtaken;
    this.#lost = 0;
    this.#overtaken = 0;
    const inclusionMs = Math.max(
      this.#inclusionMs,
      ...[...this.#uncommitted.values()].map((sentMs) => nowMs - sentMs),
    );
    this.#inclusionMs = 0;
    const sorted = this.#samplesMs.toSorted((a, b) => a - b);
    this.#samplesMs = [];
    const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
    return { medianMs: at(0.5), p99Ms: at(0.99), samples: sorted.length, lost, overtaken, inclusionMs };
  }

  /** Resolves to what the next transaction takes, or to the most that is waited for. */
  async one(): Promise<number> {
    const before = this.#samplesMs.length;
    const beganMs = performance.now();
    while (performance.now() - beganMs < latencyMaxMs && !this.#stopping.signal.aborted) {
      const sample = this.#samplesMs[before];
      if (sample !== undefined) return sample;
      await delay(5);
    }
    return latencyMaxMs;
  }

  /**
   * Resolves when the last transactions were all quick, or after a while: a node goes on to clear up after its load, and
   * what it needs for that is no part of a baseline.
   */
  async settle(): Promise<void> {
    const beganMs = performance.now();
    while (performance.now() - beganMs < settleMaxMs && !this.#stopping.signal.aborted) {
      const last = this.#samplesMs.slice(-settledSamples).toSorted((a, b) => a - b);
      const median = last[settledSamples >> 1] ?? 0;
      if (last.length === settledSamples && (last.at(-1) ?? 0) < settledFactor * median) return;
      await delay(pauseMs);
    }
  }

  async #send(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await this.#sendOne(this.#next++ % accountsCount).catch(() => {});
      await delay(pauseMs);
    }
  }

  async #sendOne(account: number): Promise<void> {
    const keyPair = probeAccounts[account] as KeyPair;
    const sequence = this.#sequences.get(account) ?? (await this.#nextSequence(keyPair));
    const payload = { kind: "record", data: Buffer.from(`probe ${account} ${sequence}`) } as const;
    const draft = { payload, sequence, fee, validUntil: 0, timestampMs: Date.now() };
    const { bytes, idHex } = signTransaction(draft, keyPair, this.#chainId);
    this.#waiting.set(idHex, performance.now());
    this.#uncommitted.set(idHex, performance.now());
    try {
      await this.#from.api.submit(bytes);
      this.#sequences.set(account, sequence + 1);
    } catch (error) {
      this.#waiting.delete(idHex);
      this.#uncommitted.delete(idHex);
      const code = error instanceof ApiProblem ? error.code : "no answer";
      this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
      // The answer may have been lost, and not the transaction.
      this.#sequences.delete(account);
    }
  }

  async #nextSequence({ publicKey }: KeyPair): Promise<number> {
    const params = { account: addressOf(publicKey) };
    return (await this.#from.api.call(getNextSequence, { params })).nextSequence;
  }

  #committed(id: string): void {
    const sentMs = this.#uncommitted.get(id);
    if (sentMs === undefined) return;
    this.#uncommitted.delete(id);
    const tookMs = performance.now() - sentMs;
    this.#inclusionMs = Math.max(this.#inclusionMs, tookMs);
    if (!this.#hear(id)) return;
    this.#overtaken += 1;
    if (tookMs > overtakenMaxMs) this.#lost += 1;
  }

  /** The other has heard of it. @returns false if it had before, or the transaction is not of this probe */
  #hear(id: string): boolean {
    const sentMs = this.#waiting.get(id);
    if (sentMs === undefined) return false;
    this.#waiting.delete(id);
    this.#samplesMs.push(performance.now() - sentMs);
    return true;
  }

  async #listen(onListening: () => void): Promise<void> {
    const { signal } = this.#stopping;
    const accounts = probeAccounts.map(({ publicKey }) => addressOf(publicKey));
    try {
      const topics = ["mempool", "transaction"] as const;
      const onConnection = ({ connected }: ConnectionState) => {
        if (connected) onListening();
      };
      for await (const event of followEvents(this.#to.api, { topics, accounts, signal, onConnection })) {
        if (event.event === "transaction" && event.data.status === "committed")
          this.#committed(event.data.id);
        if (event.event !== "mempool" || event.data.status !== "pending") continue;
        this.#hear(event.data.id);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
