/** Entries and undo records: one value, one encoding; damaged bytes give the declared fault and nothing else. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes, fromHex, toHex } from "../../src/base/bytes.ts";
import { type Entry, entryKey, type StateChange } from "../../src/ledger/entry.ts";
import {
  decodeEntry,
  decodeStateChange,
  encodeEntry,
  encodeStateChange,
  entryLeaf,
  entryTags,
  StateChangeType,
} from "../../src/ledger/entry-codec.ts";
import { sha256 } from "../../src/protocol/hashing.ts";
import { entryArbitrary } from "./sample-entries.ts";

const key = "ab".repeat(32);
const otherKey = "cd".repeat(32);
const account: Entry = { type: "account", account: key, sequence: 7, balance: 258n };

test("the protocol's page lists each type with its tag and its fields", async () => {
  const page = await readFile(new URL("../../src/protocol/README.md", import.meta.url), "utf8");
  const [, section = ""] = /^## 4\. (.*?)^## /ms.exec(page) ?? [];
  const listed = [...section.matchAll(/^\| (\d+) \| ([a-z ]+) \| (.+) \|$/gm)];
  const types = Object.entries(entryTags).map(([type, tag]) => [
    String(tag),
    type.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`),
  ]);
  assert.deepEqual(
    listed.map(([, tag, type]) => [tag, type]),
    types,
  );
  const fieldsOf = new Map(
    listed.map(([, tag, , fields = ""]) => [
      Number(tag),
      fields.split(", ").map((field) => field.split(" ")[0]),
    ]),
  );
  fc.assert(
    fc.property(entryArbitrary, ({ type, ...fields }) => {
      assert.deepEqual(fieldsOf.get(entryTags[type])?.toSorted(), Object.keys(fields).sort());
    }),
  );
});

test("the bytes of each type stay what they are", () => {
  assert.equal(toHex(encodeEntry(account)), `01${key}07000000000000000201000000000000`);
  assert.equal(
    toHex(encodeEntry({ type: "assetBalance", account: key, assetId: otherKey, balance: 1n })),
    `03${key}${otherKey}0100000000000000`,
  );
  assert.equal(toHex(encodeEntry({ type: "user", account: key, name: "al" })), `04${key}25000000616c`);
  assert.equal(
    toHex(encodeEntry({ type: "authority", account: key, sinceHeight: 3, removed: true })),
    `05${key}030000000000000001`,
  );
  assert.equal(
    toHex(encodeEntry({ type: "reward", slot: 4, account: key, amount: 258n, height: 14 })),
    `0604000000${key}02010000000000000e00000000000000`,
  );
  const asset: Entry = {
    type: "asset",
    assetId: key,
    issuer: otherKey,
    symbol: "GLD",
    name: "Gold",
    decimals: 2,
    supply: 9n,
    metadata: "{}",
  };
  assert.equal(
    toHex(encodeEntry(asset)),
    `02${key}${otherKey}56000000590000000209000000000000005d000000474c44476f6c647b7d`,
  );
  assert.deepEqual(entryLeaf(account), sha256(encodeEntry(account)));
});

test("entries decode to what was encoded, and have a key of their own", () => {
  fc.assert(
    fc.property(entryArbitrary, entryArbitrary, (entry, other) => {
      assert.deepEqual(decodeEntry(encodeEntry(entry)), { ok: true, value: entry });
      if (entry.type !== other.type) assert.notEqual(entryKey(entry), entryKey(other));
    }),
    { numRuns: 500 },
  );
});

test("altered bytes are the declared fault, or a value whose bytes they are", () => {
  fc.assert(
    fc.property(
      entryArbitrary,
      fc.nat(),
      fc.nat({ max: 255 }),
      fc.integer({ min: -3, max: 3 }),
      (entry, at, byte, grow) => {
        const encoded = encodeEntry(entry);
        const altered =
          grow < 0 ? encoded.slice(0, grow) : concatBytes([encoded, new Uint8Array(grow).fill(byte)]);
        altered[at % altered.length] = byte;
        const decoded = decodeEntry(altered);
        if (decoded.ok) assert.deepEqual(encodeEntry(decoded.value), altered);
        else assert.equal(decoded.fault.code, "codec/malformed");
      },
    ),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const decoded = decodeEntry(bytes);
      if (decoded.ok) assert.deepEqual(encodeEntry(decoded.value), bytes);
      else assert.equal(decoded.fault.code, "codec/malformed");
    }),
  );
});

test("an unknown type, no bytes, bad UTF-8 and a boolean of 2 are faults", () => {
  const authority = encodeEntry({ type: "authority", account: key, sinceHeight: 3, removed: true });
  authority[authority.length - 1] = 2;
  const user = encodeEntry({ type: "user", account: key, name: "al" });
  user[user.length - 1] = 0xff;
  for (const bytes of [new Uint8Array(0), Uint8Array.of(0), Uint8Array.of(7, 1, 2), authority, user]) {
    const decoded = decodeEntry(bytes);
    assert.equal(decoded.ok ? undefined : decoded.fault.code, "codec/malformed");
  }
});

test("a byte order mark stays part of a name", () => {
  const entry: Entry = { type: "user", account: key, name: "\uFEFFalice" };
  assert.deepEqual(decodeEntry(encodeEntry(entry)), { ok: true, value: entry });
});

test("what is not an entry is our own bug, and throws", () => {
  for (const balance of [-1n, 2n ** 64n]) {
    assert.throws(() => encodeEntry({ type: "account", account: key, sequence: 0, balance }), {
      name: "InvariantError",
    });
  }
  assert.throws(() => encodeEntry({ type: "account", account: "abc", sequence: 0, balance: 0n }), {
    name: "InvariantError",
  });
});

const change: StateChange = {
  entryCountBefore: 5,
  entryCountAfter: 7,
  changes: [
    { index: 2, before: account, after: { ...account, sequence: 8 } },
    { index: 5, before: undefined, after: { ...account, account: otherKey } },
    { index: 6, before: undefined, after: { type: "user", account: key, name: "alice" } },
  ],
};

test("an undo record decodes to what was encoded", () => {
  assert.deepEqual(decodeStateChange(encodeStateChange(change)), { ok: true, value: change });
  const none: StateChange = { entryCountBefore: 5, entryCountAfter: 5, changes: [] };
  assert.deepEqual(decodeStateChange(encodeStateChange(none)), { ok: true, value: none });
});

test("an undo record written by hand is the SSZ that the library writes", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.option(entryArbitrary, { nil: undefined }), entryArbitrary)),
      (entries) => {
        const changes = entries.map(([before, after], index) => ({ index, before, after }));
        const written = encodeStateChange({ entryCountBefore: 9, entryCountAfter: 12, changes });
        const expected = StateChangeType.serialize({
          entryCountBefore: 9,
          entryCountAfter: 12,
          changes: changes.map(({ index, before, after }) => ({
            index,
            before: before ? encodeEntry(before) : new Uint8Array(0),
            after: encodeEntry(after),
          })),
        });
        assert.equal(toHex(written), toHex(expected));
      },
    ),
  );
});

test("an undo record that can be none is a fault", () => {
  const [first, second, third] = change.changes;
  assert.ok(first && second && third);
  const wrong: StateChange[] = [
    { ...change, changes: [second, first, third] },
    { ...change, changes: [first, first, second, third] },
    { ...change, changes: [first, second] },
    { ...change, changes: [first, third] },
    { ...change, entryCountAfter: 8 },
    { ...change, entryCountBefore: 6 },
    { ...change, changes: [{ ...first, before: undefined }, second, third] },
    { ...change, changes: [{ ...first, after: { ...account, account: otherKey } }, second, third] },
    { ...change, changes: [first, second, { ...third, before: third.after }] },
    { ...change, changes: [first, second, { ...third, index: 7 }] },
  ];
  for (const [at, record] of wrong.entries()) {
    const decoded = decodeStateChange(encodeStateChange(record));
    assert.equal(decoded.ok ? "accepted" : decoded.fault.code, "codec/malformed", `record ${at}`);
  }
});

test("altered undo records are the declared fault, or a value whose bytes they are", () => {
  const encoded = encodeStateChange(change);
  fc.assert(
    fc.property(fc.nat({ max: encoded.length - 1 }), fc.nat({ max: 255 }), (at, byte) => {
      const altered = Uint8Array.from(encoded);
      altered[at] = byte;
      const decoded = decodeStateChange(altered);
      if (decoded.ok) assert.deepEqual(encodeStateChange(decoded.value), altered);
      else assert.equal(decoded.fault.code, "codec/malformed");
    }),
    { numRuns: 1000 },
  );
  assert.equal(decodeStateChange(fromHex("00") as Uint8Array).ok, false);
});
