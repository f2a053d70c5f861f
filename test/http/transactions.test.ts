/** Transactions over the API: batches, checks, what waits, and what is said of a transaction all its life. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { getMempool, type MempoolPage, type MempoolStats } from "../../src/api/mempool.ts";
import type { Problem } from "../../src/api/problem.ts";
import type { TransactionAnswer } from "../../src/api/transaction-shapes.ts";
import {
  batchTransactionsMax,
  type Checked,
  type Submitted,
  type SubmittedBatch,
} from "../../src/api/transactions.ts";
import { fromUtf8, toHex } from "../../src/base/bytes.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import {
  type DecodedTransaction,
  type Payload,
  signTransaction,
  transactionBytesMax,
} from "../../src/protocol/transaction.ts";
import { BlockBuilder, type BuiltBlock, alice as builderAlice, testSpec } from "../chain/block-builder.ts";
import { AuthorityChain } from "../consensus/authority-chain.ts";
import { type ApiRig, alice, authority, bob, openApiRig } from "./api-rig.ts";
import { openChainApi } from "./open-chain-api.ts";

const record = (text: string): Payload => ({ kind: "record", data: fromUtf8(text) });
const pay = (to: Uint8Array, amount: bigint): Payload => ({
  ...{ kind: "transfer", to, assetId: new Uint8Array(32), amount, memo: new Uint8Array(0) },
});

interface Reply<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

async function ask<Body>(rig: ApiRig, path: string, init: RequestInit = {}): Promise<Reply<Body>> {
  const response = await fetch(`${rig.url}${path}`, init);
  return { status: response.status, headers: response.headers, body: (await response.json()) as Body };
}

function post<Body>(rig: ApiRig, body: unknown, path = "/v1/transactions"): Promise<Reply<Body>> {
  const headers = { "content-type": "application/json" };
  return ask(rig, path, { method: "POST", headers, body: JSON.stringify(body) });
}

const batch = (rig: ApiRig, transactions: readonly DecodedTransaction[], more: object = {}) =>
  post<SubmittedBatch>(rig, { transactions: transactions.map(({ bytes }) => toHex(bytes)), ...more });

const transactionOf = (rig: ApiRig, { idHex }: DecodedTransaction) =>
  ask<TransactionAnswer>(rig, `/v1/transactions/${idHex}`);

describe("a batch", () => {
  let rig: ApiRig;
  before(async () => {
    rig = await openApiRig();
  });
  after(() => rig.close());

  it("says of each what became of it, in order, and lets several of one sender follow each other", async () => {
    const done = rig.sign(record("done"), bob);
    assert.equal((await batch(rig, [done])).status, 202);
    await rig.sealWaiting();
    const chained = [0, 1, 2].map((sequence) => rig.sign(record("chained"), alice, { sequence }));
    const poor = rig.sign(pay(alice.publicKey, 1n), bob, { sequence: 1 });
    const { status, body } = await post<SubmittedBatch>(rig, {
      transactions: [
        ...chained.map(({ bytes }) => toHex(bytes)),
        toHex(poor.bytes),
        toHex(done.bytes),
        "00ff",
        toHex(chained[1]?.bytes ?? done.bytes).toUpperCase(),
      ],
    });
    assert.equal(status, 202);
    assert.deepEqual(
      body.results.map(({ id, result, refusal }) => [id, result, refusal?.code, refusal?.status]),
      [
        ...chained.map(({ idHex }) => [idHex, "accepted", undefined, undefined]),
        [poor.idHex, "refused", "transaction/balance-too-low", 422],
        [done.idHex, "committed", undefined, undefined],
        [null, "refused", "codec/malformed", 400],
        [chained[1]?.idHex, "known", undefined, undefined],
      ],
    );
    const { accepted, known, committed, refused, head } = body;
    assert.deepEqual([accepted, known, committed, refused], [3, 1, 1, 2]);
    assert.deepEqual(head, { height: rig.chain.head.header.height, hash: rig.chain.head.hashHex });
    assert.ok(body.results[3]?.refusal?.detail && body.results[3].refusal.next);
    assert.deepEqual(body.results[3].refusal.details, { asset: "AUR", balance: "0", needed: "1" });
    assert.equal(
      body.results[5]?.refusal?.detail,
      "the transaction does not decode: the bytes end too early",
    );
    const again = await batch(rig, chained);
    assert.deepEqual([again.status, again.body.known], [200, 3]);
    await rig.sealWaiting();
    const last = await batch(rig, chained);
    assert.deepEqual([last.status, last.body.committed], [200, 3]);
    const hopeless = await batch(rig, [poor]);
    assert.deepEqual([hopeless.status, hopeless.body.refused], [200, 1]);
  });

  it("holds 512 and no more, and no account's more than its place in the mempool", async () => {
    const from = (key: typeof alice, first: number, count: number) =>
      Array.from({ length: count }, (_, index) => rig.sign(record("many"), key, { sequence: first + index }));
    const many = [...from(alice, 3, 256), ...from(bob, 1, 256)];
    assert.equal(many.length, batchTransactionsMax);
    const { status, body } = await batch(rig, many);
    assert.deepEqual([status, body.accepted], [202, 512]);
    const over = await batch(rig, from(bob, 257, 1));
    assert.equal(over.body.results[0]?.refusal?.code, "mempool/account-full");
    const one = many[0] as DecodedTransaction;
    for (const transactions of [[], Array.from({ length: 513 }, () => one)]) {
      const refused = await batch(rig, transactions);
      assert.equal(refused.status, 400);
      assert.match((refused.body as unknown as Problem).detail, /a list of 1 to 512 signed transactions/);
    }
    const both = await post<Problem>(rig, { bytes: toHex(one.bytes), transactions: [toHex(one.bytes)] });
    assert.deepEqual([both.status, both.body.code], [400, "api/request-invalid"]);
    const odd = await post<Problem>(rig, { transactions: [toHex(one.bytes), "abc"] });
    assert.equal(odd.status, 400);
    assert.match(odd.body.detail, /body transactions\.1 must be a signed transaction/);
    // The most that a batch may have in bytes is taken, too: what is in it is judged, not its size.
    const largest = "00".repeat(transactionBytesMax);
    const judged = await post<SubmittedBatch>(rig, {
      transactions: Array.from({ length: 512 }, () => largest),
    });
    assert.deepEqual([judged.status, judged.body.refused], [200, 512]);
    await rig.sealWaiting();
  });

  it("replaces none if it is told so", async () => {
    const sequence = rig.mempool.pendingSequence(toHex(alice.publicKey));
    const waiting = rig.sign(record("waiting"), alice, { sequence });
    await batch(rig, [waiting]);
    const dearer = rig.sign(record("dearer"), alice, { sequence, fee: 10n });
    const kept = await batch(rig, [dearer], { replace: false });
    assert.equal(kept.body.results[0]?.refusal?.code, "mempool/sequence-taken");
    assert.equal((await batch(rig, [dearer])).body.accepted, 1);
    const { body } = await transactionOf(rig, waiting);
    assert.ok(body.status === "dropped" && body.replacedBy === dearer.idHex);
  });

  it("of one transaction takes the bytes as they are", async () => {
    const sequence = rig.mempool.pendingSequence(toHex(bob.publicKey));
    const { bytes, idHex } = rig.sign(record("octets"), bob, { sequence });
    const headers = { "content-type": "application/octet-stream" };
    const send = <Body>(body: Uint8Array, path = "/v1/transactions") =>
      ask<Body>(rig, path, { method: "POST", headers, body: Buffer.from(body) });
    const checked = await send<Checked>(bytes, "/v1/transactions/check");
    assert.deepEqual([checked.status, checked.body.id, checked.body.result], [200, idHex, "accepted"]);
    const { status, body } = await send<Submitted>(bytes);
    assert.deepEqual([status, body.id, body.status], [202, idHex, "pending"]);
    const cut = await send<Problem>(bytes.subarray(1));
    assert.deepEqual([cut.status, cut.body.code], [400, "codec/malformed"]);
  });
});

describe("what comes into a block while it is judged", () => {
  it("is committed, and not refused for a sequence that it has used itself", async (t) => {
    let isJudged = async () => {};
    const rig = await openApiRig({ beforeSubmit: () => isJudged() });
    t.after(() => rig.close());
    const sealedMeanwhile = (transaction: DecodedTransaction) => {
      isJudged = async () => {
        // As when an answer was lost and the same bytes are sent again, or when peers have them as well.
        assert.ok((await rig.mempool.add(transaction)).ok);
        await rig.sealWaiting();
      };
    };
    const alone = rig.sign(record("alone"), alice);
    sealedMeanwhile(alone);
    const { status, body } = await post<Submitted>(rig, { bytes: toHex(alone.bytes) });
    assert.deepEqual([status, body.status], [200, "committed"]);
    const [first, second] = [1, 2].map((sequence) => rig.sign(record("of two"), alice, { sequence }));
    assert.ok(first && second);
    sealedMeanwhile(first);
    const both = await batch(rig, [first, second]);
    assert.deepEqual(
      both.body.results.map(({ result }) => result),
      ["committed", "accepted"],
    );
    // Another one with a sequence that is used is refused as ever.
    isJudged = async () => {};
    const late = await batch(rig, [rig.sign(record("late"), alice, { sequence: 1 })]);
    assert.equal(late.body.results[0]?.refusal?.code, "transaction/sequence-used");
  });

  it("is committed for a check, too", async (t) => {
    const rig = await openApiRig();
    t.after(() => rig.close());
    const checked = rig.sign(record("checked"), alice);
    const { check } = rig.mempool;
    rig.mempool.check = async (...asked) => {
      assert.ok((await rig.mempool.add(checked)).ok);
      await rig.sealWaiting();
      return check.apply(rig.mempool, asked);
    };
    const { body } = await post<Checked>(rig, { bytes: toHex(checked.bytes) }, "/v1/transactions/check");
    assert.deepEqual([body.result, body.refusal], ["committed", null]);
  });
});

describe("a check", () => {
  it("says what submitting would answer, and changes nothing", async (t) => {
    const rig = await openApiRig({ minimumFee: "0.001" });
    t.after(() => rig.close());
    const check = (transaction: DecodedTransaction, more: object = {}) =>
      post<Checked>(rig, { bytes: toHex(transaction.bytes), ...more }, "/v1/transactions/check");
    const first = rig.sign(record("first"), alice);
    const good = await check(first);
    assert.equal(good.status, 200);
    assert.deepEqual(
      [good.body.result, good.body.ready, good.body.nextSequence, good.body.replaces],
      ["accepted", true, 0, null],
    );
    assert.equal(good.body.transaction?.sender, addressOf(alice.publicKey));
    assert.equal(rig.mempool.count, 0);
    assert.equal((await transactionOf(rig, first)).status, 404);
    await rig.client.submit(first.bytes);
    assert.equal((await check(first)).body.result, "known");
    const held = await check(rig.sign(record("held"), alice, { sequence: 5 }));
    assert.deepEqual([held.body.result, held.body.ready, held.body.nextSequence], ["accepted", false, 1]);
    const dear = rig.sign(record("dear"), alice, { fee: 200_000n });
    assert.equal((await check(dear)).body.replaces, first.idHex);
    assert.equal((await check(dear, { replace: false })).body.refusal?.code, "mempool/sequence-taken");
    const cheap = await check(rig.sign(record("cheap"), bob, { fee: 1n }));
    assert.deepEqual(
      [cheap.body.refusal?.code, cheap.body.refusal?.status],
      ["transaction/fee-too-low", 422],
    );
    const other = signTransaction(
      { payload: record("x"), sequence: 1, fee: 100_000n, validUntil: 0, timestampMs: 0 },
      alice,
      new Uint8Array(32).fill(7),
    );
    assert.equal((await check(other)).body.refusal?.code, "transaction/signature-invalid");
    const junk = await post<Checked>(rig, { bytes: "00" }, "/v1/transactions/check");
    assert.deepEqual([junk.body.id, junk.body.refusal?.code], [null, "codec/malformed"]);
    assert.equal((await post<Problem>(rig, {}, "/v1/transactions/check")).status, 400);
    assert.equal(rig.mempool.count, 1);
    await rig.sealWaiting();
    assert.equal((await check(first)).body.result, "committed");
  });
});

describe("a transaction's life", () => {
  let rig: ApiRig;
  before(async () => {
    rig = await openApiRig();
  });
  after(() => rig.close());

  const raw = async ({ idHex }: DecodedTransaction) => {
    const response = await fetch(`${rig.url}/v1/transactions/${idHex}/raw`);
    return { response, bytes: new Uint8Array(await response.arrayBuffer()) };
  };

  it("is pending with its place, then committed with its time and confirmations", async () => {
    const dear = rig.sign(record("dear"), alice, { fee: 1_000n });
    const cheap = rig.sign(record("cheap"), bob);
    const beforeMs = Date.now();
    await batch(rig, [cheap, dear]);
    const { body: waiting, headers } = await transactionOf(rig, cheap);
    assert.ok(waiting.status === "pending");
    assert.deepEqual(waiting.queue, { transactionsAhead: 1, bytesAhead: dear.bytes.length, blocksAhead: 0 });
    assert.ok((waiting.firstSeenMs ?? 0) >= beforeMs && (waiting.firstSeenMs ?? 0) <= Date.now());
    assert.equal(waiting.firstSeen, new Date(waiting.firstSeenMs ?? 0).toISOString());
    assert.deepEqual([waiting.confirmations, waiting.final, waiting.bytes], [0, false, cheap.bytes.length]);
    assert.equal(headers.get("cache-control"), "no-store");
    assert.deepEqual((await raw(cheap)).bytes, cheap.bytes);
    await rig.sealWaiting();
    const { body: committed } = await transactionOf(rig, cheap);
    assert.ok(committed.status === "committed");
    assert.equal(committed.confirmations, 1);
    assert.equal(committed.block.time, new Date(committed.block.timestampMs).toISOString());
    assert.deepEqual(committed.head, { height: 1, hash: rig.chain.head.hashHex });
    const after = await raw(cheap);
    assert.deepEqual(after.bytes, cheap.bytes);
    assert.equal(after.response.headers.get("content-type"), "application/octet-stream");
    await batch(rig, [rig.sign(record("next"), bob, { sequence: 1 })]);
    await rig.sealWaiting();
    const later = await transactionOf(rig, cheap);
    assert.ok(later.body.confirmations === 2);
  });

  it("a dropped one has a reason and no bytes; one that nobody sent is 404", async () => {
    const lost = rig.sign(record("lost"), bob, { sequence: 2 });
    await batch(rig, [lost]);
    rig.mempool.drop(lost.idHex, { code: "mempool/expired", expiryMs: 60_000 });
    const { body } = await transactionOf(rig, lost);
    assert.ok(body.status === "dropped" && body.replacedBy === null);
    assert.equal(body.reason.code, "mempool/expired");
    const gone = await raw(lost);
    assert.equal(gone.response.status, 404);
    assert.equal((await ask(rig, `/v1/transactions/${"ab".repeat(32)}`)).status, 404);
  });

  it("is never lost between mempool and chain: whoever has a 202 finds it at any moment", async () => {
    const first = rig.mempool.pendingSequence(toHex(alice.publicKey));
    for (let round = 0; round < 5; round += 1) {
      const sent = rig.sign(record(`round ${round}`), alice, { sequence: first + round });
      assert.equal((await batch(rig, [sent])).status, 202);
      const seen: string[] = [];
      let sealed = false;
      const sealing = rig.sealWaiting().then(() => {
        sealed = true;
      });
      while (!sealed || seen.at(-1) !== "committed") {
        const { status, body } = await transactionOf(rig, sent);
        assert.equal(status, 200);
        if (body.status === "committed") {
          assert.ok(body.confirmations >= 1);
          assert.equal(body.confirmations, body.head.height - body.block.height + 1);
        }
        if (seen.at(-1) !== body.status) seen.push(body.status);
      }
      await sealing;
      assert.deepEqual(seen.slice(-1), ["committed"]);
      assert.ok(seen.every((status) => status === "pending" || status === "committed"));
    }
  });

  it("whatever its sender wrote as its time is shown", async () => {
    const sequence = rig.mempool.pendingSequence(toHex(alice.publicKey));
    const terms = { payload: record("far"), sequence, fee: 0n, validUntil: 0 };
    const far = signTransaction({ ...terms, timestampMs: 2 ** 53 - 1 }, alice, rig.chain.spec.chainId);
    assert.equal((await batch(rig, [far])).status, 202);
    const { status, body } = await transactionOf(rig, far);
    assert.equal(status, 200);
    assert.ok(body.status === "pending" && body.time === null && body.timestampMs === 2 ** 53 - 1);
  });
});

describe("a reorganization", () => {
  it("takes a transaction back into the mempool, or into another block, and never leaves it unknown", async () => {
    const spec = testSpec("pow", { allocations: { [addressOf(builderAlice.publicKey)]: "10" } });
    await using opened = await openChainApi(spec);
    const builder = new BlockBuilder(spec);
    const sent = builder.sign(builderAlice, 0);
    const seen = () => opened.get<TransactionAnswer>(`/v1/transactions/${sent.idHex}`);
    const first = builder.on(builder.genesis, { transactions: [sent] });
    await opened.give(first);
    const committed = await seen();
    assert.ok(committed.status === "committed" && committed.block.hash === first.block.hashHex);
    assert.deepEqual([committed.confirmations, committed.final], [1, false]);
    const [other, heavier] = builder.branch(builder.genesis, 2, { laterMs: 1 });
    assert.ok(other && heavier);
    await opened.give(other);
    await opened.give(heavier);
    const back = await seen();
    assert.ok(back.status === "pending" && back.ready);
    assert.deepEqual(back.head, { height: 2, hash: heavier.block.hashHex });
    assert.equal(back.confirmations, 0);
    const again = builder.on(heavier, { transactions: [sent] });
    await opened.give(again);
    await opened.give(builder.on(again, {}));
    const later = await seen();
    assert.ok(later.status === "committed" && later.block.height === 3 && later.position === 0);
    assert.equal(later.confirmations, 2);
  });
});

describe("a final transaction", () => {
  it("and its bytes may be kept for a year; one that is not final may not", async () => {
    const three = new AuthorityChain(3);
    await using opened = await openChainApi(three.builder.spec);
    const sent = three.builder.sign(three.keys[0] as KeyPair, 0);
    const late = three.builder.sign(three.keys[0] as KeyPair, 1);
    const first = three.child(three.genesis, { transactions: [sent] });
    const line = [first, ...three.growCertified(first, 3)];
    const last = three.child(line.at(-1) as BuiltBlock, { transactions: [late] });
    for (const block of [...line, last]) assert.equal(await opened.give(block), "head");
    const of = ({ idHex }: DecodedTransaction, end = "") => `${opened.url}/v1/transactions/${idHex}${end}`;
    const kept = await fetch(of(sent));
    assert.equal(((await kept.json()) as TransactionAnswer).final, true);
    assert.match(kept.headers.get("cache-control") ?? "", /immutable/);
    for (const end of ["", "/raw"]) {
      const etag = (await fetch(of(sent, end))).headers.get("etag") ?? "";
      assert.match(etag, new RegExp(sent.idHex));
      const again = await fetch(of(sent, end), { headers: { "if-none-match": etag } });
      assert.equal(again.status, 304);
      const open = await fetch(of(late, end));
      assert.deepEqual([open.status, open.headers.get("etag")], [200, null]);
      assert.equal(open.headers.get("cache-control"), "no-store");
    }
  });
});

describe("the mempool", () => {
  let rig: ApiRig;
  let sent: DecodedTransaction[];
  before(async () => {
    rig = await openApiRig({ minimumFee: "0.001" });
    sent = Array.from({ length: 130 }, (_, sequence) =>
      rig.sign(record("waits"), alice, { sequence, fee: sequence === 0 ? 1_000_000n : 100_000n }),
    );
    await batch(rig, sent);
    await batch(rig, [rig.sign(record("held"), authority, { sequence: 3, fee: 0n })]);
  });
  after(() => rig.close());

  const page = (query: string) => ask<MempoolPage>(rig, `${getMempool.path}${query}`);

  async function walk(query: string): Promise<string[]> {
    const ids: string[] = [];
    let next: string | null = null;
    do {
      const { status, body } = await page(`${query}${next === null ? "" : `&cursor=${next}`}`);
      assert.equal(status, 200);
      assert.ok(body.items.length <= 100);
      ids.push(...body.items.map(({ id }) => id));
      next = body.next;
    } while (next !== null);
    return ids;
  }

  it("is listed by arrival both ways, and for an account by sequence", async () => {
    const ids = sent.map(({ idHex }) => idHex);
    assert.deepEqual(await walk("?limit=50&order=oldest"), ids);
    assert.deepEqual(await walk("?limit=100"), ids.toReversed());
    assert.deepEqual(await walk(`?limit=7&account=${addressOf(alice.publicKey)}`), ids);
    assert.deepEqual(await walk(`?limit=7&account=${toHex(bob.publicKey)}`), []);
    const { body } = await page("?limit=1&order=oldest");
    assert.ok(body.items[0]?.ready && body.items[0].queue?.transactionsAhead === 0);
  });

  it("refuses cursors of another list, and says what a wrong parameter should have been", async () => {
    const { body } = await page("?limit=1&order=oldest");
    const mixed = await ask<Problem>(rig, `/v1/mempool?cursor=${body.next}`);
    assert.deepEqual([mixed.status, mixed.body.code], [400, "api/cursor-invalid"]);
    const ofAlice = await page(`?limit=1&account=${addressOf(alice.publicKey)}`);
    const ofBob = await ask<Problem>(
      rig,
      `/v1/mempool?account=${addressOf(bob.publicKey)}&cursor=${ofAlice.body.next}`,
    );
    assert.equal(ofBob.status, 400);
    const unknown = await ask<Problem>(rig, "/v1/mempool?limits=1");
    assert.match(unknown.body.detail, /limit/);
    assert.equal((await ask(rig, "/v1/mempool?account=nobody@example.com")).status, 404);
    assert.equal((await ask(rig, "/v1/mempool?account=")).status, 400);
    assert.equal((await ask(rig, "/v1/mempool?account=aurex1x")).status, 400);
  });

  it("is summed up: how much, since when, at which fees, and which fee to pay", async () => {
    const { body } = await ask<MempoolStats>(rig, "/v1/mempool/stats");
    assert.deepEqual([body.count, body.bytes], [rig.mempool.count, rig.mempool.bytes]);
    assert.equal(body.oldest?.id, sent[0]?.idHex);
    assert.equal(body.minimumFeeUnits, "100000");
    assert.equal(
      body.fees.reduce((sum, { count }) => sum + count, 0),
      body.count,
    );
    assert.deepEqual(
      body.fees.map(({ count }) => count),
      [1, 129],
    );
    // A block has room for all of it, so the least is enough.
    assert.deepEqual(
      body.suggestedFees.map(({ blocks, feeUnits }) => [blocks, feeUnits]),
      [
        [1, "100000"],
        [3, "100000"],
        [10, "100000"],
      ],
    );
  });

  it("gives up cursors when the node is started again", async () => {
    const { body } = await page("?limit=1");
    const other = await openApiRig();
    try {
      const gone = await ask<Problem>(other, `/v1/mempool?cursor=${body.next}`);
      assert.deepEqual([gone.status, gone.body.code], [410, "api/cursor-gone"]);
    } finally {
      await other.close();
    }
  });
});
