/** What people are shown of the pool: every page, fee range and place holds against looking at all that waits. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { silentLogger } from "../../src/base/logger.ts";
import { createMempool, type Mempool } from "../../src/mempool/mempool.ts";
import type { Waiting } from "../../src/mempool/waiting-view.ts";
import type { DecodedTransaction } from "../../src/protocol/transaction.ts";
import { createInlineVerifier } from "../../src/verifier/verifier.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";
import { accounts, signed, spoiled, TestLedger } from "./test-ledger.ts";

const [alice, bob] = accounts as [string, string];
const startMs = 1_700_000_000_000;
const everything = { transactionsMax: 10_000, bytesMax: 10_000_000 };

function setUp() {
  const ledger = new TestLedger();
  const clock = createSimulatedClock(startMs);
  const modules = { clock, verifier: createInlineVerifier(), ledger: ledger.head, logger: silentLogger };
  return { ledger, clock, mempool: createMempool({}, modules) };
}

function pages(mempool: Mempool, limit: number, order: "newest" | "oldest"): Waiting[] {
  const found: Waiting[] = [];
  let next: number | undefined;
  do {
    const page = mempool.waiting.page(limit, order, next);
    assert.ok(page.items.length <= limit);
    found.push(...page.items);
    next = page.next;
  } while (next !== undefined);
  return found;
}

const idsOf = (items: readonly Waiting[]) => items.map(({ decoded }) => decoded.idHex);

describe("what waits", () => {
  test("is paged by arrival both ways, and a page goes on where it ended while others come and go", async () => {
    const { mempool } = setUp();
    const sent = Array.from({ length: 600 }, (_, index) =>
      signed({ from: index % 4, sequence: Math.floor(index / 4) }),
    );
    await mempool.addMany(sent);
    const ids = sent.map(({ idHex }) => idHex);
    assert.deepEqual(idsOf(pages(mempool, 100, "oldest")), ids);
    assert.deepEqual(idsOf(pages(mempool, 7, "newest")), ids.toReversed());
    const page = mempool.waiting.page(10, "oldest");
    const last = ids[9] as string;
    // The one that the page ended with leaves, and new ones come.
    assert.ok(mempool.drop(last, { code: "mempool/withdrawn", reason: "a test" }));
    await mempool.add(signed({ from: 0, sequence: 150, fee: 9n }));
    assert.deepEqual(idsOf(mempool.waiting.page(3, "oldest", page.next).items), ids.slice(10, 13));
    assert.deepEqual(mempool.waiting.page(3, "oldest", 1e9), { items: [], next: undefined });
  });

  test("has come at no moment before it came, and at none that is still to come, by parts of milliseconds", async () => {
    const part = fc.integer({ min: 0, max: 999 }).map((thousandths) => thousandths / 1_000);
    await fc.assert(
      fc.asyncProperty(part, part, fc.nat(3), async (begin, more, whole) => {
        let elapsedMs = 500 + begin;
        const clock = {
          ...createSimulatedClock(0),
          nowMs: () => Math.floor(startMs + elapsedMs),
          monotonicMs: () => elapsedMs,
        };
        const ledger = new TestLedger().head;
        const mempool = createMempool(
          {},
          { clock, verifier: createInlineVerifier(), ledger, logger: silentLogger },
        );
        const sent = signed({ from: 0, sequence: 0 });
        const beforeMs = clock.nowMs();
        assert.ok((await mempool.add(sent)).ok);
        elapsedMs += whole + more;
        const { sinceMs = 0, ageMs = -1 } = mempool.waiting.get(sent.idHex) ?? {};
        assert.ok(sinceMs >= beforeMs && sinceMs <= clock.nowMs() && ageMs >= 0, `${sinceMs - beforeMs}`);
        mempool.close();
      }),
    );
  });

  test("says since when, of what came back from a block since then, and which waits longest", async () => {
    const { mempool, ledger, clock } = setUp();
    const first = signed({ from: 0, sequence: 0 });
    const second = signed({ from: 1, sequence: 0 });
    await mempool.add(first);
    assert.equal(mempool.waiting.oldest()?.sinceMs, startMs);
    await clock.advance(1_000);
    await mempool.add(second);
    mempool.headChanged(ledger.move(0, [[first]]));
    assert.equal(mempool.waiting.oldest()?.decoded.idHex, second.idHex);
    await clock.advance(1_000);
    mempool.headChanged(ledger.move(1, [[]]));
    assert.equal(mempool.waiting.get(first.idHex)?.sinceMs, startMs + 2_000);
    assert.equal(mempool.waiting.oldest()?.decoded.idHex, second.idHex);
    assert.deepEqual(idsOf(mempool.waiting.page(5, "oldest").items), [first.idHex, second.idHex]);
    mempool.headChanged(ledger.move(0, [[second]]));
    assert.equal(mempool.waiting.oldest()?.decoded.idHex, first.idHex);
    mempool.headChanged(ledger.move(0, [[first]]));
    assert.equal(mempool.waiting.oldest(), undefined);
  });

  test("of one account is in sequence", async () => {
    const { mempool } = setUp();
    await mempool.addMany([2, 0, 1].map((sequence) => signed({ from: 0, sequence })));
    await mempool.add(signed({ from: 1, sequence: 0 }));
    const found = mempool.waiting.ofAccount(alice);
    assert.deepEqual(
      found.map(({ decoded }) => decoded.transaction.sequence),
      [0, 1, 2],
    );
    assert.deepEqual(mempool.waiting.ofAccount("00".repeat(32)), []);
  });

  test("is counted by fee, and never promises a better place than a block gives", async () => {
    const sending = fc.array(
      fc.record({ from: fc.nat(3), fee: fc.constantFrom(0n, 1n, 7n, 100n, 101n, 5_000n) }),
      { maxLength: 60 },
    );
    const check = async (wanted: readonly { from: number; fee: bigint }[], drops: readonly number[]) => {
      const { mempool } = setUp();
      const next = [0, 0, 0, 0];
      const sent = wanted.map(({ from, fee }) => {
        const sequence = next[from] ?? 0;
        next[from] = sequence + 1;
        return signed({ from, fee, sequence });
      });
      await mempool.addMany(sent);
      for (const index of drops) {
        const gone = sent[index % Math.max(1, sent.length)];
        if (gone) mempool.drop(gone.idHex, { code: "mempool/withdrawn", reason: "a test" });
      }
      const all = mempool.transactions();
      const perByte = ({ transaction, bytes }: DecodedTransaction) => Number(transaction.fee) / bytes.length;
      const ranges = mempool.waiting.fees();
      for (const { from, below, count, bytes } of ranges) {
        const within = all.filter((one) => perByte(one) >= from && perByte(one) < below);
        assert.equal(within.length, count);
        assert.equal(
          within.reduce((sum, one) => sum + one.bytes.length, 0),
          bytes,
        );
      }
      assert.equal(
        ranges.reduce((sum, { count }) => sum + count, 0),
        all.length,
      );
      for (const [place, { idHex }] of mempool.select(everything).entries()) {
        assert.ok((mempool.waiting.aheadOf(idHex)?.count ?? -1) >= place);
      }
    };
    await fc.assert(fc.asyncProperty(sending, fc.array(fc.nat(59), { maxLength: 5 }), check), {
      numRuns: 60,
    });
    const { mempool } = setUp();
    assert.equal(mempool.waiting.aheadOf("00".repeat(32)), undefined);
  });
});

describe("a check", () => {
  test("says what adding would say, and changes nothing", async () => {
    const { mempool } = setUp();
    const first = signed({ from: 0, sequence: 0, fee: 10n });
    await mempool.add(first);
    const cases = [
      signed({ from: 0, sequence: 1 }),
      signed({ from: 0, sequence: 7 }),
      signed({ from: 0, sequence: 0, fee: 10n, dataBytes: 3 }),
      signed({ from: 0, sequence: 0, fee: 11n, dataBytes: 3 }),
      signed({ from: 1, sequence: 0, amount: 10n ** 12n }),
      signed({ from: 2, sequence: 9_999 }),
      spoiled(signed({ from: 1, sequence: 0 })),
      first,
    ];
    for (const transaction of cases) {
      const before = [mempool.count, mempool.bytes, mempool.pendingSequence(alice), mempool.waiting.fees()];
      const checked = await mempool.check(transaction);
      assert.deepEqual(
        [mempool.count, mempool.bytes, mempool.pendingSequence(alice), mempool.waiting.fees()],
        before,
      );
      const { mempool: twin } = setUp();
      await twin.add(first);
      const added = await twin.add(transaction);
      assert.equal(checked.ok, added.ok);
      if (!checked.ok || !added.ok) {
        assert.deepEqual(!checked.ok && checked.fault, !added.ok && added.fault);
        continue;
      }
      const status = twin.status(transaction.idHex);
      assert.equal(status?.status === "pending" && status.ready, checked.value.ready);
      assert.equal(checked.value.replaces, added.value === "replaced" ? first.idHex : undefined);
    }
  });
});

describe("what no block has room for", () => {
  test("is refused, so that nothing of its account waits behind it", async () => {
    const ledger = new TestLedger();
    const small = signed({ from: 1, sequence: 0, dataBytes: 10 });
    const mempool = createMempool(
      {},
      {
        clock: createSimulatedClock(startMs),
        verifier: createInlineVerifier(),
        logger: silentLogger,
        ledger: () => ({ ...ledger.head(), transactionBytesMax: small.bytes.length }),
      },
    );
    const large = await mempool.add(signed({ from: 1, sequence: 0, dataBytes: 11 }));
    assert.deepEqual(!large.ok && large.fault, {
      code: "mempool/too-large",
      bytes: small.bytes.length + 1,
      bytesMax: small.bytes.length,
    });
    assert.ok((await mempool.add(small)).ok);
    assert.equal(mempool.pendingSequence(bob), 1);
  });
});
