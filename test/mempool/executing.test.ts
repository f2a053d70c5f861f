/** What only execution sees: refused at the door, dropped by a new head for the same reason on every node, and never in the way. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { silentLogger } from "../../src/base/logger.ts";
import { createMempool, type Mempool } from "../../src/mempool/mempool.ts";
import { uint64Max } from "../../src/protocol/codec.ts";
import type { DecodedTransaction } from "../../src/protocol/transaction.ts";
import { createInlineVerifier } from "../../src/verifier/verifier.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";
import { accounts, signed, startBalance, TestLedger } from "./test-ledger.ts";

const [alice, bob] = accounts as [string, string];
const name = "one@example.com";
const everything = { transactionsMax: 1000, bytesMax: 1_000_000 };

function setUp(balance?: bigint) {
  const ledger = new TestLedger(balance);
  const mempool = createMempool(
    {},
    {
      clock: createSimulatedClock(0),
      verifier: createInlineVerifier(),
      ledger: ledger.head,
      logger: silentLogger,
    },
  );
  return { ledger, mempool };
}

async function addOne(mempool: Mempool, transaction: DecodedTransaction): Promise<string> {
  const outcome = await mempool.add(transaction);
  return outcome.ok ? outcome.value : outcome.fault.code;
}

function reasonOf(mempool: Mempool, { idHex }: DecodedTransaction): string | undefined {
  const status = mempool.status(idHex);
  return status?.status === "dropped" ? status.reason.code : status?.status;
}

describe("at the door", () => {
  test("a name that is taken, a second name, an unknown asset and an asset that one lacks are refused", async () => {
    const { ledger, mempool } = setUp();
    const issue = signed({ from: 0, sequence: 1, supply: 10n });
    mempool.headChanged(ledger.move(0, [[signed({ from: 0, sequence: 0, name }), issue]]));
    const asset = issue.idHex;
    const refused: [string, DecodedTransaction][] = [
      ["transaction/name-taken", signed({ from: 1, sequence: 0, name })],
      ["transaction/sender-has-name", signed({ from: 0, sequence: 2, name: "two@example.com" })],
      ["transaction/asset-unknown", signed({ from: 0, sequence: 2, asset: "ab".repeat(32), amount: 1n })],
      ["transaction/balance-too-low", signed({ from: 0, sequence: 2, asset, amount: 11n })],
      ["transaction/balance-too-low", signed({ from: 1, sequence: 0, asset, amount: 1n })],
    ];
    for (const [code, transaction] of refused) assert.equal(await addOne(mempool, transaction), code);
    assert.equal(mempool.count, 0);
  });

  test("what an account has waiting counts: its name, its asset, what it has sent of it", async () => {
    const { mempool, ledger } = setUp();
    const issue = signed({ from: 0, sequence: 0, supply: 10n });
    const asset = issue.idHex;
    assert.equal(await addOne(mempool, issue), "added");
    assert.equal(await addOne(mempool, signed({ from: 0, sequence: 1, asset, amount: 7n })), "added");
    const tooMuch = signed({ from: 0, sequence: 2, asset, amount: 4n });
    assert.equal(await addOne(mempool, tooMuch), "transaction/balance-too-low");
    assert.equal(await addOne(mempool, signed({ from: 0, sequence: 2, asset, amount: 3n })), "added");
    assert.equal(await addOne(mempool, signed({ from: 0, sequence: 3, name })), "added");
    const second = signed({ from: 0, sequence: 4, name: "two@example.com" });
    assert.equal(await addOne(mempool, second), "transaction/sender-has-name");
    ledger.assertExecutable(mempool.select(everything));
  });

  test("more than an account can hold is refused", async () => {
    const { mempool } = setUp(uint64Max / 2n + 1n);
    const most = uint64Max / 2n;
    assert.equal(
      await addOne(mempool, signed({ from: 0, sequence: 0, amount: most + 1n })),
      "transaction/amount-overflow",
    );
    assert.equal(await addOne(mempool, signed({ from: 0, sequence: 0, amount: most })), "added");
  });

  test("what is refused for the state of the ledger enters with the same bytes once it can be executed", async () => {
    const { ledger, mempool } = setUp();
    const issue = signed({ from: 0, sequence: 0, supply: 10n });
    const asset = issue.idHex;
    const transfer = signed({ from: 1, sequence: 0, asset, amount: 3n });
    assert.equal(await addOne(mempool, transfer), "transaction/asset-unknown");
    mempool.headChanged(ledger.move(0, [[issue, signed({ from: 0, sequence: 1, asset, amount: 5n })]]));
    assert.equal(await addOne(mempool, transfer), "added");
    mempool.drop(transfer.idHex, { code: "mempool/expired", expiryMs: 1 });
    assert.equal(await addOne(mempool, transfer), "added");
    assert.deepEqual(mempool.status(transfer.idHex), { status: "pending", ready: true });
  });
});

describe("a run", () => {
  test("what fills a gap is executed with all behind it; the first that cannot be goes, the others wait for its sequence", async () => {
    const { mempool } = setUp();
    const [first, wrong, last] = [
      signed({ from: 0, sequence: 0 }),
      signed({ from: 0, sequence: 1, asset: "ab".repeat(32), amount: 1n }),
      signed({ from: 0, sequence: 2 }),
    ] as [DecodedTransaction, DecodedTransaction, DecodedTransaction];
    for (const one of [last, wrong]) assert.equal(await addOne(mempool, one), "added");
    assert.equal(await addOne(mempool, first), "added");
    assert.equal(reasonOf(mempool, wrong), "transaction/asset-unknown");
    assert.deepEqual(mempool.status(last.idHex), {
      status: "pending",
      ready: false,
      missing: 1,
      gone: { idHex: wrong.idHex, reason: { code: "transaction/asset-unknown", asset: "ab".repeat(32) } },
    });
    assert.equal(mempool.pendingSequence(alice), 1);
    assert.equal(await addOne(mempool, signed({ from: 0, sequence: 1 })), "added");
    assert.deepEqual(mempool.status(last.idHex), { status: "pending", ready: true });
  });

  test("what depended on a replaced one goes", async () => {
    const { mempool } = setUp();
    const issue = signed({ from: 0, sequence: 0, supply: 10n });
    const transfer = signed({ from: 0, sequence: 1, asset: issue.idHex, amount: 1n });
    const after = signed({ from: 0, sequence: 2 });
    for (const one of [issue, transfer, after]) assert.equal(await addOne(mempool, one), "added");
    assert.equal(await addOne(mempool, signed({ from: 0, sequence: 0, fee: 1n })), "replaced");
    assert.equal(reasonOf(mempool, transfer), "transaction/asset-unknown");
    assert.equal(reasonOf(mempool, after), "pending");
    assert.equal(mempool.pendingSequence(alice), 1);
  });

  test("a replacement that cannot be executed leaves what is there", async () => {
    const { mempool } = setUp();
    const first = signed({ from: 0, sequence: 0 });
    for (const one of [first, signed({ from: 0, sequence: 1 })]) await addOne(mempool, one);
    const wrong = signed({ from: 0, sequence: 0, fee: 9n, asset: "ab".repeat(32), amount: 1n });
    assert.equal(await addOne(mempool, wrong), "transaction/asset-unknown");
    assert.equal(reasonOf(mempool, first), "pending");
    assert.equal(mempool.pendingSequence(alice), 2);
  });

  test("an expired predecessor makes the others wait, and another takes its place", async () => {
    const { mempool, ledger } = setUp();
    const expiring = signed({ from: 0, sequence: 0, validUntil: 1 });
    const next = signed({ from: 0, sequence: 1 });
    for (const one of [expiring, next]) await addOne(mempool, one);
    mempool.headChanged(ledger.move(0, [[]]));
    assert.equal(reasonOf(mempool, expiring), "transaction/expired");
    assert.deepEqual(mempool.select(everything), []);
    assert.equal(await addOne(mempool, signed({ from: 0, sequence: 0, fee: 1n })), "added");
    assert.equal(mempool.pendingSequence(alice), 2);
  });

  test("asked to replace none, it says what waits with the sequence", async () => {
    const { mempool } = setUp();
    const first = signed({ from: 0, sequence: 0 });
    const sibling = signed({ from: 0, sequence: 0, fee: 100n });
    const outcomes = await Promise.all([first, sibling].map((one) => mempool.add(one, { replace: false })));
    assert.deepEqual(
      outcomes.map((outcome) => (outcome.ok ? outcome.value : outcome.fault)),
      ["added", { code: "mempool/sequence-taken", sequence: 0, by: first.idHex }],
    );
    assert.deepEqual(await mempool.add(first, { replace: false }), {
      ok: false,
      fault: { code: "mempool/known", id: first.idHex },
    });
    assert.equal(await addOne(mempool, sibling), "replaced");
  });
});

describe("a new head", () => {
  test("of two that want one name both may wait; the loser goes when the winner is committed, what follows it waits", async () => {
    const { ledger, mempool } = setUp();
    const [winner, loser] = [signed({ from: 0, sequence: 0, name }), signed({ from: 1, sequence: 0, name })];
    const behind = signed({ from: 1, sequence: 1 });
    for (const one of [winner, loser, behind]) assert.equal(await addOne(mempool, one), "added");
    const execution = ledger.begin();
    const block = mempool.select(everything, (one) => execution.apply(one) === undefined);
    assert.deepEqual(block, [winner]);
    assert.equal(reasonOf(mempool, loser), "pending", "what is not in the chain decides nothing");
    mempool.headChanged(ledger.move(0, [block]));
    assert.equal(reasonOf(mempool, loser), "transaction/name-taken");
    assert.deepEqual(mempool.status(behind.idHex), {
      status: "pending",
      ready: false,
      missing: 0,
      gone: { idHex: loser.idHex, reason: { code: "transaction/name-taken", name } },
    });
    assert.equal(mempool.pendingSequence(bob), 0);
    assert.equal(await addOne(mempool, signed({ from: 1, sequence: 0 })), "added");
    assert.deepEqual(mempool.status(behind.idHex), { status: "pending", ready: true });
  });

  test("takes back what a lost branch had issued, and brings it back", async () => {
    const { ledger, mempool } = setUp();
    const issue = signed({ from: 0, sequence: 0, supply: 10n });
    const gift = signed({ from: 0, sequence: 1, asset: issue.idHex, amount: 5n });
    const spending = signed({ from: 1, sequence: 0, asset: issue.idHex, amount: 5n });
    mempool.headChanged(ledger.move(0, [[issue, gift]]));
    assert.equal(await addOne(mempool, spending), "added");
    mempool.headChanged(ledger.move(1, []));
    assert.equal(reasonOf(mempool, spending), "transaction/asset-unknown");
    assert.deepEqual(
      mempool.select(everything).map(({ idHex }) => idHex),
      [issue.idHex, gift.idHex],
    );
    mempool.headChanged(ledger.move(0, [[issue, gift]]));
    assert.equal(await addOne(mempool, spending), "added");
  });

  test("a balance that a reorganization takes and gives back drops and lets in", async () => {
    const { ledger, mempool } = setUp();
    const gift = signed({ from: 0, sequence: 0, amount: 10n });
    const rival = signed({ from: 0, sequence: 0, fee: 1n });
    const spending = signed({ from: 1, sequence: 0, amount: startBalance + 10n });
    mempool.headChanged(ledger.move(0, [[gift]]));
    assert.equal(await addOne(mempool, spending), "added");
    mempool.headChanged(ledger.move(1, [[rival], []]));
    assert.equal(reasonOf(mempool, spending), "transaction/balance-too-low");
    mempool.headChanged(ledger.move(2, [[gift], [], []]));
    assert.equal(await addOne(mempool, spending), "added");
  });

  test("a receiver that another fills up makes the payment to it impossible", async () => {
    const third = uint64Max / 3n;
    const { ledger, mempool } = setUp(third);
    const payment = signed({ from: 0, sequence: 0, amount: 1n });
    assert.equal(await addOne(mempool, payment), "added");
    const filling = [2, 3].map((from) => signed({ from, to: 1, sequence: 0, amount: third }));
    mempool.headChanged(ledger.move(0, [filling]));
    assert.equal(reasonOf(mempool, payment), "transaction/amount-overflow");
  });

  test("votes are asked about at every head, of whichever account", async () => {
    const { ledger, mempool } = setUp();
    const vote = signed({ from: 0, sequence: 0, vote: 1 });
    assert.equal(await addOne(mempool, vote), "added");
    ledger.voteFault = ({ payload }) =>
      payload.kind === "authorityVote" ? { code: "transaction/vote-useless", reason: "passed" } : undefined;
    mempool.headChanged(ledger.move(0, [[signed({ from: 3, sequence: 0 })]]));
    assert.equal(reasonOf(mempool, vote), "transaction/vote-useless");
    assert.equal(await addOne(mempool, vote), "transaction/vote-useless");
  });

  test("of an account that only its own blocks move nothing is executed again", async () => {
    const { ledger, mempool } = setUp();
    const queue = Array.from({ length: 200 }, (_, sequence) => signed({ from: 0, sequence, amount: 1n }));
    await mempool.addMany(queue);
    let asked = 0;
    ledger.voteFault = () => {
      asked += 1;
      return undefined;
    };
    // Every execution asks about votes once, and so does the look at what a block may have outdated.
    mempool.headChanged(ledger.move(0, [queue.slice(0, 50)]));
    assert.equal(mempool.pendingSequence(alice), 200);
    assert.equal(mempool.count, 150);
    assert.equal(asked, 0);
    ledger.assertExecutable(mempool.select(everything));
    // The 201st costs one execution: at the door, after the signature and in the run.
    assert.equal(await addOne(mempool, signed({ from: 0, sequence: 200 })), "added");
    assert.ok(asked <= 6, `${asked} look-ups for one transaction`);
  });
});
