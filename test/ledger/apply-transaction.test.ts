/** What each kind of transaction does, and every fault that one can meet in the ledger, each changing nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fromUtf8 } from "../../src/base/bytes.ts";
import { applyBlock, BlockExecution } from "../../src/ledger/apply-block.ts";
import { type BlockContext, expiryFault, statelessFault } from "../../src/ledger/apply-transaction.ts";
import { LedgerState } from "../../src/ledger/ledger-state.ts";
import { uint64Max } from "../../src/protocol/codec.ts";
import type { TransactionFault } from "../../src/protocol/faults.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { type DecodedTransaction, issuedAssetId } from "../../src/protocol/transaction.ts";
import {
  alice,
  bob,
  carol,
  commitBlock,
  contextAt,
  fundedAccount,
  issueAsset,
  ledgerOfAlice,
  producer,
  record,
  registerUser,
  send,
  transfer,
} from "./sample-transactions.ts";

/** The fault of a transaction after others, having made sure that it leaves no trace. */
function faultOf(
  state: LedgerState,
  transaction: DecodedTransaction,
  { before = [], context = contextAt(1) }: { before?: DecodedTransaction[]; context?: BlockContext } = {},
): TransactionFault | undefined {
  const execution = new BlockExecution(state, context);
  for (const earlier of before) assert.equal(execution.apply(earlier), undefined);
  const fault = execution.apply(transaction);
  if (fault !== undefined) {
    const without = applyBlock(state, context, before, []);
    assert.ok(without.ok);
    assert.deepEqual(execution.finish([]), without.value);
  }
  return fault;
}

test("an AUR transfer moves the amount, takes the fee, and makes the receiver's account", () => {
  const state = ledgerOfAlice(1_000n);
  const change = commitBlock(state, [send(alice, transfer(bob, 100n), { fee: 7n })]);
  assert.deepEqual(state.account(alice.hex), {
    type: "account",
    account: alice.hex,
    sequence: 1,
    balance: 893n,
  });
  assert.deepEqual(state.account(bob.hex), fundedAccount(bob, 100n));
  assert.deepEqual(state.account(producer.hex), fundedAccount(producer, 7n));
  assert.deepEqual(
    change.changes.map(({ index, before }) => [index, before?.type]),
    [
      [0, "account"],
      [1, undefined],
      [2, undefined],
    ],
  );
});

test("the sender must have the amount and the fee, and may spend both to the last unit", () => {
  const state = ledgerOfAlice(1_000n);
  assert.deepEqual(faultOf(state, send(alice, transfer(bob, 999n), { fee: 2n })), {
    code: "transaction/balance-too-low",
    asset: "AUR",
    balance: 1_000n,
    needed: 1_001n,
  });
  commitBlock(state, [send(alice, transfer(bob, 998n), { fee: 2n })]);
  assert.equal(state.account(alice.hex)?.balance, 0n);
  assert.deepEqual(faultOf(state, send(alice, record(), { sequence: 1, fee: 1n })), {
    code: "transaction/balance-too-low",
    asset: "AUR",
    balance: 0n,
    needed: 1n,
  });
  assert.deepEqual(faultOf(state, send(carol, transfer(bob, uint64Max), { fee: uint64Max })), {
    code: "transaction/balance-too-low",
    asset: "AUR",
    balance: 0n,
    needed: 2n * uint64Max,
  });
});

test("a transfer to oneself changes the sequence and the fee alone, and needs the amount all the same", () => {
  const state = ledgerOfAlice(1_000n);
  assert.equal(faultOf(state, send(alice, transfer(alice, 1_001n)))?.code, "transaction/balance-too-low");
  const issue = send(alice, issueAsset({ supply: 10n }), { sequence: 1 });
  commitBlock(state, [
    send(alice, transfer(alice, 1_000n - 3n), { fee: 3n }),
    issue,
    send(alice, transfer(alice, 10n, issuedAssetId(issue)), { sequence: 2 }),
  ]);
  assert.equal(state.account(alice.hex)?.balance, 997n);
  assert.equal(state.account(alice.hex)?.sequence, 3);
  assert.equal(state.assetBalance(alice.hex, issue.idHex)?.balance, 10n);
});

test("a new key can send a record at once", () => {
  const state = ledgerOfAlice();
  commitBlock(state, [send(carol, record())]);
  assert.deepEqual(state.account(carol.hex), {
    type: "account",
    account: carol.hex,
    sequence: 1,
    balance: 0n,
  });
});

test("an issued asset is the issuer's, under the transaction's id, and can be sent on", () => {
  const state = ledgerOfAlice();
  const issue = send(alice, issueAsset({ supply: uint64Max, decimals: 18, name: "Gold Coin" }));
  const assetId = issuedAssetId(issue);
  commitBlock(state, [issue, send(alice, transfer(bob, 40n, assetId), { sequence: 1 })]);
  assert.deepEqual(state.asset(issue.idHex), {
    type: "asset",
    assetId: issue.idHex,
    issuer: alice.hex,
    symbol: "GLD",
    name: "Gold Coin",
    decimals: 18,
    supply: uint64Max,
    metadata: "{}",
  });
  assert.equal(state.assetBalance(alice.hex, issue.idHex)?.balance, uint64Max - 40n);
  assert.equal(state.assetBalance(bob.hex, issue.idHex)?.balance, 40n);
  assert.equal(state.account(bob.hex), undefined, "holding an asset makes no account");
  const tooMuch = send(bob, transfer(alice, 41n, assetId));
  assert.deepEqual(faultOf(state, tooMuch), {
    code: "transaction/balance-too-low",
    asset: issue.idHex,
    balance: 40n,
    needed: 41n,
  });
  assert.deepEqual(faultOf(state, send(carol, transfer(alice, 1n, assetId))), {
    code: "transaction/balance-too-low",
    asset: issue.idHex,
    balance: 0n,
    needed: 1n,
  });
  commitBlock(state, [send(bob, transfer(alice, 40n, assetId))], contextAt(2));
  assert.equal(state.assetBalance(bob.hex, issue.idHex)?.balance, 0n);
  assert.equal(state.assetBalance(alice.hex, issue.idHex)?.balance, uint64Max);
});

test("names are unique, one to an account, also within one block", () => {
  const state = ledgerOfAlice();
  const first = send(alice, registerUser("alice@example.com"));
  assert.deepEqual(faultOf(state, send(bob, registerUser("alice@example.com")), { before: [first] }), {
    code: "transaction/name-taken",
    name: "alice@example.com",
  });
  assert.deepEqual(faultOf(state, send(alice, registerUser("other"), { sequence: 1 }), { before: [first] }), {
    code: "transaction/sender-has-name",
    name: "alice@example.com",
  });
  commitBlock(state, [first]);
  assert.deepEqual(state.userByName("alice@example.com"), {
    type: "user",
    account: alice.hex,
    name: "alice@example.com",
  });
  assert.equal(faultOf(state, send(bob, registerUser("alice@example.com")))?.code, "transaction/name-taken");
  assert.equal(
    faultOf(state, send(alice, registerUser("other"), { sequence: 1 }))?.code,
    "transaction/sender-has-name",
  );
});

test("sequences have no gaps and no second use", () => {
  const state = ledgerOfAlice();
  const first = send(alice, record());
  assert.deepEqual(faultOf(state, send(alice, record(), { sequence: 1 })), {
    code: "transaction/sequence-gap",
    expected: 0,
    actual: 1,
  });
  assert.deepEqual(faultOf(state, first, { before: [first] }), {
    code: "transaction/sequence-used",
    expected: 1,
    actual: 0,
  });
  assert.equal(faultOf(state, send(alice, record(), { sequence: 1 }), { before: [first] }), undefined);
});

test("the last height that may include a transaction still may", () => {
  const state = ledgerOfAlice();
  const transaction = send(alice, record(), { validUntil: 5 });
  assert.equal(faultOf(state, transaction, { context: contextAt(5) }), undefined);
  const expired = { code: "transaction/expired", validUntil: 5, height: 6 };
  assert.deepEqual(faultOf(state, transaction, { context: contextAt(6) }), expired);
  assert.deepEqual(expiryFault(transaction, 6), expired);
  assert.equal(expiryFault(send(alice, record()), Number.MAX_SAFE_INTEGER), undefined);
});

test("a credit over a uint64 is refused", () => {
  const state = LedgerState.fromEntries([fundedAccount(alice, 10n), fundedAccount(bob, uint64Max - 4n)]);
  assert.deepEqual(faultOf(state, send(alice, transfer(bob, 5n))), { code: "transaction/amount-overflow" });
  assert.equal(faultOf(state, send(alice, transfer(bob, 4n))), undefined);
});

test("an asset that nobody issued cannot be sent", () => {
  assert.deepEqual(faultOf(ledgerOfAlice(), send(alice, transfer(bob, 1n, new Uint8Array(32).fill(3)))), {
    code: "transaction/asset-unknown",
    asset: "03".repeat(32),
  });
});

test("what is wrong by itself is found with and without a ledger", () => {
  const cases: [TransactionFault["code"], DecodedTransaction][] = [
    ["transaction/fee-too-low", send(alice, record(), { fee: 1n })],
    ["transaction/amount-zero", send(alice, transfer(bob, 0n), { fee: 2n })],
    ["transaction/data-empty", send(alice, record(""), { fee: 2n })],
    ["transaction/name-invalid", send(alice, registerUser("Alice"), { fee: 2n })],
    ["transaction/asset-invalid", send(alice, issueAsset({ supply: 0n }), { fee: 2n })],
  ];
  for (const [code, transaction] of cases) {
    assert.equal(statelessFault(transaction, 2n)?.code, code);
    assert.equal(
      faultOf(ledgerOfAlice(), transaction, { context: contextAt(1, { minimumFee: 2n }) })?.code,
      code,
    );
  }
  assert.deepEqual(statelessFault(send(alice, record(), { fee: 1n }), 2n), {
    code: "transaction/fee-too-low",
    minimum: 2n,
    actual: 1n,
  });
  assert.equal(statelessFault(send(alice, record(), { fee: 2n }), 2n), undefined);
});

function nameFault(name: Uint8Array): string | undefined {
  return statelessFault(send(alice, { kind: "registerUser", name }), 0n)?.code;
}

test("user names: what is allowed", () => {
  const allowed = [
    "a",
    "alice@example.com",
    "bob_1-x.y+z",
    "jürgen",
    "мария",
    "δημος",
    "山田太郎",
    "مريم",
    "x".repeat(64),
  ];
  for (const name of allowed) assert.equal(nameFault(fromUtf8(name)), undefined, name);
});

test("user names: what is not", () => {
  const refused: Record<string, string> = {
    empty: "",
    "upper case": "Alice",
    "a capital outside of ASCII": "Ünal",
    "a space": "alice bob",
    "a no-break space": "a\u00a0b",
    "a newline": "alice\n",
    "a zero byte": "a\u0000b",
    "a C1 control": "a\u0085b",
    "a zero-width space": "a\u200bb",
    "a zero-width joiner": "a\u200db",
    "a right-to-left override": "a\u202eb",
    "a byte order mark": "\ufeffalice",
    "a soft hyphen": "a\u00adb",
    "a Hangul filler": "a\u3164b",
    "a private-use character": "a\ue000",
    "an unassigned character": "a\u0378",
    "text that is not NFC": "u\u0308nal",
    "an address": addressOf(bob.keyPair.publicKey).slice(0, 64),
    "the start of an address": "aurex1x",
    "a key in hex": "ab".repeat(32),
  };
  for (const [what, name] of Object.entries(refused)) {
    assert.equal(nameFault(fromUtf8(name)), "transaction/name-invalid", what);
  }
  assert.equal(nameFault(Uint8Array.of(0x61, 0xff)), "transaction/name-invalid", "bytes that are not UTF-8");
  assert.equal(nameFault(Uint8Array.of(0xc0, 0xaf)), "transaction/name-invalid", "an overlong encoding");
  assert.equal(nameFault(fromUtf8("ab".repeat(31))), undefined, "62 hex digits are a name");
});

test("asset terms: what is allowed and what is not", () => {
  const faultOfTerms = (terms: object) =>
    statelessFault(send(alice, { ...issueAsset(), ...terms }), 0n)?.code;
  const allowed = [
    { symbol: fromUtf8("A") },
    { symbol: fromUtf8("ABCDEFGHIJK9") },
    { name: fromUtf8("Gold of Zürich, 1 oz") },
    { name: fromUtf8("x".repeat(64)) },
    { decimals: 0 },
    { decimals: 18 },
    { supply: 1n },
    { metadata: new Uint8Array(0) },
  ];
  for (const terms of allowed)
    assert.equal(faultOfTerms(terms), undefined, JSON.stringify(Object.keys(terms)));
  const refused: [string, object][] = [
    ["no symbol", { symbol: new Uint8Array(0) }],
    ["the chain's own symbol", { symbol: fromUtf8("AUR") }],
    ["a symbol in lower case", { symbol: fromUtf8("gld") }],
    ["a symbol that starts with a digit", { symbol: fromUtf8("1GLD") }],
    ["a symbol with a newline", { symbol: fromUtf8("GLD\n") }],
    ["a symbol of bad bytes", { symbol: Uint8Array.of(0xff) }],
    ["no name", { name: new Uint8Array(0) }],
    ["a name with a control", { name: fromUtf8("Go\u0007ld") }],
    ["a name with a right-to-left override", { name: fromUtf8("Go\u202eld") }],
    ["a name with a line separator", { name: fromUtf8("Go\u2028ld") }],
    ["a name that is not NFC", { name: fromUtf8("Zu\u0308rich") }],
    ["a name of bad bytes", { name: Uint8Array.of(0xff) }],
    ["19 decimals", { decimals: 19 }],
    ["no supply", { supply: 0n }],
    ["metadata of bad bytes", { metadata: Uint8Array.of(0x80) }],
  ];
  for (const [what, terms] of refused) assert.equal(faultOfTerms(terms), "transaction/asset-invalid", what);
});
