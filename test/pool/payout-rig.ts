/** A pool that pays, over a real chain, mempool and books on disk; blocks and forks as a test wants them. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toHex, toUtf8 } from "../../src/base/bytes.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { BlockExecution } from "../../src/ledger/apply-block.ts";
import { ledgerContext } from "../../src/ledger/ledger-context.ts";
import { LedgerState } from "../../src/ledger/ledger-state.ts";
import { createMempool, type Mempool } from "../../src/mempool/mempool.ts";
import { mempoolChange, mempoolHead } from "../../src/node/node-core.ts";
import type { PoolMemberRow } from "../../src/payouts/book-records.ts";
import { PayoutController, type PayoutOptions } from "../../src/payouts/payout-controller.ts";
import { PoolBook } from "../../src/payouts/pool-book.ts";
import type { ChainSpecJson } from "../../src/protocol/chain-spec-json.ts";
import { blockRewardAt } from "../../src/protocol/genesis.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import type { DecodedTransaction } from "../../src/protocol/transaction.ts";
import { createInlineVerifier } from "../../src/verifier/verifier.ts";
import {
  alice,
  BlockBuilder,
  type BuiltBlock,
  keyPairNamed,
  miner as poolKeys,
  testSpec,
} from "../chain/block-builder.ts";
import { type OpenChain, openChain } from "../chain/open-chain.ts";

export { poolKeys };
export const ann: KeyPair = keyPairNamed("ann");
export const ben: KeyPair = keyPairNamed("ben");
export const cat: KeyPair = keyPairNamed("cat");
/** A miner that has nothing to do with the pool. */
export const other: KeyPair = keyPairNamed("other");
export const poolAccount: string = toHex(poolKeys.publicKey);
export const aur = 100_000_000n;
export const fee: bigint = aur / 100n;

export interface PayoutRigOptions {
  readonly spec?: Partial<ChainSpecJson>;
  readonly desk?: PayoutOptions;
  readonly feePercent?: number;
}

interface FoundByPool {
  readonly hash: string;
  readonly height: number;
  readonly finder: KeyPair;
  readonly units: bigint;
}

export class PayoutRig {
  readonly builder: BlockBuilder;
  open!: OpenChain;
  mempool!: Mempool;
  /** Every block that the chain was given, by hash in hex. */
  readonly #built = new Map<string, BuiltBlock>();
  readonly #options: PayoutRigOptions;
  readonly #directory: string;
  book!: PoolBook;
  desk!: PayoutController;
  /** Blocks that the books have been told of, with what they owe for them and to whom. */
  readonly #found: FoundByPool[] = [];
  /** Ids in the order in which the desk has submitted them. */
  readonly submitted: string[] = [];
  /** While set, what the desk submits reaches nobody: as if the process died between signing and submitting. */
  isCutOff = false;
  isBehind = false;
  /** Writes until the pool is killed, with the last of them on disk or not; undefined: it is not killed. */
  killAfter: { writes: number; readonly isLastKept: boolean } | undefined;
  #isPoolRunning = false;

  private constructor(options: PayoutRigOptions, builder: BlockBuilder, open: OpenChain, directory: string) {
    this.#options = options;
    this.builder = builder;
    this.#directory = directory;
    this.#use(open);
    this.#built.set(builder.genesis.block.hashHex, builder.genesis);
  }

  #use(open: OpenChain): void {
    this.open = open;
    const { chain, clock } = open;
    const mempool = createMempool(
      {},
      {
        clock,
        verifier: createInlineVerifier(),
        logger: silentLogger,
        ledger: () => mempoolHead(chain),
      },
    );
    this.mempool = mempool;
    chain.events.on("headChanged", (change) => mempool.headChanged(mempoolChange(change)));
    // As a node's steps do: after the mempool, before a producer.
    chain.events.on("headChanged", (change) => this.#isPoolRunning && this.desk.headChanged(change));
  }

  static async create(options: PayoutRigOptions = {}): Promise<PayoutRig> {
    const spec = testSpec("pow", {
      rewardMaturityBlocks: 2,
      minimumFee: "0.01",
      allocations: { [addressOf(alice.publicKey)]: "1000" },
      ...options.spec,
    });
    const directory = await mkdtemp(join(tmpdir(), "aurex-payout-"));
    const rig = new PayoutRig(options, new BlockBuilder(spec), await openChain({ spec }), directory);
    await rig.startPool();
    return rig;
  }

  /** The node gets an empty chain store, and fetches the chain up to `tip` anew; the books stay. */
  async replaceChain(tip: BuiltBlock, { isPoolRunning = true } = {}): Promise<void> {
    await this.stopPool();
    this.mempool.close();
    await this.open.chain.close();
    const { spec } = this.builder;
    this.#use(await openChain({ spec }, { clock: this.open.clock }));
    if (isPoolRunning) await this.startPool();
    for (const built of this.branchTo(tip).slice(1)) await this.give(built);
    if (!isPoolRunning) await this.startPool();
  }

  /** From block 0 to `tip`. */
  branchTo(tip: BuiltBlock): BuiltBlock[] {
    const branch = [tip];
    for (let at = tip; at.record.header.height > 0; branch.unshift(at)) {
      at = this.#at(toHex(at.record.header.parentHash));
    }
    return branch;
  }

  /** @param beforeStart when the desk is there, and has not looked at the chain yet */
  async startPool(beforeStart: () => void = () => undefined): Promise<void> {
    const { chain, clock } = this.open;
    const { feePercent = 0 } = this.#options;
    this.book = await PoolBook.open(
      {
        directory: this.poolDirectory,
        chainId: chain.spec.chainId,
        poolAccount: poolKeys.publicKey,
        feePercent,
        // So small that every reorganization takes several.
        limits: { archivePieceMax: 3 },
      },
      { clock, logger: silentLogger },
    );
    const record = this.book.record.bind(this.book);
    this.book.record = async (events) => {
      const kill = this.killAfter;
      if (kill) kill.writes -= 1;
      if (kill && kill.writes < 0) throw new Error("this process was killed");
      if (kill?.writes === 0 && !kill.isLastKept) throw new Error("this process was killed before it wrote");
      await record(events);
      if (kill?.writes === 0) throw new Error("this process was killed when it had written");
    };
    this.desk = new PayoutController(
      { intervalBlocks: 1, ...this.#options.desk },
      {
        chain,
        book: this.book,
        mempool: this.mempool,
        keyPair: poolKeys,
        clock,
        logger: silentLogger,
        isBehind: () => this.isBehind,
        submit: async (transaction) => {
          if (this.killAfter && this.killAfter.writes <= 0) throw new Error("this process was killed");
          this.submitted.push(transaction.idHex);
          if (this.isCutOff) return { ok: false, fault: { code: "mempool/full", limit: "nobody is there" } };
          return this.mempool.add(transaction);
        },
      },
    );
    beforeStart();
    this.desk.start();
    this.#isPoolRunning = true;
    await this.desk.idle();
  }

  /** Where the books are. */
  get poolDirectory(): string {
    return join(this.#directory, "pool");
  }

  async stopPool(): Promise<void> {
    if (!this.#isPoolRunning) return;
    this.#isPoolRunning = false;
    await this.desk.stop();
    await this.book.close();
  }

  async end(): Promise<void> {
    await this.stopPool();
    this.mempool.close();
    await this.open.chain.close();
    await rm(this.#directory, { recursive: true });
  }

  get head(): BuiltBlock {
    return this.#at(this.open.chain.head.hashHex);
  }

  #at(hashHex: string): BuiltBlock {
    const built = this.#built.get(hashHex);
    assert.ok(built, "the rig knows every block that it has built");
    return built;
  }

  /** The canonical block `depth` below the head. */
  below(depth: number): BuiltBlock {
    const { chain } = this.open;
    const hash = chain.hashAtHeight(Math.max(0, chain.head.header.height - depth));
    return this.#at(toHex(hash!));
  }

  /** What of `offered` can be executed on `parent`, one after the other, as a producer picks. */
  executable(parent: BuiltBlock, offered: readonly DecodedTransaction[]): DecodedTransaction[] {
    const { genesis } = this.builder.spec;
    const context = ledgerContext(
      { height: parent.record.header.height + 1, producer: poolKeys.publicKey },
      genesis,
    );
    const execution = new BlockExecution(LedgerState.fromEntries(parent.entries), context);
    return offered.filter((transaction) => execution.apply(transaction) === undefined);
  }

  /** A block on `parent`, known to nobody yet; the chain's target time after it, so that work stays as it is. */
  build(
    parent: BuiltBlock,
    transactions: readonly DecodedTransaction[],
    { producer = poolKeys, laterMs = 4_000 }: { producer?: KeyPair; laterMs?: number } = {},
  ): BuiltBlock {
    const built = this.builder.on(parent, {
      producer,
      laterMs,
      transactions: this.executable(parent, transactions),
    });
    this.#built.set(built.block.hashHex, built);
    return built;
  }

  /** Blocks on any block that the rig has built, until the newest of them is the head. */
  async forkFrom(
    base: BuiltBlock,
    producer: KeyPair,
    transactionsFor: (parent: BuiltBlock) => readonly DecodedTransaction[] = () => [],
    lengthMax = 80,
  ): Promise<BuiltBlock> {
    // A chain store that was replaced does not know all of them.
    for (const known of this.branchTo(base).slice(1)) await this.give(known);
    let tip = base;
    let outcome = "";
    for (let length = 0; length < lengthMax; length += 1) {
      tip = this.build(tip, transactionsFor(tip), { producer, laterMs: 4_000 });
      outcome = await this.give(tip);
      if (this.open.chain.head.hashHex === tip.block.hashHex) return tip;
    }
    throw new Error(`${lengthMax} blocks do not outweigh the head: ${outcome}`);
  }

  /** Any block that was built, by number. */
  anyBuilt(which: number): BuiltBlock {
    return [...this.#built.values()][which % this.#built.size] as BuiltBlock;
  }

  /** Gives a block to the chain, and lets the desk come to rest. */
  async give(built: BuiltBlock): Promise<string> {
    const outcome = await this.open.give(built);
    await this.desk.idle();
    return outcome;
  }

  /** `count` blocks on the head with what the mempool has. */
  async mine(count = 1, producer: KeyPair = poolKeys): Promise<BuiltBlock> {
    for (let mined = 0; mined < count; mined += 1) {
      const offered = this.mempool.select({ transactionsMax: 1000, bytesMax: 1_000_000 });
      assert.equal(await this.give(this.build(this.head, offered, { producer })), "head");
    }
    return this.head;
  }

  /** The next pool block, found by the last of these members, each with one share of that work. */
  async find(shares: readonly (readonly [member: KeyPair, work: bigint])[]): Promise<BuiltBlock> {
    const offered = this.mempool.select({ transactionsMax: 1000, bytesMax: 1_000_000 });
    const built = this.build(this.head, offered);
    await this.record(built, shares);
    assert.equal(await this.give(built), "head");
    return built;
  }

  /** Writes shares into the books, the last of them having found `built`. */
  async record(
    { block }: BuiltBlock,
    shares: readonly (readonly [member: KeyPair, work: bigint])[],
  ): Promise<void> {
    const { height } = block.header;
    const fees = block.transactions.reduce((sum, { transaction }) => sum + transaction.fee, 0n);
    const earnedUnits = blockRewardAt(this.builder.spec.genesis, height) + fees;
    for (const [index, [member, work]] of shares.entries()) {
      const isLast = index === shares.length - 1;
      await this.book.recordShare({
        account: member.publicKey,
        work,
        ...(isLast ? { block: { hash: block.hash, height, earnedUnits, work: 1_000n } } : {}),
      });
    }
    const [finder] = shares.at(-1) as readonly [KeyPair, bigint];
    const keptUnits = (earnedUnits * BigInt(this.#options.feePercent ?? 0)) / 100n;
    this.#found.push({ hash: block.hashHex, height, finder, units: earnedUnits - keptUnits });
  }

  /** What the books say of the blocks in the archive, the highest first. */
  async archivedStates(): Promise<string[]> {
    const states: string[] = [];
    for await (const piece of this.book.archivedBlocks()) states.push(...piece.map(({ state }) => state));
    return states;
  }

  balance(member: KeyPair): bigint {
    return this.open.chain.ledger.account(toHex(member.publicKey))?.balance ?? 0n;
  }

  row(member: KeyPair): PoolMemberRow {
    const row = this.book.members().find((one) => toHex(one.member) === toHex(member.publicKey));
    assert.ok(row, "it is a member");
    return row;
  }

  /**
   * What the canonical chain says that a member has earned: all of each block whose window it filled alone, which the
   * finder does with a share of more than 20,000.
   */
  earnedOnChain(member: KeyPair): { readonly units: bigint; readonly immatureUnits: bigint } {
    const { chain } = this.open;
    const headHeight = chain.head.header.height;
    const depth = Math.max(1, this.builder.spec.genesis.rewardMaturityBlocks);
    let units = 0n;
    let immatureUnits = 0n;
    for (const found of this.#found) {
      const canonical = found.height <= headHeight && chain.hashAtHeight(found.height);
      if (found.finder !== member || !canonical || toHex(canonical) !== found.hash) continue;
      units += found.units;
      if (headHeight < found.height + depth) immatureUnits += found.units;
    }
    return { units, immatureUnits };
  }

  /** What the canonical chain says that a member was paid by the pool: amounts and fees. */
  paidOnChain(member: KeyPair): { readonly units: bigint; readonly ids: readonly string[] } {
    const { chain } = this.open;
    let units = 0n;
    const ids: string[] = [];
    for (let height = 1; height <= chain.head.header.height; height += 1) {
      for (const { payload, transaction, idHex, senderHex } of chain.blockAtHeight(height)!.transactions) {
        if (payload.kind !== "transfer" || senderHex !== poolAccount) continue;
        if (toUtf8(payload.memo) !== "pool payout" || toHex(payload.to) !== toHex(member.publicKey)) continue;
        units += payload.amount + transaction.fee;
        ids.push(idHex);
      }
    }
    return { units, ids };
  }

  /** A transfer that the operator makes by hand from the pool's account. */
  byHand(sequence: number, amount: bigint, byHandFee = fee): DecodedTransaction {
    const payload = {
      kind: "transfer" as const,
      to: alice.publicKey,
      assetId: new Uint8Array(32),
      amount,
      memo: new Uint8Array(0),
    };
    return this.builder.sign(poolKeys, sequence, payload, byHandFee);
  }
}
