/** The mempool against a small real ledger: entering, giving way, leaving, and what happens while a signature is verified. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { silentLogger } from "../../src/base/logger.ts";
import { createMempool, type Mempool, type MempoolOptions } from "../../src/mempool/mempool.ts";
import { replacementFee } from "../../src/mempool/pending-set.ts";
import type { DecodedTransaction } from "../../src/protocol/transaction.ts";
import { decodeTransaction } from "../../src/protocol/transaction.ts";
import type { TransactionVerifier } from "../../src/protocol/transaction-verifier.ts";
import { createInlineVerifier } from "../../src/verifier/verifier.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";
import { accounts, chainId, signed, spoiled, startBalance, TestLedger } from "./test-ledger.ts";

const everything = { transactionsMax: 1000, bytesMax: 1_000_000 };
const [alice] = accounts as [string];

function setUp(options: MempoolOptions = {}, verifier: TransactionVerifier = createInlineVerifier()) {
  const ledger = new TestLedger();
  const clock = createSimulatedClock(0);
  const mempool = createMempool(options, { clock, verifier, ledger: ledger.head, logger: silentLogger });
  const events: string[] = [];
  mempool.events.on("added", ({ idHex }) => events.push(`added ${idHex}`));
  mempool.events.on("dropped", ({ idHex }, fault) => events.push(`dropped ${idHex} ${fault.code}`));
  return { ledger, clock, mempool, events };
}

/** Verifies only once it is let go. */
function heldVerifier() {
  const inline = createInlineVerifier();
  const gate = Promise.withResolvers<void>();
  let batches = 0;
  const verifier: TransactionVerifier = {
    verify: async (transactions) => {
      batches += 1;
      await gate.promise;
      return inline.verify(transactions);
    },
    close: () => inline.close(),
  };
  return { verifier, release: gate.resolve, batches: () => batches };
}

async function faultOf(mempool: Mempool, transaction: DecodedTransaction): Promise<string> {
  const outcome = await mempool.add(transaction);
  return outcome.ok ? outcome.value : outcome.fault.code;
}

async function addAll(mempool: Mempool, transactions: readonly DecodedTransaction[]): Promise<string[]> {
  const outcomes = await mempool.addMany(transactions);
  return outcomes.map((outcome) => (outcome.ok ? outcome.value : outcome.fault.code));
}

describe("entering", () => {
  test("a transaction that keeps the rules waits, is told of and can be found", async () => {
    const { mempool, events } = setUp();
    const transaction = signed({ from: 0, sequence: 0, fee: 5n });
    assert.equal(await faultOf(mempool, transaction), "added");
    assert.deepEqual(events, [`added ${transaction.idHex}`]);
    assert.deepEqual(mempool.status(transaction.idHex), { status: "pending", ready: true });
    assert.equal(mempool.get(transaction.idHex)?.idHex, transaction.idHex);
    assert.deepEqual(mempool.ids(), [transaction.idHex]);
    assert.equal(mempool.count, 1);
    assert.equal(mempool.bytes, transaction.bytes.length);
    assert.equal(await faultOf(mempool, transaction), "mempool/known");
  });

  test("each rule refuses with its own fault, and leaves nothing behind", async () => {
    const { ledger, mempool, events } = setUp({ sequenceGapMax: 4 });
    mempool.headChanged(ledger.move(0, [[signed({ from: 0, sequence: 0 })], []]));
    const refused: [string, DecodedTransaction][] = [
      ["transaction/sequence-used", signed({ from: 0, sequence: 0, fee: 9n })],
      ["mempool/sequence-too-far", signed({ from: 0, sequence: 6 })],
      ["transaction/amount-zero", signed({ from: 0, sequence: 1, amount: 0n })],
      ["transaction/data-empty", signed({ from: 0, sequence: 1, dataBytes: 0 })],
      ["transaction/expired", signed({ from: 0, sequence: 1, validUntil: 2 })],
      ["transaction/balance-too-low", signed({ from: 0, sequence: 1, amount: startBalance, fee: 1n })],
      ["transaction/signature-invalid", spoiled(signed({ from: 0, sequence: 1 }))],
    ];
    for (const [code, transaction] of refused) {
      assert.equal(await faultOf(mempool, transaction), code);
      assert.equal(mempool.status(transaction.idHex), undefined);
    }
    assert.equal(mempool.count, 0);
    assert.deepEqual(events, []);
    const edges = [signed({ from: 0, sequence: 5 }), signed({ from: 0, sequence: 1, validUntil: 3 })];
    assert.deepEqual(await addAll(mempool, edges), ["added", "added"]);
  });

  test("a fee below the chain's minimum is refused", async () => {
    const ledger = new TestLedger();
    const mempool = createMempool(
      {},
      {
        clock: createSimulatedClock(0),
        verifier: createInlineVerifier(),
        ledger: () => ({ ...ledger.head(), minimumFee: 10n }),
        logger: silentLogger,
      },
    );
    assert.equal(
      await faultOf(mempool, signed({ from: 0, sequence: 0, fee: 9n })),
      "transaction/fee-too-low",
    );
    assert.equal(await faultOf(mempool, signed({ from: 0, sequence: 0, fee: 10n })), "added");
  });

  test("an account's balance has to reach for all that it has pending", async () => {
    const { mempool } = setUp();
    const half = startBalance / 2n;
    assert.equal(await faultOf(mempool, signed({ from: 0, sequence: 0, amount: half })), "added");
    const second = await mempool.add(signed({ from: 0, sequence: 1, amount: half, fee: 1n }));
    assert.ok(!second.ok);
    assert.deepEqual(second.fault, {
      code: "transaction/balance-too-low",
      asset: "AUR",
      balance: startBalance,
      needed: startBalance + 1n,
    });
    assert.equal(await faultOf(mempool, signed({ from: 0, sequence: 1, amount: half })), "added");
  });

  test("one that has to come first is not kept out by those behind it: what it leaves no AUR for goes", async () => {
    const { mempool, events } = setUp();
    const third = startBalance / 3n;
    const [first, ...behind] = [0, 1, 2, 3].map((sequence) => signed({ from: 0, sequence, amount: third }));
    for (const transaction of behind) assert.equal(await faultOf(mempool, transaction), "added");
    events.length = 0;
    assert.ok(first);
    assert.equal(await faultOf(mempool, first), "added");
    const last = behind[2] as DecodedTransaction;
    assert.deepEqual(events, [`dropped ${last.idHex} transaction/balance-too-low`, `added ${first.idHex}`]);
    assert.equal(mempool.select({ transactionsMax: 10, bytesMax: 10_000 }).length, 3);
  });

  test("outcomes of a batch come in its order, through one call of the verifier", async () => {
    const { verifier, release, batches } = heldVerifier();
    const { mempool } = setUp({}, verifier);
    const first = signed({ from: 0, sequence: 0 });
    const outcomes = addAll(mempool, [
      first,
      signed({ from: 1, sequence: 0, amount: 0n }),
      spoiled(signed({ from: 2, sequence: 0 })),
      first,
      signed({ from: 2, sequence: 0 }),
    ]);
    release();
    assert.deepEqual(await outcomes, [
      "added",
      "transaction/amount-zero",
      "transaction/signature-invalid",
      "mempool/known",
      "added",
    ]);
    assert.equal(batches(), 1);
  });

  test("a transaction that came inside a large message does not keep the message", async () => {
    const { mempool } = setUp();
    const { bytes, idHex } = signed({ from: 0, sequence: 0 });
    const message = new Uint8Array(1_000_000);
    message.set(bytes, 500);
    const decoded = decodeTransaction(message.subarray(500, 500 + bytes.length), chainId);
    assert.ok(decoded.ok);
    await mempool.add(decoded.value);
    const kept = mempool.get(idHex);
    assert.deepEqual(kept?.bytes, bytes);
    assert.equal(kept?.bytes.buffer.byteLength, bytes.length);
  });
});

describe("sequence", () => {
  test("gaps are held: what follows one is not ready, and is not offered", async () => {
    const { mempool, ledger } = setUp();
    const [zero, one, two] = [0, 1, 2].map((sequence) => signed({ from: 0, sequence })) as [
      DecodedTransaction,
      DecodedTransaction,
      DecodedTransaction,
    ];
    await addAll(mempool, [two, zero]);
    assert.deepEqual(mempool.status(two.idHex), { status: "pending", ready: false, missing: 1 });
    assert.equal(mempool.pendingSequence(alice), 1);
    assert.deepEqual(mempool.select(everything), [zero]);
    await mempool.add(one);
    assert.deepEqual(mempool.status(two.idHex), { status: "pending", ready: true });
    assert.equal(mempool.pendingSequence(alice), 3);
    assert.deepEqual(mempool.select(everything), [zero, one, two]);
    ledger.assertExecutable(mempool.select(everything));
    assert.equal(mempool.pendingSequence("00".repeat(32)), 0);
  });
});

describe("replacement", () => {
  test("takes 110 % of the fee, rounded up, and at least one unit more", () => {
    for (const [fee, needed] of [
      [0n, 1n],
      [1n, 2n],
      [9n, 10n],
      [10n, 11n],
      [11n, 13n],
      [1000n, 1100n],
      [1001n, 1102n],
    ] as const) {
      assert.equal(replacementFee(fee), needed);
    }
  });

  test("the replaced one is dropped, a cheaper one is refused", async () => {
    const { mempool, events } = setUp();
    const old = signed({ from: 0, sequence: 0, fee: 100n });
    const cheap = signed({ from: 0, sequence: 0, fee: 109n });
    const dear = signed({ from: 0, sequence: 0, fee: 110n });
    await mempool.add(old);
    const refused = await mempool.add(cheap);
    assert.deepEqual(!refused.ok && refused.fault, {
      code: "mempool/replacement-fee-too-low",
      id: old.idHex,
      needed: 110n,
      actual: 109n,
    });
    assert.equal(await faultOf(mempool, dear), "replaced");
    assert.deepEqual(mempool.status(old.idHex), {
      status: "dropped",
      reason: { code: "mempool/replaced", by: dear.idHex },
    });
    assert.deepEqual(mempool.ids(), [dear.idHex]);
    assert.deepEqual(events.slice(1), [`dropped ${old.idHex} mempool/replaced`, `added ${dear.idHex}`]);
  });

  test("of a transaction whose amount took all the balance is possible", async () => {
    const { mempool } = setUp();
    await mempool.add(signed({ from: 0, sequence: 0, amount: startBalance }));
    const cheaper = signed({ from: 0, sequence: 0, amount: startBalance - 1n, fee: 1n });
    assert.equal(await faultOf(mempool, cheaper), "replaced");
  });
});

describe("bounds", () => {
  test("a full pool takes only what pays more per byte, and the cheapest, newest last one gives way", async () => {
    const { mempool } = setUp({ transactionsMax: 4 });
    const [a0, a1] = [signed({ from: 0, sequence: 0, fee: 1n }), signed({ from: 0, sequence: 1, fee: 900n })];
    const [b0, c0] = [signed({ from: 1, sequence: 0, fee: 50n }), signed({ from: 2, sequence: 0, fee: 50n })];
    assert.deepEqual(await addAll(mempool, [a0, a1, b0, c0]), ["added", "added", "added", "added"]);
    assert.equal(await faultOf(mempool, signed({ from: 3, sequence: 0, fee: 50n })), "mempool/full");
    const better = signed({ from: 3, sequence: 0, fee: 51n });
    assert.equal(await faultOf(mempool, better), "added");
    assert.deepEqual(mempool.status(c0.idHex), {
      status: "dropped",
      reason: { code: "mempool/full", limit: "4 transactions" },
    });
    // a0 pays least, but a1 has to follow it.
    assert.deepEqual(mempool.ids(), [a0.idHex, a1.idHex, b0.idHex, better.idHex]);
  });

  test("a transaction never pushes out one that it has to follow", async () => {
    const { mempool } = setUp({ transactionsMax: 2 });
    await addAll(mempool, [
      signed({ from: 0, sequence: 0, fee: 1n }),
      signed({ from: 0, sequence: 1, fee: 1n }),
    ]);
    assert.equal(await faultOf(mempool, signed({ from: 0, sequence: 2, fee: 99n })), "mempool/full");
    assert.equal(mempool.pendingSequence(alice), 2);
  });

  test("a large transaction pushes out as many as it needs, or none at all", async () => {
    const small = [1, 2, 3].map((from) =>
      signed({ from, sequence: 0, fee: BigInt(from * 100), dataBytes: 10 }),
    );
    const bytesMax = small.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const { mempool } = setUp({ bytesMax });
    await addAll(mempool, small);
    const large = { from: 0, sequence: 0, dataBytes: 200 };
    // Better per byte than the first, not than the second.
    assert.equal(await faultOf(mempool, signed({ ...large, fee: 300n })), "mempool/full");
    assert.equal(mempool.count, 3);
    assert.equal(mempool.bytes, bytesMax);
    assert.equal(await faultOf(mempool, signed({ ...large, fee: 3000n })), "added");
    assert.ok(mempool.bytes <= bytesMax);
    assert.ok(mempool.count < 4);
  });

  test("a full account takes a lower sequence in place of its last one, and no higher one", async () => {
    const { mempool } = setUp({ perAccountMax: 2 });
    const two = signed({ from: 0, sequence: 2 });
    await addAll(mempool, [two, signed({ from: 0, sequence: 1 })]);
    assert.equal(await faultOf(mempool, signed({ from: 0, sequence: 3, fee: 9n })), "mempool/account-full");
    assert.equal(await faultOf(mempool, signed({ from: 0, sequence: 0 })), "added");
    assert.deepEqual(mempool.status(two.idHex), {
      status: "dropped",
      reason: { code: "mempool/account-full", transactionsMax: 2 },
    });
    assert.equal(mempool.pendingSequence(alice), 2);
  });

  test("transactions that wait for the verifier are bounded too", async () => {
    const { verifier, release } = heldVerifier();
    const { mempool } = setUp({ verifyingMax: 2 }, verifier);
    const held = addAll(
      mempool,
      [0, 1, 2].map((from) => signed({ from, sequence: 0 })),
    );
    const late = await mempool.add(signed({ from: 3, sequence: 0, amount: 0n }));
    assert.equal(!late.ok && late.fault.code, "transaction/amount-zero");
    release();
    assert.deepEqual(await held, ["added", "added", "mempool/full"]);
    assert.equal(await faultOf(mempool, signed({ from: 2, sequence: 0 })), "added");
  });

  test("the memory of what was dropped is bounded, the oldest forgotten first", async () => {
    const { mempool } = setUp({ droppedRememberedMax: 2 });
    const transactions = [0, 1, 2].map((from) => signed({ from, sequence: 0 }));
    await addAll(mempool, transactions);
    for (const { idHex } of transactions) {
      assert.equal(mempool.drop(idHex, { code: "transaction/name-taken", name: "alice@example.com" }), true);
      assert.equal(mempool.drop(idHex, { code: "transaction/name-taken", name: "alice@example.com" }), false);
    }
    const statuses = transactions.map(({ idHex }) => mempool.status(idHex)?.status);
    assert.deepEqual(statuses, [undefined, "dropped", "dropped"]);
  });
});

describe("a slow verifier", () => {
  test("loses nothing of several adds of one account at once, in whatever order", async () => {
    const { verifier, release } = heldVerifier();
    const { mempool, ledger } = setUp({}, verifier);
    const adds = [3, 0, 2, 1, 0].map((sequence) => mempool.add(signed({ from: 0, sequence })));
    release();
    const codes = (await Promise.all(adds)).map((outcome) =>
      outcome.ok ? outcome.value : outcome.fault.code,
    );
    assert.deepEqual(codes, ["added", "added", "added", "added", "mempool/known"]);
    assert.equal(mempool.pendingSequence(alice), 4);
    ledger.assertExecutable(mempool.select(everything));
  });

  test("a copy with a spoiled signature does not keep the valid one out", async () => {
    const { verifier, release } = heldVerifier();
    const { mempool } = setUp({}, verifier);
    const valid = signed({ from: 0, sequence: 0 });
    const adds = [
      faultOf(mempool, spoiled(valid)),
      faultOf(mempool, valid),
      faultOf(mempool, spoiled(valid)),
    ];
    release();
    assert.deepEqual(await Promise.all(adds), [
      "transaction/signature-invalid",
      "added",
      "transaction/signature-invalid",
    ]);
  });

  test("the rules are asked again when the head moved meanwhile", async () => {
    const { verifier, release } = heldVerifier();
    const { mempool, ledger } = setUp({}, verifier);
    const used = faultOf(mempool, signed({ from: 0, sequence: 0, fee: 1n }));
    const poor = faultOf(mempool, signed({ from: 0, sequence: 1, amount: startBalance }));
    const fine = faultOf(mempool, signed({ from: 0, sequence: 2 }));
    mempool.headChanged(ledger.move(0, [[signed({ from: 0, sequence: 0, amount: 1n })]]));
    release();
    assert.deepEqual(await Promise.all([used, poor, fine]), [
      "transaction/sequence-used",
      "transaction/balance-too-low",
      "added",
    ]);
  });

  test("of two with one sequence the replacement rule decides when they are verified", async () => {
    const { verifier, release } = heldVerifier();
    const { mempool } = setUp({}, verifier);
    const adds = [100n, 105n, 120n].map((fee) => faultOf(mempool, signed({ from: 0, sequence: 0, fee })));
    release();
    assert.deepEqual(await Promise.all(adds), ["added", "mempool/replacement-fee-too-low", "replaced"]);
    assert.equal(mempool.count, 1);
  });

  test("a verifier that fails rejects the add, and frees its place", async () => {
    let isBroken = true;
    const inline = createInlineVerifier();
    const { mempool } = setUp(
      { verifyingMax: 1 },
      {
        verify: async (transactions) => {
          if (isBroken) throw new Error("broken");
          return inline.verify(transactions);
        },
        close: () => inline.close(),
      },
    );
    await assert.rejects(mempool.add(signed({ from: 0, sequence: 0 })), /broken/);
    isBroken = false;
    assert.equal(await faultOf(mempool, signed({ from: 0, sequence: 0 })), "added");
  });
});

describe("a new head", () => {
  test("takes out what it includes without calling it dropped, and drops its rivals", async () => {
    const { mempool, ledger, events } = setUp();
    const included = signed({ from: 0, sequence: 0 });
    const rival = signed({ from: 1, sequence: 0 });
    const next = signed({ from: 0, sequence: 1 });
    await addAll(mempool, [included, rival, next]);
    events.length = 0;
    mempool.headChanged(ledger.move(0, [[included, signed({ from: 1, sequence: 0, fee: 7n })]]));
    assert.deepEqual(events, [`dropped ${rival.idHex} transaction/sequence-used`]);
    assert.equal(mempool.status(included.idHex), undefined);
    assert.deepEqual(mempool.status(next.idHex), { status: "pending", ready: true });
    assert.equal(mempool.count, 1);
  });

  test("drops, from the first on, what the balance no longer reaches for", async () => {
    const { mempool, ledger, events } = setUp();
    const pending = [1, 2, 3].map((sequence) => signed({ from: 0, sequence, amount: startBalance / 4n }));
    await addAll(mempool, pending);
    events.length = 0;
    mempool.headChanged(ledger.move(0, [[signed({ from: 0, sequence: 0, amount: startBalance / 2n })]]));
    const last = pending[2] as DecodedTransaction;
    assert.deepEqual(events, [`dropped ${last.idHex} transaction/balance-too-low`]);
    ledger.assertExecutable(mempool.select(everything));
  });

  test("drops what its height is too late for, of any account", async () => {
    const { mempool, ledger, events } = setUp();
    const expiring = signed({ from: 0, sequence: 0, validUntil: 2 });
    await mempool.add(expiring);
    events.length = 0;
    mempool.headChanged(ledger.move(0, [[]]));
    assert.deepEqual(events, []);
    assert.equal(mempool.select(everything).length, 1);
    mempool.headChanged(ledger.move(0, [[]]));
    assert.deepEqual(events, [`dropped ${expiring.idHex} transaction/expired`]);
  });

  test("what expires is not offered even before the pool is told of the head", async () => {
    const { mempool, ledger } = setUp();
    await addAll(mempool, [
      signed({ from: 0, sequence: 0, validUntil: 1 }),
      signed({ from: 0, sequence: 1 }),
    ]);
    ledger.move(0, [[]]);
    assert.deepEqual(mempool.select(everything), []);
  });

  test("of another branch brings back what the old one held, in front", async () => {
    const { mempool, ledger, events } = setUp();
    const [kept, lost] = [signed({ from: 0, sequence: 0 }), signed({ from: 1, sequence: 0 })];
    const [after, rival] = [signed({ from: 0, sequence: 1 }), signed({ from: 1, sequence: 0, fee: 3n })];
    mempool.headChanged(ledger.move(0, [[kept, lost]]));
    const waiting = signed({ from: 2, sequence: 0 });
    await addAll(mempool, [waiting, after]);
    events.length = 0;
    mempool.headChanged(ledger.move(1, [[rival], []]));
    assert.deepEqual(events, [`dropped ${lost.idHex} transaction/sequence-used`, `added ${kept.idHex}`]);
    assert.deepEqual(mempool.select(everything), [kept, waiting, after]);
    ledger.assertExecutable(mempool.select(everything));
  });

  test("brings a lost block's transactions back in their order", async () => {
    const { mempool, ledger } = setUp();
    const block = [2, 0, 3, 1].map((from) => signed({ from, sequence: 0 }));
    mempool.headChanged(ledger.move(0, [block]));
    mempool.headChanged(ledger.move(1, [[]]));
    assert.deepEqual(mempool.select(everything), block);
  });

  test("does not bring back what the new branch holds too", async () => {
    const { mempool, ledger, events } = setUp();
    const transaction = signed({ from: 0, sequence: 0 });
    mempool.headChanged(ledger.move(0, [[transaction]]));
    mempool.headChanged(ledger.move(1, [[], [transaction]]));
    assert.equal(mempool.count, 0);
    assert.deepEqual(events, []);
  });

  test("takes back what the lost branch had paid: the receiver's transactions that need it go", async () => {
    const { mempool, ledger, events } = setUp();
    const payment = signed({ from: 0, sequence: 0, amount: 10n });
    mempool.headChanged(ledger.move(0, [[payment]]));
    const spending = signed({ from: 1, sequence: 0, amount: startBalance + 10n });
    assert.equal(await faultOf(mempool, spending), "added");
    events.length = 0;
    mempool.headChanged(ledger.move(1, []));
    assert.deepEqual(events, [
      `dropped ${spending.idHex} transaction/balance-too-low`,
      `added ${payment.idHex}`,
    ]);
  });

  test("a reorganization into a full account keeps the lowest sequences", async () => {
    const { mempool, ledger } = setUp({ perAccountMax: 3 });
    const block = [0, 1].map((sequence) => signed({ from: 0, sequence }));
    mempool.headChanged(ledger.move(0, [block]));
    await addAll(
      mempool,
      [2, 3, 4].map((sequence) => signed({ from: 0, sequence })),
    );
    mempool.headChanged(ledger.move(1, []));
    assert.equal(mempool.count, 3);
    assert.equal(mempool.pendingSequence(alice), 3);
  });

  test("what was dropped and is included after all is no longer called dropped", async () => {
    const { mempool, ledger } = setUp();
    const transaction = signed({ from: 0, sequence: 0 });
    await mempool.add(transaction);
    mempool.drop(transaction.idHex, { code: "transaction/name-taken", name: "alice@example.com" });
    assert.equal(mempool.status(transaction.idHex)?.status, "dropped");
    mempool.headChanged(ledger.move(0, [[transaction]]));
    assert.equal(mempool.status(transaction.idHex), undefined);
  });
});

describe("time", () => {
  test("what waited too long is dropped, without any block", async () => {
    const { mempool, clock, events } = setUp({ expiryMs: 1600 });
    const [old, young] = [signed({ from: 0, sequence: 1 }), signed({ from: 1, sequence: 1 })];
    await mempool.add(old);
    await clock.advance(1000);
    await mempool.add(young);
    await clock.advance(800);
    assert.deepEqual(mempool.status(old.idHex), {
      status: "dropped",
      reason: { code: "mempool/expired", expiryMs: 1600 },
    });
    assert.deepEqual(mempool.ids(), [young.idHex]);
    await clock.advance(1000);
    assert.equal(mempool.count, 0);
    assert.equal(clock.pending, 0);
    assert.equal(events.length, 4);
  });

  test("the wall clock's jumps expire nothing", async () => {
    const { mempool, clock } = setUp({ expiryMs: 1600 });
    await mempool.add(signed({ from: 0, sequence: 0 }));
    clock.jumpWallClock(1_000_000);
    await clock.advance(1000);
    assert.equal(mempool.count, 1);
  });

  test("close leaves no timer behind", async () => {
    const { mempool, clock } = setUp();
    await mempool.add(signed({ from: 0, sequence: 0 }));
    assert.equal(clock.pending, 1);
    mempool.close();
    assert.equal(clock.pending, 0);
  });
});
