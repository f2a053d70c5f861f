/** What becomes of submitted transactions on real nodes: nothing acknowledged is lost, what cannot happen is dropped everywhere. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { SubmittedBatch } from "../../src/api/transactions.ts";
import { fromHex, fromUtf8, toHex } from "../../src/base/bytes.ts";
import { ApiProblem } from "../../src/client/api-problem.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { type KeyPair, keyPairFromSeed } from "../../src/protocol/signing.ts";
import { type DecodedTransaction, type Payload, signTransaction } from "../../src/protocol/transaction.ts";
import { until } from "../support/patience.ts";
import { type NodeProcess, Stage, untilAgreed } from "./processes.ts";

const keys = [21, 22, 23, 24, 25].map((byte) => keyPairFromSeed(new Uint8Array(32).fill(byte)));
const [alice, bob, carol, dave, erin] = keys as [KeyPair, KeyPair, KeyPair, KeyPair, KeyPair];
const record: Payload = { kind: "record", data: fromUtf8("hello") };

describe("what is submitted", () => {
  let stage: Stage;
  let chain: string;
  let chainId: Uint8Array;
  let authority: NodeProcess;
  before(async () => {
    stage = await Stage.open();
    const address = await stage.nodeAddress("authority");
    chain = await stage.spec("poa.json", {
      consensus: "poa",
      authorities: [address],
      ...{ periodMs: 200, stepMs: 200, heartbeatMs: 3_600_000 },
      allocations: Object.fromEntries(keys.map(({ publicKey }) => [addressOf(publicKey), "1000"])),
    });
    authority = await startAuthority();
    const { chainId: hex } = await authority.status();
    chainId = fromHex(hex, 32) as Uint8Array;
  });
  after(() => stage.close());

  function startAuthority(...flags: string[]): Promise<NodeProcess> {
    return stage.start("authority", "--consensus", "poa", "--chain", chain, "--authority", ...flags);
  }

  function follow(name: string, ...flags: string[]): Promise<NodeProcess> {
    return stage.start(name, "--consensus", "poa", "--chain", chain, ...flags);
  }

  async function sign(
    node: NodeProcess,
    keyPair: KeyPair,
    payload: Payload,
    changes: { readonly fee?: bigint; readonly sequence?: number } = {},
  ): Promise<DecodedTransaction> {
    const { pendingSequence } = await node.api.account(addressOf(keyPair.publicKey));
    const { minimumFeeUnits } = await node.status();
    const terms = { sequence: pendingSequence, fee: BigInt(minimumFeeUnits), ...changes };
    return signTransaction({ payload, ...terms, validUntil: 0, timestampMs: Date.now() }, keyPair, chainId);
  }

  async function refusalOf(node: NodeProcess, transaction: DecodedTransaction): Promise<string> {
    const refused = await node.api.submit(transaction.bytes).then(
      () => assert.fail("it was taken"),
      (error: unknown) => error,
    );
    assert.ok(refused instanceof ApiProblem);
    return refused.code;
  }

  it("two keys that register one name on a follower: the loser hears why, and its next transaction commits", async () => {
    const follower = await follow("one-name", "--bootstrap", authority.multiaddr);
    await untilAgreed([follower, authority]);
    const register: Payload = { kind: "registerUser", name: fromUtf8("one@example.com") };
    const both = [await sign(follower, alice, register), await sign(follower, bob, register)];
    await Promise.all(both.map(({ bytes }) => follower.api.submit(bytes)));
    const statuses = async () => Promise.all(both.map(({ idHex }) => follower.transactionStatus(idHex)));
    const seen = await until("one is committed and the other dropped", async () => {
      const now = await statuses();
      return now.includes("pending") ? undefined : now;
    });
    assert.deepEqual([...seen].sort(), ["committed", "dropped"]);
    const loser = seen[0] === "dropped" ? alice : bob;
    const lost = await follower.api.transaction((seen[0] === "dropped" ? both[0] : both[1])?.idHex ?? "");
    assert.equal(lost.status === "dropped" && lost.reason.code, "transaction/name-taken");
    const next = await sign(follower, loser, record);
    await follower.api.submit(next.bytes);
    await follower.untilCommitted(next.idHex);
    assert.equal(await refusalOf(follower, await sign(follower, loser, register)), "transaction/name-taken");
    await follower.stop();
  });

  it("a transfer of an asset that comes too early is refused, and its bytes commit on every node once they can", async () => {
    const follower = await follow("too-early", "--bootstrap", authority.multiaddr);
    await untilAgreed([follower, authority]);
    const terms = { symbol: fromUtf8("GOLD"), name: fromUtf8("Gold"), decimals: 0, supply: 100n };
    const issue = await sign(follower, alice, { kind: "issueAsset", ...terms, metadata: new Uint8Array(0) });
    const gold = (to: KeyPair, amount: bigint): Payload => ({
      ...{ kind: "transfer", to: to.publicKey, assetId: issue.id, amount, memo: new Uint8Array(0) },
    });
    const early = await sign(follower, bob, gold(alice, 5n));
    assert.equal(await refusalOf(follower, early), "transaction/asset-unknown");
    await follower.api.submit(issue.bytes);
    await follower.untilCommitted(issue.idHex);
    assert.equal(await refusalOf(follower, early), "transaction/balance-too-low");
    const gift = await sign(follower, alice, gold(bob, 10n));
    await follower.api.submit(gift.bytes);
    await follower.untilCommitted(gift.idHex);
    await follower.api.submit(early.bytes);
    await Promise.all([follower, authority].map((node) => node.untilCommitted(early.idHex)));
    await follower.stop();
  });

  it("is there after a kill before any block, and commits when somebody seals", async () => {
    let alone = await follow("alone");
    const first = await sign(alone, carol, record);
    await alone.api.submit(first.bytes);
    const cheap = await sign(alone, carol, record);
    await alone.api.submit(cheap.bytes);
    const dear = await sign(alone, carol, record, {
      sequence: cheap.transaction.sequence,
      fee: 2n * cheap.transaction.fee + 1n,
    });
    await alone.api.submit(dear.bytes);
    await alone.stop("SIGKILL");
    alone = await follow("alone");
    for (const { idHex } of [first, dear]) assert.equal(await alone.transactionStatus(idHex), "pending");
    const replaced = await alone.api.transaction(cheap.idHex);
    assert.equal(replaced.status === "dropped" && replaced.reason.code, "mempool/replaced");
    await alone.stop("SIGTERM");
    alone = await follow("alone", "--bootstrap", authority.multiaddr);
    for (const { idHex } of [first, dear]) {
      await Promise.all([alone, authority].map((node) => node.untilCommitted(idHex)));
    }
    // Once their blocks are final, nothing of them is sent again. The next block brings that about.
    const later = await sign(authority, alice, record);
    await authority.api.submit(later.bytes);
    await alone.untilCommitted(later.idHex);
    const committed = await alone.api.transaction(dear.idHex);
    assert.ok(committed.status === "committed");
    const { height } = committed.block;
    await alone.until("its block is final", ({ final }) => (final?.height ?? 0) >= height);
    await alone.stop("SIGKILL");
    alone = await follow("alone");
    assert.equal(alone.logged("transactions that were submitted before the start").length, 0);
    assert.equal(await alone.transactionStatus(dear.idHex), "committed");
    await alone.stop();
  });

  it("of many submissions at once, killed in the middle, every one that was acknowledged commits", async () => {
    const [inTurn, killedAfter] = [20, 60];
    let node = await follow("killed");
    const begin = (await node.api.account(addressOf(dave.publicKey))).pendingSequence;
    const all = await Promise.all(
      Array.from({ length: 120 }, (_, index) => sign(node, dave, record, { sequence: begin + index })),
    );
    const acknowledged: DecodedTransaction[] = [];
    const submit = async (transaction: DecodedTransaction) => {
      await node.api.submit(transaction.bytes);
      acknowledged.push(transaction);
    };
    // What comes first in line comes alone: of those sent at once, a busy machine may acknowledge any forty first.
    for (const transaction of all.slice(0, inTurn)) await submit(transaction);
    const sending = all.slice(inTurn).map((transaction) =>
      submit(transaction).then(
        () => {
          if (acknowledged.length === killedAfter) void node.stop("SIGKILL");
        },
        (error: unknown) => {
          if (acknowledged.length < killedAfter) throw error;
        },
      ),
    );
    await Promise.all(sending);
    await node.ended;
    assert.ok(acknowledged.length >= killedAfter);
    node = await follow("killed", "--bootstrap", authority.multiaddr);
    // Gossip and the API may have come in another order than the sequences: only those without a gap can commit.
    const sequences = new Set(acknowledged.map(({ transaction }) => transaction.sequence));
    for (const { idHex } of acknowledged) assert.notEqual(await node.transactionStatus(idHex), undefined);
    const gapless = acknowledged.filter(({ transaction }) =>
      Array.from({ length: transaction.sequence - begin }, (_, index) => begin + index).every((sequence) =>
        sequences.has(sequence),
      ),
    );
    assert.ok(gapless.length >= inTurn);
    for (const { idHex } of gapless) await authority.untilCommitted(idHex);
    await node.stop();
  });

  it("of batches, killed in the middle, every result that was acknowledged is kept, and commits", async () => {
    let node = await follow("killed-batches");
    const begin = (await node.api.account(addressOf(erin.publicKey))).pendingSequence;
    const all = await Promise.all(
      Array.from({ length: 200 }, (_, index) => sign(node, erin, record, { sequence: begin + index })),
    );
    const acknowledged: string[] = [];
    const post = async (some: readonly DecodedTransaction[]) => {
      const response = await fetch(`${node.started.apiUrl}/v1/transactions`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ transactions: some.map(({ bytes }) => toHex(bytes)) }),
      });
      assert.equal(response.status, 202);
      const { results, refused } = (await response.json()) as SubmittedBatch;
      assert.equal(refused, 0);
      acknowledged.push(...results.map(({ id }) => id ?? ""));
    };
    for (let at = 0; at < 100; at += 50) await post(all.slice(at, at + 50));
    // The rest is under way when the process is killed.
    const cut = [post(all.slice(100, 150)), post(all.slice(150))].map((sent) => sent.catch(() => undefined));
    const killed = node.stop("SIGKILL");
    await Promise.all([...cut, killed]);
    assert.ok(acknowledged.length >= 100);
    node = await follow("killed-batches", "--bootstrap", authority.multiaddr);
    for (const id of acknowledged) {
      assert.match((await node.transactionStatus(id)) ?? "unknown", /^(pending|committed)$/);
    }
    for (const id of acknowledged.slice(0, 100)) await authority.untilCommitted(id);
    await node.stop();
  });
});
