/**
 * The soak: five miners of unequal strength over real libp2p on loopback, for minutes. They must end on one chain, at
 * the pace that the chain promises, and each with the blocks that its hashes earn.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { toHex } from "../../src/base/bytes.ts";
import { invariant } from "../../src/base/invariant.ts";
import type { Logger } from "../../src/base/logger.ts";
import { workOf } from "../../src/consensus/pow/work-rule.ts";
import type { ChainSpec } from "../../src/protocol/genesis.ts";
import { ChainWatch, commonHeightOf, disagreementOf } from "./chain-watch.ts";
import { testShares } from "./share-statistics.ts";
import { keyNumbered, soakSpec, targetBlockTimeMs, transferNumbered, userCount } from "./soak-chain.ts";
import { type SoakMiner, startSoakMiner } from "./soak-miner.ts";
import { atWorkBlocks, intervalsIn, type MinerReport, type SoakReport } from "./soak-report.ts";

export interface SoakOptions {
  readonly durationMs: number;
  /** By how much the clock of one miner is wrong during the first half; 0: all clocks are right. */
  readonly clockOffMs: number;
}

export interface SoakModules {
  readonly logger: Logger;
  readonly say: (text: string) => void;
}

/** Hash rates stand in this relation. */
const strengths = [1, 2, 3, 4, 6] as const;
/** Of one thread's time for each unit of strength; all together leave room on two cores for five nodes. */
const dutyUnit = 0.05;
const wrongClockAt = 2;

const lookEveryMs = 250;
const sayEveryMs = 10_000;
const transferEveryMs = 5_000;
/** The last transfers need a block, too. */
const noTransfersInLastMs = 20_000;
/** The target has settled once the block that it makes the miners search takes them so much of the target block time. */
const settledPace = 0.95;
/** The hash rate then is that of so long. */
const rateOverMs = 10_000;
/** Blocks whose pace a line of progress tells. */
const recentBlocks = 16;
const settleMaxMs = 60_000;

export async function soak(options: SoakOptions, modules: SoakModules): Promise<SoakReport> {
  await using resources = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(tmpdir(), "aurex-soak-"));
  resources.defer(() => rm(folder, { recursive: true, force: true }));
  const spec = soakSpec();
  const miners = await startMiners(options, spec, folder, { ...modules, resources });
  // Awaited here: what was started is stopped when this function is left.
  return await new SoakRun(options, modules, spec, miners).complete();
}

async function startMiners(
  { clockOffMs }: SoakOptions,
  spec: ChainSpec,
  folder: string,
  { logger, resources }: { readonly logger: Logger; readonly resources: AsyncDisposableStack },
): Promise<SoakMiner[]> {
  const miners: SoakMiner[] = [];
  for (const [index, strength] of strengths.entries()) {
    const options = {
      name: `miner-${strength}`,
      spec,
      keyPair: keyNumbered(userCount + index),
      duty: strength * dutyUnit,
      folder,
      bootstrap: miners.flatMap(({ addresses }) => addresses),
      clockOffMs: index === wrongClockAt ? clockOffMs : 0,
    };
    miners.push(await startSoakMiner(options, { logger, resources }));
  }
  return miners;
}

interface Measured {
  readonly sinceMs: number;
  readonly aboveHeight: number;
  /** Of each miner, before the measurement began. */
  readonly hashesBefore: readonly number[];
}

class SoakRun {
  readonly #options: SoakOptions;
  readonly #say: (text: string) => void;
  readonly #spec: ChainSpec;
  readonly #miners: readonly SoakMiner[];
  /** The miner whose clock is wrong at first; none where all are right. */
  readonly #wrong: SoakMiner | undefined;
  /** Those whose clocks are right all the time. */
  readonly #right: readonly SoakMiner[];
  readonly #reference: SoakMiner;
  readonly #watch = new ChainWatch();
  readonly #startMs = performance.now();
  readonly #sent: Uint8Array[] = [];
  /** All right miners' hashes at the last looks. */
  readonly #rates: { readonly atMs: number; readonly hashes: number }[] = [];
  #measured: Measured | undefined;
  #atHalf: { readonly disagreement: number; readonly apart: number; readonly height: number } | undefined;
  #cameBackAfterMs: number | undefined;

  constructor(options: SoakOptions, { say }: SoakModules, spec: ChainSpec, miners: readonly SoakMiner[]) {
    this.#options = options;
    this.#say = say;
    this.#spec = spec;
    this.#miners = miners;
    this.#wrong = options.clockOffMs === 0 ? undefined : miners[wrongClockAt];
    this.#right = miners.filter((miner) => miner !== this.#wrong);
    this.#reference = this.#right[0] as SoakMiner;
    for (const miner of miners) this.#watch.watch(miner);
  }

  async complete(): Promise<SoakReport> {
    const { durationMs } = this.#options;
    let saidMs = 0;
    let sentMs = 0;
    for (let nowMs = 0; nowMs < durationMs; nowMs = this.#elapsedMs()) {
      this.#measured ??= this.#settledNow();
      if (this.#wrong) this.#mindTheClock(this.#wrong, nowMs);
      if (nowMs - sentMs >= transferEveryMs && nowMs < durationMs - noTransfersInLastMs) {
        sentMs = nowMs;
        await this.#transfer();
      }
      if (nowMs - saidMs >= sayEveryMs) {
        saidMs = nowMs;
        this.#say(this.#progress());
      }
      await delay(lookEveryMs);
    }
    const minedUntilMs = this.#elapsedMs();
    await Promise.all(this.#miners.map(({ core }) => core.stopProducing()));
    const agreedAfterMs = await this.#agreement();
    return this.#report(minedUntilMs, agreedAfterMs);
  }

  #elapsedMs(): number {
    return performance.now() - this.#startMs;
  }

  /** Begins the measurement once the target has come up to the hash rate. */
  #settledNow(): Measured | undefined {
    const { header } = this.#reference.chain.head;
    const now = {
      atMs: this.#elapsedMs(),
      hashes: this.#right.reduce((sum, { sealer }) => sum + sealer.hashes, 0),
    };
    this.#rates.push(now);
    if (this.#rates.length <= rateOverMs / lookEveryMs) return undefined;
    const before = this.#rates.shift() as typeof now;
    const hashesPerMs = (now.hashes - before.hashes) / (now.atMs - before.atMs);
    const expectedMs = Number(workOf(header.target)) / hashesPerMs;
    if (expectedMs < settledPace * targetBlockTimeMs) return undefined;
    this.#say(`the target has settled at block ${header.height}; measuring from here`);
    const hashesBefore = this.#miners.map(({ sealer }) => sealer.hashes);
    return { sinceMs: now.atMs, aboveHeight: header.height, hashesBefore };
  }

  #mindTheClock(wrong: SoakMiner, nowMs: number): void {
    const halfMs = this.#options.durationMs / 2;
    if (nowMs < halfMs) return;
    const chains = this.#right.map(({ chain }) => chain);
    if (!this.#atHalf) {
      const disagreement = disagreementOf(chains);
      const height = commonHeightOf(chains);
      const apart = height - commonHeightOf([...chains, wrong.chain]);
      this.#atHalf = { disagreement, apart, height };
      wrong.clock.setWrongBy(0);
      this.#say(`the clock of ${wrong.name} is right again, ${apart} blocks behind what the others agree on`);
    } else if (
      this.#cameBackAfterMs === undefined &&
      disagreementOf([...chains, wrong.chain]) <= atWorkBlocks
    ) {
      this.#cameBackAfterMs = nowMs - halfMs;
    }
  }

  async #transfer(): Promise<void> {
    const number = this.#sent.length;
    // A user keeps to one miner, whose mempool knows what it sent before.
    const miner = this.#right[number % this.#right.length] as SoakMiner;
    const user = keyNumbered(number % this.#right.length);
    const sequence = miner.core.mempool.pendingSequence(toHex(user.publicKey));
    const transaction = transferNumbered(number, user, sequence, this.#spec);
    const added = await miner.core.submit(transaction);
    if (!added.ok) throw new Error(`a transfer was refused: ${added.fault.code}`);
    this.#sent.push(transaction.id);
  }

  #progress(): string {
    const heights = this.#miners.map(({ chain }) => chain.head.header.height);
    const hashes = this.#miners.reduce((sum, { sealer }) => sum + sealer.hashes, 0);
    const elapsedMs = this.#elapsedMs();
    const { chain } = this.#reference;
    const { height } = chain.head.header;
    const { meanMs } = intervalsIn(chain, Math.max(1, height - recentBlocks), height);
    return [
      `${Math.round(elapsedMs / 1_000)} s`,
      `heads ${heights.join(" ")}`,
      `apart by ${disagreementOf(this.#miners.map((miner) => miner.chain))}`,
      `last ${recentBlocks} intervals ${(meanMs / 1_000).toFixed(2)} s`,
      `${(hashes / elapsedMs / 1_000).toFixed(1)} MH/s`,
      this.#measured ? "" : "warming up",
    ]
      .filter((part) => part !== "")
      .join(", ");
  }

  /** Waits until all have one head; how long that took, undefined where it did not come. */
  async #agreement(): Promise<number | undefined> {
    const beganMs = this.#elapsedMs();
    const isOne = () => new Set(this.#miners.map(({ chain }) => chain.head.hashHex)).size === 1;
    while (!isOne()) {
      if (this.#elapsedMs() - beganMs > settleMaxMs) return undefined;
      await delay(lookEveryMs);
    }
    return this.#elapsedMs() - beganMs;
  }

  #report(minedUntilMs: number, agreedAfterMs: number | undefined): SoakReport {
    const { chain } = this.#reference;
    const { header, hashHex } = chain.head;
    const measured = this.#measured;
    const aboveHeight = measured?.aboveHeight ?? header.height;
    const blocks = new Map<string, number>();
    for (let height = aboveHeight + 1; height <= header.height; height += 1) {
      const producer = chain.blockAtHeight(height)?.header.producer;
      invariant(producer, "the canonical chain has no gaps");
      blocks.set(toHex(producer), (blocks.get(toHex(producer)) ?? 0) + 1);
    }
    const orphans = this.#watch.orphansBeside(chain, aboveHeight);
    const counts = this.#miners.map((miner, index) => ({
      miner,
      hashes: miner.sealer.hashes - (measured?.hashesBefore[index] ?? 0),
      blocks: blocks.get(toHex(miner.keyPair.publicKey)) ?? 0,
      orphaned: orphans.get(toHex(miner.keyPair.publicKey)) ?? 0,
    }));
    const judged = counts.filter(({ miner }) => miner !== this.#wrong);
    const shares = measured && header.height > aboveHeight ? testShares(judged) : undefined;
    const miners = counts.map((count): MinerReport => {
      const { miner, ...figures } = count;
      const share = shares?.miners[judged.indexOf(count)];
      const reorganizations = this.#watch.reorganizationsOf(miner.name);
      return { name: miner.name, duty: miner.duty, ...figures, reorganizations, share };
    });
    return {
      durationMs: minedUntilMs,
      targetBlockTimeMs,
      retargetHalfLifeMs: this.#spec.genesis.retargetHalfLifeMs,
      head: { height: header.height, hashHex },
      agreedAfterMs,
      measured: measured && {
        sinceMs: measured.sinceMs,
        durationMs: minedUntilMs - measured.sinceMs,
        ...intervalsIn(chain, aboveHeight, header.height),
      },
      miners,
      shares,
      transfers: {
        sent: this.#sent.length,
        included: this.#sent.filter((id) => chain.transaction(id) !== undefined).length,
      },
      clock: this.#wrong && {
        miner: this.#wrong.name,
        offMs: this.#options.clockOffMs,
        atHalf: this.#atHalf,
        cameBackAfterMs: this.#cameBackAfterMs,
      },
    };
  }
}
