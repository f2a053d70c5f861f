/** What the explorer's pages say: health, balances, fees, countdowns, sparklines and hits of the search. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { HistoryItem } from "../../src/api/accounts.ts";
import {
  balanceLine,
  balancePoints,
  isDust,
  signedAmount,
} from "../../src/web/pages/account/balance-line.ts";
import { feeBars, rateText, waitedText } from "../../src/web/pages/mempool/fee-bars.ts";
import { type HealthInput, hashRateText, healthOf } from "../../src/web/pages/overview/health-sentence.ts";
import { countdownText } from "../../src/web/parts/countdown-text.ts";
import { sinceFirst, sparklineOf } from "../../src/web/parts/sparkline-points.ts";
import { hitLink, hitText, nextPlace, searchText } from "../../src/web/search/hit-text.ts";

const hash = "ab".repeat(32);
const address = "aurex1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0szh2r6n";
const other = "aurex1zzzsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0szh2r6n";

describe("the sentence of health", () => {
  const node: HealthInput = {
    consensus: "poa",
    authority: true,
    authorities: [other, address, `${other}x`],
    address,
    mining: false,
    sealing: "sealing",
    notSealingBecause: null,
    hashesPerSecond: null,
    head: { height: 12, hash, timestampMs: 0 },
    final: { height: 11, hash },
    peers: 2,
    syncing: null,
    advice: [],
    blocksBehind: 0,
  };
  const said = (changed: Partial<HealthInput>) => healthOf({ ...node, ...changed });

  it("names the authority's place, what it does, and how far finality is", () => {
    assert.deepEqual(said({}), {
      tone: "good",
      sentence: "Authority 2 of 3, sealing; final 1 block behind",
    });
    assert.equal(
      said({ final: { height: 12, hash } }).sentence,
      "Authority 2 of 3, sealing; all blocks are final",
    );
  });

  it("says why a node does not seal, and that this is a fault only if it does not pass by itself", () => {
    const why = "no other authority was heard";
    const waiting = said({ sealing: "waiting", notSealingBecause: why });
    assert.equal(waiting.sentence, `Authority 2 of 3, not sealing: ${why}; final 1 block behind`);
    assert.equal(waiting.tone, "waiting");
    assert.equal(said({ sealing: "blocked", notSealingBecause: why }).tone, "fault");
    assert.equal(said({ advice: [{ fault: true }] }).tone, "fault");
    assert.equal(said({ advice: [{ fault: false }] }).tone, "good");
  });

  it("says of one that catches up how far it is, and of a late one how late", () => {
    const caughtUp = said({ syncing: { height: 1_200, targetHeight: 5_000 } });
    assert.deepEqual(caughtUp, { tone: "waiting", sentence: "Catching up: block 1,200 of 5,000 (24 %)" });
    assert.equal(
      said({ syncing: { height: 0, targetHeight: 0 } }).sentence,
      "Catching up: block 0 of 0 (0 %)",
    );
    const late = said({ blocksBehind: 40 });
    assert.equal(late.sentence, "Authority 2 of 3, sealing; 40 blocks behind its peers");
    assert.equal(late.tone, "fault");
  });

  it("says of finality that stands still that this is no good sign", () => {
    const stalled = said({ head: { height: 1_012, hash, timestampMs: 0 } });
    assert.equal(stalled.sentence, "Authority 2 of 3, sealing; final 1,001 blocks behind");
    assert.equal(stalled.tone, "waiting");
  });

  it("fits nodes that only follow, candidates, miners, and nodes that are alone", () => {
    const follower = { authority: false, address: `${address}x`, sealing: "off" } as const;
    assert.equal(said({ ...follower }).sentence, "Follows 3 authorities; final 1 block behind");
    assert.equal(
      said({ ...follower, authority: true, authorities: [other] }).sentence,
      "Not an authority yet, beside 1 authority; final 1 block behind",
    );
    const work = { consensus: "pow", authority: false, authorities: [], final: null } as const;
    assert.equal(
      said({ ...work, sealing: "off", peers: 0 }).sentence,
      "Follows a chain of Proof of Work; connected to nobody",
    );
    assert.equal(
      said({ ...work, mining: true, hashesPerSecond: 1_240_000 }).sentence,
      "Proof of Work, mining at 1.24 MH/s",
    );
  });

  it("writes hash rates with three digits", () => {
    assert.deepEqual([0, 0.4, 999, 1_000, 123_456, 4.2e12, 4.2e15].map(hashRateText), [
      "0 H/s",
      "0.4 H/s",
      "999 H/s",
      "1 kH/s",
      "123 kH/s",
      "4.2 TH/s",
      "4200 TH/s",
    ]);
  });
});

describe("balances", () => {
  const none = {
    committed: "70",
    pendingIn: "0",
    pendingInUnits: "0",
    pendingOut: "0",
    pendingOutUnits: "0",
  };
  it("are one line with what is pending either way", () => {
    assert.equal(balanceLine(none), "70");
    const coming = { pendingIn: "30", pendingInUnits: "3000000000" };
    const going = { pendingOut: "10.001", pendingOutUnits: "1000100000" };
    assert.equal(balanceLine({ ...none, ...coming }), "70 (+30 pending)");
    assert.equal(balanceLine({ ...none, committed: "1000000.5" }), "1\u202f000\u202f000.5");
    assert.equal(balanceLine({ ...none, ...coming, ...going }), "70 (+30 −10.001 pending)");
  });

  it("change by amounts with a sign", () => {
    assert.deepEqual(["3.5", "-0.1", "0", "0.00"].map(signedAmount), ["+3.5", "−0.1", "0", "0"]);
  });

  const item = (number: number, changes: HistoryItem["changes"]): HistoryItem => ({
    number,
    kind: "transaction",
    direction: "in",
    block: { height: number, hash, timestampMs: 1_000 * number, time: null },
    confirmations: 1,
    final: false,
    changes,
    feePaid: "0",
    feePaidUnits: "0",
    counterparty: other,
    counterpartyName: null,
    id: hash,
    position: 0,
    transaction: null,
    reward: null,
  });
  const change = (assetId: string, balance: string) => ({
    assetId,
    symbol: assetId,
    amount: "1",
    amountUnits: "100000000",
    balance,
    balanceUnits: "0",
  });

  it("over time are the points of one asset, oldest first", () => {
    const items = [
      item(2, [change("AUR", "7")]),
      item(1, [change(hash, "9")]),
      item(0, [change(hash, "4"), change("AUR", "5.5")]),
    ];
    assert.deepEqual(balancePoints(items), [
      { timestampMs: 0, balance: 5.5 },
      { timestampMs: 2_000, balance: 7 },
    ]);
    assert.deepEqual(
      balancePoints(items, hash).map(({ balance }) => balance),
      [4, 9],
    );
  });

  it("are not moved by dust: less than ten fees from a stranger, or nothing at all", () => {
    const transfer = (amountUnits: string, assetId = "AUR", direction: HistoryItem["direction"] = "in") => ({
      ...item(0, []),
      direction,
      transaction: {
        sender: other,
        senderName: null,
        sequence: 0,
        fee: "0",
        feeUnits: "0",
        validUntil: 0,
        timestampMs: 0,
        time: null,
        signature: "",
        payload: {
          kind: "transfer" as const,
          to: address,
          toName: null,
          assetId,
          symbol: assetId,
          amount: null,
          amountUnits,
          memo: "visit evil.example",
        },
      },
    });
    assert.equal(isDust(transfer("999"), "100"), true);
    assert.equal(isDust(transfer("1000"), "100"), false);
    assert.equal(isDust(transfer("1"), "0"), false);
    assert.equal(isDust(transfer("0"), "0"), true);
    assert.equal(isDust(transfer("1", hash), "100"), false);
    assert.equal(isDust(transfer("1", "AUR", "out"), "100"), false);
    assert.equal(isDust(item(0, []), "100"), false);
  });
});

describe("fees and waiting", () => {
  it("bars are as long as their share of the fullest range", () => {
    const bars = feeBars([
      { fromUnitsPerByte: 400, belowUnitsPerByte: 800, count: 1, bytes: 250 },
      { fromUnitsPerByte: 4, belowUnitsPerByte: 8, count: 4, bytes: 1_000 },
    ]);
    assert.deepEqual(
      bars.map(({ range, share }) => [range, share]),
      [
        ["400 to 800", 0.25],
        ["4 to 8", 1],
      ],
    );
    assert.deepEqual(feeBars([]), []);
    assert.deepEqual([0, 0.128, 12.34, 12_345.6].map(rateText), ["0", "0.13", "12", "12,346"]);
  });

  it("times are in the unit that people would take", () => {
    assert.deepEqual([-5, 400, 12_000, 99_000, 100_000, 7_200_000].map(waitedText), [
      "0 s",
      "0 s",
      "12 s",
      "99 s",
      "2 min",
      "2 h",
    ]);
  });

  it("countdowns end, and then say how late it is", () => {
    assert.equal(countdownText(10_000, 6_001), "in 4 s");
    assert.equal(countdownText(10_000, 10_000), "now");
    assert.equal(countdownText(10_000, 11_400), "now");
    assert.equal(countdownText(10_000, 22_900), "late by 12 s");
    assert.equal(countdownText(600_000, 0), "in 10 min");
    assert.equal(countdownText(0, 10 * 86_400_000), "late by 10 days");
  });
});

describe("sparklines", () => {
  it("go from the left to the right, with the highest value at the top", () => {
    const { line, end, low, high } = sparklineOf([0, 5, 10], 104, 24, true);
    assert.equal(line, "M2 22L2 22L52 12L102 2");
    assert.deepEqual(end, { x: 102, y: 2 });
    assert.deepEqual([low, high], [0, 10]);
  });

  it("break where a value is missing, and draw a lone value as a dot", () => {
    assert.equal(sparklineOf([1, null, 1], 104, 24, false).line, "M2 12L2 12M102 12L102 12");
    assert.equal(sparklineOf([null], 104, 24, false).line, "");
    assert.equal(sparklineOf([], 104, 24, true).end, undefined);
  });

  it("lie on the ground if all is 0, and in the middle if nothing changes", () => {
    assert.equal(sparklineOf([0, 0], 104, 24, true).end?.y, 22);
    assert.equal(sparklineOf([7, 7], 104, 24, false).end?.y, 12);
  });

  it("begin where something began", () => {
    assert.deepEqual(sinceFirst([0, 0, 3, 0, 4]), [3, 0, 4]);
    assert.deepEqual(sinceFirst([0, 0]), [0]);
    assert.deepEqual(sinceFirst([]), []);
  });
});

describe("the search", () => {
  it("leads each hit to its page: blocks by their hash, as a height may soon be another block's", () => {
    const block = hitText({ type: "block", height: 1_200, hash, canonical: true });
    assert.deepEqual([block.reference, block.title], [hash, "1,200"]);
    assert.equal(hitText({ type: "block", height: 1, hash, canonical: false }).kind, "Block of a branch");
    const waiting = hitText({ type: "transaction", id: hash, status: "pending", height: null });
    assert.equal(waiting.detail, "pending");
    const account = hitText({ type: "account", address, name: null });
    assert.deepEqual([account.title, account.reference], ["aurex1qqqsyq…2r6n", address]);
    assert.equal(hitText({ type: "account", address, name: "alice" }).title, "alice");
    assert.equal(hitText({ type: "user", name: "<b>al</b>", address }).reference, "<b>al</b>");
    const gold = hitText({ type: "asset", assetId: hash, symbol: "GOLD", name: "Gold" });
    assert.deepEqual([gold.title, gold.detail], ["GOLD", "Gold, abababab…abab"]);
    assert.deepEqual(hitLink({ type: "user", name: "<b>al</b>", address }), ["user", { name: "<b>al</b>" }]);
  });

  it("asks for nothing if nothing can be asked", () => {
    assert.equal(searchText("  "), undefined);
    assert.equal(searchText(" 12 "), "12");
    assert.equal(searchText("x".repeat(193)), undefined);
  });

  it("walks the hits in a ring with the input in it", () => {
    assert.deepEqual(
      [nextPlace(-1, 3, "ArrowDown"), nextPlace(2, 3, "ArrowDown"), nextPlace(-1, 3, "ArrowUp")],
      [0, -1, 2],
    );
    assert.deepEqual(
      [nextPlace(0, 3, "ArrowUp"), nextPlace(-1, 0, "ArrowDown"), nextPlace(1, 3, "x")],
      [-1, -1, 1],
    );
  });
});
