/**
 * The exchange of docs/examples credits every deposit exactly once: the node and the watcher are killed again and again,
 * and on Proof of Work blocks with deposits leave the chain. `SUITE_DEPOSITS` says how many deposits; test:long has 50,000.
 */
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { after, before, describe, it } from "node:test";
import type { SubmittedBatch } from "../../src/api/transactions.ts";
import { fromHex, fromUtf8, toHex, toUtf8 } from "../../src/base/bytes.ts";
import { decodeBlock } from "../../src/protocol/block.ts";
import { zeroBytes32 } from "../../src/protocol/hashing.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { type KeyPair, keyPairFromSeed } from "../../src/protocol/signing.ts";
import { type DecodedTransaction, signTransaction } from "../../src/protocol/transaction.ts";
import { BreakableProxy } from "../client/breakable-proxy.ts";
import { fastPow, type NodeProcess, Stage, untilAgreed } from "../e2e/processes.ts";
import { suiteMaxMs, until } from "../support/patience.ts";
import { mineOn, untilDrafted } from "./outside-miner.ts";
import { type Credited, Watcher } from "./watcher.ts";

/** Deposits in all, on both chains together. */
const depositsWanted = Number(process.env.SUITE_DEPOSITS ?? 1_200);
/** Half of them wait at a node at once: fewer than one block has room for. */
const depositsPerRound = 7_500;
const customers = 40;
const senders = Array.from({ length: 64 }, (_, index) => keyNumber(1 + index));
/** They pay the exchange on one branch, and the same money to themselves on the other. */
const cheaters = Array.from({ length: 4 }, (_, index) => keyNumber(100 + index));
const exchange = keyNumber(200);
const account = addressOf(exchange.publicKey);
/** More than the test's branches are long. */
const confirmations = 5;
const batchMax = 512;

function keyNumber(number: number): KeyPair {
  return keyPairFromSeed(new Uint8Array(32).fill(number));
}

/** Signs deposits of all senders in turn, each sender's in sequence. */
class Depositors {
  readonly signed: DecodedTransaction[] = [];
  readonly #chainId: Uint8Array;
  readonly #to: Uint8Array;
  readonly #senders: readonly { readonly keyPair: KeyPair; sequence: number }[];

  constructor(chainId: string, keyPairs: readonly KeyPair[], to = exchange.publicKey) {
    this.#chainId = fromHex(chainId, 32) as Uint8Array;
    this.#to = to;
    this.#senders = keyPairs.map((keyPair) => ({ keyPair, sequence: 0 }));
  }

  next(count: number): DecodedTransaction[] {
    const made = Array.from({ length: count }, (_, index) => {
      const sender = this.#senders[index % this.#senders.length];
      assert.ok(sender);
      const payload = {
        kind: "transfer",
        to: this.#to,
        assetId: zeroBytes32,
        amount: BigInt(randomInt(1, 100_000)),
        memo: fromUtf8(`customer-${randomInt(customers)}`),
      } as const;
      const draft = { payload, sequence: sender.sequence++, fee: 0n, validUntil: 0, timestampMs: 0 };
      return signTransaction(draft, sender.keyPair, this.#chainId);
    });
    this.signed.push(...made);
    return made;
  }
}

/** As a careful client does: what was not acknowledged is sent again, the same bytes. Throws if the node dies meanwhile. */
async function submit(node: NodeProcess, transactions: readonly DecodedTransaction[]): Promise<void> {
  for (let begin = 0; begin < transactions.length; begin += batchMax) {
    const batch = transactions.slice(begin, begin + batchMax).map(({ bytes }) => toHex(bytes));
    const response = await fetch(`${node.started.apiUrl}/v1/transactions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ transactions: batch }),
    });
    const answer = (await response.json()) as SubmittedBatch;
    assert.equal(answer.refused, 0, JSON.stringify(answer.results.find(({ refusal }) => refusal)));
  }
}

/** Resolves when the watcher has credited whatever has its confirmations. */
async function untilSeen(watcher: Watcher, node: NodeProcess): Promise<void> {
  const { height } = (await node.status()).head;
  const { size } = (await depositsOnChain(node, height - confirmations + 1)).deposits;
  await until("the watcher has seen the newest block", () => watcher.count >= size, {
    seen: () => `${watcher.count} of ${size}`,
  });
}

/** Transfers to the exchange in the blocks of a node's chain up to a height: what is true. */
async function depositsOnChain(node: NodeProcess, upTo?: number): Promise<Credited> {
  const deposits = new Map<string, bigint>();
  const totals = new Map<string, bigint>();
  const headHeight = upTo ?? (await node.status()).head.height;
  for (let height = 1; height <= headHeight; height += 1) {
    const response = await fetch(`${node.started.apiUrl}/v1/blocks/${height}/raw`);
    const block = decodeBlock(new Uint8Array(await response.arrayBuffer()));
    assert.ok(block.ok);
    for (const { idHex, payload } of block.value.transactions) {
      if (payload.kind !== "transfer" || toHex(payload.to) !== toHex(exchange.publicKey)) continue;
      assert.ok(!deposits.has(idHex), "no transaction is in two blocks");
      deposits.set(idHex, payload.amount);
      const customer = toUtf8(payload.memo) ?? "";
      totals.set(customer, (totals.get(customer) ?? 0n) + payload.amount);
    }
  }
  return { deposits, customers: totals };
}

function sorted<Value>(map: ReadonlyMap<string, Value>): [string, Value][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}

describe("an exchange that follows docs/examples/deposits.ts", { timeout: suiteMaxMs }, () => {
  let stage: Stage;
  let proxy: BreakableProxy | undefined;
  const watchers: Watcher[] = [];
  before(async () => {
    stage = await Stage.open();
  });
  after(async () => {
    for (const watcher of watchers) await watcher.stop();
    await proxy?.close();
    await stage.close();
  });

  const allocations = Object.fromEntries(
    [...senders, ...cheaters].map(({ publicKey }) => [addressOf(publicKey), "1000"]),
  );
  const watch = async (node: NodeProcess, database: string) => {
    await proxy?.close();
    // One address for the watcher, whatever port the node has after a restart.
    proxy = await BreakableProxy.open(node.started.apiUrl);
    const options = { api: proxy.url, account, database: stage.place(database), confirmations };
    const watcher = new Watcher(options);
    watchers.push(watcher);
    return watcher;
  };
  const compare = async (watcher: Watcher, node: NodeProcess, signed: readonly DecodedTransaction[]) => {
    await until("every deposit is credited", () => watcher.count >= signed.length, {
      limitMs: 120_000,
      pollMs: 200,
      seen: () => `${watcher.count} of ${signed.length}`,
    });
    // On a fast machine all of it may be credited before its first kill is due.
    await until("the watcher was killed", () => watcher.kills > 0);
    const credited = await watcher.end();
    const onChain = await depositsOnChain(node);
    assert.equal(onChain.deposits.size, signed.length, "all that was acknowledged is on the chain");
    assert.deepEqual(sorted(credited.deposits), sorted(onChain.deposits));
    assert.deepEqual(sorted(credited.customers), sorted(onChain.customers));
  };

  it("credits each once on Proof of Work, through reorganizations and kills of node and watcher", async (t) => {
    const chain = await stage.spec("pow.json", { ...fastPow, allocations });
    const flags = ["--chain", chain, "--mine", "--mine-threads", "0", "--mine-empty"];
    let node = await stage.start("exchange", ...flags);
    const { chainId } = await node.status();
    const here = new Depositors(chainId, senders.slice(0, 32));
    const there = new Depositors(chainId, senders.slice(32));
    const cheats = new Depositors(chainId, cheaters);
    const doubleSpends = new Depositors(chainId, cheaters, cheaters[0]?.publicKey);
    const watcher = await watch(node, "pow.sqlite");
    const restart = async (...more: string[]) => {
      await node.stop("SIGKILL");
      node = await stage.start("exchange", ...flags, ...more);
      proxy?.pointAt(node.started.apiUrl);
    };
    const rounds = Math.max(1, Math.ceil((depositsWanted * 0.75) / depositsPerRound));
    // Odd, so that pages of the history have the end of one block and the beginning of the next.
    const each = Math.ceil((depositsWanted * 0.75) / rounds / 2) | 1;
    for (let round = 0; round < rounds; round += 1) {
      // Alone: deposits in blocks that the rest of the network never sees. The node dies in between.
      const ours = [...cheats.next(2 * cheaters.length), ...here.next(each)];
      const submitted = submit(node, ours).catch(() => "the node died");
      if (round % 2 === 0) {
        await new Promise((resolve) => setTimeout(resolve, randomInt(100)));
        await restart();
        await submit(node, ours);
      }
      await submitted;
      await untilDrafted(node);
      const length = randomInt(1, 4);
      await mineOn(node, length);
      assert.equal(await node.transactionStatus(ours[0]?.idHex ?? ""), "committed");
      await node.stop("SIGKILL");

      // The others have a heavier branch with deposits of their own.
      const others = await stage.start("others", ...flags);
      await submit(others, [...doubleSpends.next(2 * cheaters.length), ...there.next(each)]);
      await untilDrafted(others);
      await mineOn(others, length + randomInt(1, 3));
      node = await stage.start("exchange", ...flags, "--bootstrap", others.multiaddr);
      proxy?.pointAt(node.started.apiUrl);
      await untilAgreed([node, others]);
      // The line comes by a pipe, which may be read after the answer that they agree.
      await until(
        "blocks of the exchange's node have left",
        () => node.logged("the chain was reorganized").length > 0,
      );

      // What left the chain comes into it again, apart from what was spent otherwise.
      const newest = [here.signed.at(-1), there.signed.at(-1)].map((last) => last?.idHex ?? "");
      await until("all of it is committed", async () => {
        await mineOn(node, 1);
        const all = await Promise.all(newest.map((id) => node.transactionStatus(id)));
        return (await node.status()).mempool === 0 && all.every((status) => status === "committed");
      });
      // Block by block, so that pages of the history are read of which a part is safe.
      for (let block = 0; block < confirmations - 1 && round === 0; block += 1) {
        await mineOn(node, 1);
        await untilSeen(watcher, node);
      }
      await untilAgreed([node, others]);
      await others.stop("SIGKILL");
    }
    await mineOn(node, confirmations);
    await compare(watcher, node, [...here.signed, ...there.signed]);
    t.diagnostic(
      `${here.signed.length + there.signed.length} deposits, ${watcher.kills} kills of the watcher`,
    );
    await node.stop();
  });

  it("credits each once on Proof of Authority when it is final, through kills of node and watcher", async (t) => {
    const authority = await stage.nodeAddress("authority");
    const times = { periodMs: 50, stepMs: 20, heartbeatMs: 200 };
    const chain = await stage.spec("poa.json", {
      consensus: "poa",
      authorities: [authority],
      allocations,
      ...times,
    });
    const start = () => stage.start("authority", "--consensus", "poa", "--chain", chain, "--authority");
    let node = await start();
    const depositors = new Depositors((await node.status()).chainId, senders);
    const watcher = await watch(node, "poa.sqlite");
    const rounds = Math.max(1, Math.ceil((depositsWanted * 0.25) / depositsPerRound));
    for (let round = 0; round < rounds; round += 1) {
      const made = depositors.next(Math.ceil((depositsWanted * 0.25) / rounds));
      const submitted = submit(node, made).catch(() => "the node died");
      await new Promise((resolve) => setTimeout(resolve, randomInt(300)));
      await node.stop("SIGKILL");
      await submitted;
      node = await start();
      proxy?.pointAt(node.started.apiUrl);
      await submit(node, made);
      await node.until("nothing waits", ({ mempool }) => mempool === 0);
    }
    await compare(watcher, node, depositors.signed);
    t.diagnostic(`${depositors.signed.length} deposits, ${watcher.kills} kills of the watcher`);
    await node.stop();
  });
});
