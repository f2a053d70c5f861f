/** The wallet's forms, drafts and summaries: what a person typed, and what would be signed. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fromHex, toHex } from "../../src/base/bytes.ts";
import { addressOf, decodeTransaction, keyPairFromSeed } from "../../src/client/index.ts";
import { domainHash, transactionDomain } from "../../src/protocol/hashing.ts";
import { recipientNotice } from "../../src/web/wallet/address-book.ts";
import { draftOf, draftOfPayload, signDraft, type Wish } from "../../src/web/wallet/draft.ts";
import {
  emptyForm,
  type FormFacts,
  type FormTexts,
  readForm,
  readRecipient,
  sendableUnits,
} from "../../src/web/wallet/form.ts";
import { portsCookie, portsWithKeys } from "../../src/web/wallet/origin.ts";
import { actionText, summaryLines } from "../../src/web/wallet/summary.ts";
import { isAnswer, questionsOf } from "../../src/web/wallet/words-check.ts";

const own = keyPairFromSeed(new Uint8Array(32).fill(8));
const other = keyPairFromSeed(new Uint8Array(32).fill(9));
const gold = "ab".repeat(32);
const facts: FormFacts = {
  holdings: [
    { id: "AUR", symbol: "AUR", decimals: 8, spendableUnits: 1_000_000_000n },
    { id: gold, symbol: "GOLD", decimals: 2, spendableUnits: 500n },
  ],
  minimumFeeUnits: 1_000n,
  headHeight: 100,
};
const filled: FormTexts = { ...emptyForm, fee: "0.001", amount: "1.5", asset: "AUR" };

function faultsOf(kind: Wish["kind"], texts: Partial<FormTexts>, isFound = true) {
  const read = readForm(kind, { ...filled, ...texts }, facts, isFound ? other.publicKey : undefined);
  return read.ok ? {} : read.faults;
}

describe("the wallet's form", () => {
  it("reads amounts exactly, in the places of their asset", () => {
    const read = readForm(
      "transfer",
      { ...filled, asset: gold, amount: "4.99", memo: "für dich" },
      facts,
      other.publicKey,
    );
    assert.ok(read.ok);
    assert.deepEqual(read.value, {
      wish: {
        kind: "transfer",
        to: other.publicKey,
        assetId: fromHex(gold, 32),
        amount: 499n,
        memo: "für dich",
      },
      fee: 100_000n,
      validUntil: 0,
    });
  });

  it("ties each fault to its input", () => {
    const cases: [Wish["kind"], Partial<FormTexts>, keyof FormTexts, RegExp][] = [
      ["transfer", { amount: "" }, "amount", /Write an amount/],
      ["transfer", { amount: "1,5" }, "amount", /point instead of the comma: 1\.5/],
      ["transfer", { amount: "1e3" }, "amount", /not a decimal number/],
      ["transfer", { amount: "-1" }, "amount", /not a decimal number/],
      ["transfer", { amount: "0" }, "amount", /zero/],
      ["transfer", { amount: "0.000000001" }, "amount", /8 decimal places/],
      ["transfer", { amount: "10" }, "amount", /9\.999 AUR at most after the fee of 0\.001 AUR/],
      ["transfer", { amount: "99999999999999999999" }, "amount", /uint64/],
      ["transfer", { asset: gold, amount: "5.01" }, "amount", /5 GOLD at most/],
      ["transfer", { asset: "cd".repeat(32) }, "asset", /does not hold/],
      ["transfer", { memo: "ñ".repeat(129) }, "memo", /258 bytes as UTF-8; 256 fit/],
      ["transfer", { memo: "\ud800" }, "memo", /Unicode/],
      ["transfer", { fee: "0.000001" }, "fee", /minimum is 0\.00001 AUR/],
      ["transfer", { asset: gold, fee: "11" }, "fee", /has 10 AUR to pay the fee/],
      ["transfer", { validUntil: "100" }, "validUntil", /there already/],
      ["transfer", { validUntil: "soon" }, "validUntil", /height of a block/],
      ["record", { data: "" }, "data", /one letter at least/],
      ["record", { data: "x", fee: "10.1" }, "fee", /has 10 AUR/],
      ["registerUser", { name: "two words" }, "name", /spaces/],
      ["registerUser", { name: "zero\u200bwidth" }, "name", /cannot be seen/],
      ["registerUser", { name: addressOf(own.publicKey) }, "name", /address/],
      ["issueAsset", { symbol: "gold", assetName: "Gold", supply: "1" }, "symbol", /capital letters/],
      ["issueAsset", { symbol: "AUR", assetName: "Gold", supply: "1" }, "symbol", /chain's own/],
      ["issueAsset", { symbol: "GOLD", assetName: "", supply: "1" }, "assetName", /empty/],
      [
        "issueAsset",
        { symbol: "GOLD", assetName: "Gold", supply: "1", decimals: "19" },
        "decimals",
        /0 to 18/,
      ],
      ["issueAsset", { symbol: "GOLD", assetName: "Gold", supply: "1.005" }, "supply", /2 decimal places/],
      [
        "issueAsset",
        { symbol: "GOLD", assetName: "Gold", supply: "1", metadata: "x".repeat(1025) },
        "metadata",
        /1024 fit/,
      ],
    ];
    for (const [kind, texts, field, reason] of cases) {
      const faults = faultsOf(kind, texts);
      assert.match(faults[field] ?? "", reason, JSON.stringify([kind, texts, faults]));
    }
    assert.match(faultsOf("transfer", { to: "" }, false).to ?? "", /address, or a registered name/);
    assert.match(faultsOf("transfer", { to: "bob" }, false).to ?? "", /Nobody was found/);
  });

  it("offers the most that can be sent", () => {
    const [aur, other] = facts.holdings;
    assert.equal(sendableUnits(aur!, 1n), 999_999_999n);
    assert.equal(sendableUnits(aur!, 2_000_000_000n), 0n);
    assert.equal(sendableUnits(other!, 2_000_000_000n), 500n);
  });

  it("takes an address as people copy it, and no address with a wrong letter", () => {
    const address = addressOf(other.publicKey);
    const grouped = `${address.slice(0, 6)} ${address.slice(6, 20)}\n${address.slice(20)} `;
    for (const text of [address, address.toUpperCase(), grouped, toHex(other.publicKey)]) {
      assert.deepEqual(readRecipient(text), { kind: "key", publicKey: other.publicKey }, text);
    }
    const wrong = `${address.slice(0, -1)}${address.endsWith("q") ? "p" : "q"}`;
    assert.match(JSON.stringify(readRecipient(wrong)), /a letter is wrong or missing/);
    assert.deepEqual(readRecipient(" Zoë@Example.com "), { kind: "name", name: "zoë@example.com" });
    assert.equal(readRecipient("a b").kind, "fault");
  });
});

describe("the wallet's draft", () => {
  const terms = {
    chainId: "c4".repeat(32),
    sender: own.publicKey,
    sequence: 7,
    fee: 5n,
    validUntil: 9,
    timestampMs: 1_767_225_600_123,
  };
  const wishes: readonly Wish[] = [
    { kind: "transfer", to: other.publicKey, assetId: undefined, amount: 12n, memo: "<b>hi</b>" },
    { kind: "transfer", to: other.publicKey, assetId: fromHex(gold, 32), amount: 12n, memo: "" },
    { kind: "record", data: "a note" },
    { kind: "registerUser", name: "Zoë" },
    { kind: "issueAsset", symbol: "GOLD", name: "Gold", decimals: 2, supply: 100n, metadata: "{}" },
  ];

  it("is what is signed, byte by byte, for every kind", () => {
    for (const wish of wishes) {
      const draft = draftOf(wish, terms);
      assert.ok(draft.ok);
      const signed = signDraft(draft.value, own);
      const chainId = fromHex(terms.chainId, 32)!;
      // Computed from what was shown alone.
      assert.equal(toHex(domainHash(transactionDomain, chainId, draft.value.bytes)), signed.idHex);
      const decoded = decodeTransaction(signed.bytes, chainId);
      assert.ok(
        decoded.ok && decoded.value.transaction.sequence === 7 && decoded.value.transaction.fee === 5n,
      );
      const again = draftOfPayload(decoded.value.payload, terms);
      assert.equal(again.id, draft.value.id);
    }
  });

  it("is signed by no other key than it says", () => {
    const draft = draftOf(wishes[0]!, terms);
    assert.ok(draft.ok);
    assert.throws(() => signDraft(draft.value, other), /the key is another one/);
    const wiped = { ...own, secretKey: new Uint8Array(64) };
    assert.throws(() => signDraft(draft.value, wiped), /locked before it could sign/);
  });

  it("says which input does not fit", () => {
    const draft = draftOf({ kind: "record", data: "x".repeat(4001) }, terms);
    assert.ok(!draft.ok && draft.fault.field === "data");
  });

  it("reads as what it does: the whole address in groups, hidden characters and look-alikes visible", () => {
    const payloadOf = (wish: Wish) => {
      const draft = draftOf(wish, terms);
      assert.ok(draft.ok);
      return draft.value.payload;
    };
    const transfer = payloadOf({
      ...(wishes[0] as Extract<Wish, { kind: "transfer" }>),
      memo: "p\u0430y \u202eme",
    });
    const lines = summaryLines(transfer, undefined, "bob");
    assert.deepEqual(
      lines.map(({ label }) => label),
      ["Send", "To the name", "To", "Memo, public"],
    );
    assert.equal(lines[2]?.text.replaceAll(" ", ""), addressOf(other.publicKey));
    assert.equal(lines[3]?.text, "“p\u0430y \\u{202e}me”");
    assert.match(lines[3]?.compare ?? "", /\u0430 U\+0430/);
    assert.equal(actionText(transfer, undefined, "bob"), "Send 0.00000012 AUR to bob");
    const asset = payloadOf(wishes[1]!);
    assert.equal(actionText(asset, { symbol: "GOLD", decimals: 2 }, "bob"), "Send 0.12 GOLD to bob");
    assert.match(actionText(asset, undefined, "bob"), /12 base units of abababab/);
    assert.equal(summaryLines(asset, { symbol: "GOLD", decimals: 2 })[1]?.text, gold);
    assert.equal(actionText(payloadOf(wishes[3]!), undefined), "Register the name zoë");
  });
});

describe("what the wallet points out", () => {
  const contact = (address: string, paidCount = 1) => ({
    ...{ id: `c/${address}`, chainId: "c", address, label: "bob", paidCount, lastPaidMs: 1 },
  });

  it("says whether a recipient is new, known, oneself, or looks like one that was paid", () => {
    const known = `aurex1qqqq${"x".repeat(50)}zzzz`;
    const poisoned = `aurex1qqqq${"y".repeat(50)}zzzz`;
    assert.equal(recipientNotice(known, "me", []).kind, "new");
    assert.equal(recipientNotice("me", "me", []).kind, "self");
    assert.deepEqual(recipientNotice(known, "me", [contact(known, 3)]), {
      kind: "known",
      paidCount: 3,
      label: "bob",
    });
    assert.equal(recipientNotice(poisoned, "me", [contact(known)]).kind, "lookalike");
    assert.equal(recipientNotice(`aurex1pppp${"y".repeat(50)}zzzz`, "me", [contact(known)]).kind, "new");
  });

  it("asks for three different words by their numbers, and takes them as they are typed", () => {
    const words = Array.from({ length: 12 }, (_, index) => `word${index + 1}`);
    for (let round = 0; round < 50; round += 1) {
      const asked = questionsOf(words);
      assert.equal(new Set(asked.map(({ number }) => number)).size, 3);
      for (const { number, word } of asked) assert.equal(word, words[number - 1]);
    }
    const last = questionsOf(words, () => 0.999);
    assert.ok(last.every(({ number }) => number >= 1 && number <= 12));
    assert.ok(isAnswer({ number: 1, word: "zoo" }, " ZOO "));
    assert.ok(!isAnswer({ number: 1, word: "zoo" }, "zo"));
  });

  it("remembers by a cookie at which ports of the host there are keys, and nothing else", () => {
    const first = portsCookie("theme=dark", "13280", true);
    assert.match(first, /^aurex-wallet-ports=13280; path=\/; max-age=\d+; samesite=strict$/);
    assert.deepEqual(portsWithKeys("theme=dark; aurex-wallet-ports=13280.13281"), ["13280", "13281"]);
    assert.match(portsCookie("aurex-wallet-ports=13280", "13280", false), /max-age=0/);
    assert.deepEqual(portsWithKeys("aurex-wallet-ports=<b>.1.999999"), ["1"]);
  });
});
