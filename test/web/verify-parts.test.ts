/** The parts of a verification that need no node: the trusted chain, what is kept, bytes as fields, and a transaction's life. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TransactionAnswer } from "../../src/api/transactions.ts";
import { fromUtf8 } from "../../src/base/bytes.ts";
import { HeaderType } from "../../src/protocol/block.ts";
import { headerSpans, transactionSpans } from "../../src/protocol/field-spans.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { signTransaction } from "../../src/protocol/transaction.ts";
import { fieldText, headerTexts } from "../../src/web/bytes/field-texts.ts";
import { spanValue } from "../../src/web/bytes/span-values.ts";
import { standingOf } from "../../src/web/pages/block/standing.ts";
import { lifeOf, type Seen, seenAfter } from "../../src/web/pages/transaction/life.ts";
import { createTrustStore, readChainId, type TextStorage } from "../../src/web/verify/chain-trust.ts";
import { compare } from "../../src/web/verify/differences.ts";
import { createMemoryCache, digestOf, isWhole, keptChainsMax } from "../../src/web/verify/light-cache.ts";
import { namesIn } from "../../src/web/verify/named-things.ts";
import { alice, bob } from "../chain/block-builder.ts";

const chainId = "ab".repeat(32);

describe("the chain that is trusted at an address", () => {
  const trust = { chainId, sinceMs: 5, isCompared: true };

  it("is remembered by address, also where the browser refuses its storage", () => {
    const texts = new Map<string, string>();
    const storage: TextStorage = {
      getItem: (key) => texts.get(key) ?? null,
      setItem: (key, text) => void texts.set(key, text),
      removeItem: (key) => void texts.delete(key),
    };
    createTrustStore(storage).remember("http://a/", trust);
    const store = createTrustStore(storage);
    assert.deepEqual(store.of("http://a/"), trust);
    assert.equal(store.of("http://b/"), undefined);
    store.forget("http://a/");
    assert.equal(store.of("http://a/"), undefined);
    const refused = () => {
      throw new DOMException("refused", "SecurityError");
    };
    const without = createTrustStore({ getItem: refused, setItem: refused, removeItem: refused });
    without.remember("http://a/", trust);
    assert.deepEqual(without.of("http://a/"), trust);
    for (const damaged of ["", "{}", '{"chainId":"<b>","sinceMs":1}', "[1]", "null"]) {
      texts.set("aurex-chain:http://a/", damaged);
      assert.equal(createTrustStore(storage).of("http://a/"), undefined, damaged);
    }
  });

  it("is read as people paste it", () => {
    for (const pasted of [
      chainId,
      chainId.toUpperCase(),
      ` 0x${chainId}\n`,
      chainId.replace(/(.{8})/g, "$1 "),
    ]) {
      assert.equal(readChainId(pasted), chainId, pasted);
    }
    for (const other of ["", "ab", `${chainId}a`, chainId.slice(1), `g${chainId.slice(1)}`]) {
      assert.equal(readChainId(other), undefined, other);
    }
  });
});

describe("what a light client knew", () => {
  it("is read back only whole and for its own chain", () => {
    const bytes = Uint8Array.of(1, 2, 3);
    const row = { chainId, bytes, savedAtMs: 7, digest: digestOf(chainId, bytes) };
    assert.ok(isWhole(row, chainId));
    const other = "cd".repeat(32);
    for (const damaged of [
      {},
      { ...row, bytes: Uint8Array.of(1, 2, 4) },
      { ...row, bytes: Uint8Array.of(1, 2) },
      { ...row, bytes: "010203" as never },
      { ...row, digest: undefined as never },
      { ...row, savedAtMs: Number.NaN },
      { ...row, chainId: other },
    ]) {
      assert.equal(isWhole(damaged, chainId), false);
    }
    assert.equal(isWhole(row, other), false);
  });

  it("is kept for the chains that were used last", async () => {
    const cache = createMemoryCache();
    const ids = Array.from({ length: keptChainsMax + 2 }, (_, index) => String(index));
    for (const id of ids) await cache.write(id, { bytes: Uint8Array.of(1), savedAtMs: 1 });
    assert.equal(await cache.read("0"), undefined);
    assert.ok(await cache.read(ids.at(-1) as string));
    await cache.forget(ids.at(-1) as string);
    assert.equal(await cache.read(ids.at(-1) as string), undefined);
  });
});

describe("what is shown against what was proven", () => {
  it("differs, is the same, or is named as not proven", () => {
    const shown = { a: 1, b: { c: "x", d: null }, list: [{ e: 1, f: 2 }], g: true };
    const same = compare(shown, { a: 1, b: { c: "x" }, list: [{ e: 1 }] });
    assert.deepEqual(same, { differences: [], unproven: ["b.d", "g", "list[].f"] });
    const { differences } = compare(shown, { a: "1", b: { c: "y", z: 3 }, list: [{ e: 1 }, { e: 2 }] });
    assert.deepEqual(
      differences.map(({ field, shown: was, proven }) => `${field}: ${was}, ${proven}`),
      ["a: 1, 1", "b.c: x, y", "b.z: (nothing), 3", "list.length: 1, 2", 'list[1]: (nothing), {"e":2}'],
    );
  });

  it("finds each name beside the address that it names", () => {
    const names = namesIn({ sender: "aurex1a", senderName: "a", payload: { to: "aurex1b", toName: "b" } });
    assert.deepEqual(
      [...names],
      [
        ["a", "aurex1a"],
        ["b", "aurex1b"],
      ],
    );
    assert.equal(namesIn([{ producer: null, producerName: null, name: "no" }]).size, 0);
  });
});

describe("bytes as fields", () => {
  it("have a title, a meaning and a value each", () => {
    const { bytes } = signTransaction(
      {
        payload: {
          kind: "transfer",
          to: bob.publicKey,
          assetId: new Uint8Array(32),
          amount: 77n,
          memo: fromUtf8("a\u202eb"),
        },
        sequence: 3,
        fee: 150_000_000n,
        validUntil: 2 ** 53 - 1,
        timestampMs: 1_700_000_000_000,
      },
      alice,
      new Uint8Array(32).fill(7),
    );
    const spans = transactionSpans(bytes);
    assert.ok(spans.ok);
    const values = new Map(
      spans.value.map((span) => {
        const text = fieldText("transaction", span);
        assert.ok(text.title !== "" && text.meaning.length > 10, span.path);
        assert.notEqual(text.title, "Bytes", `${span.path} has no text`);
        return [`${span.path} ${span.form}`, spanValue(bytes, span, text)];
      }),
    );
    assert.equal(values.get("sender bytes"), addressOf(alice.publicKey));
    assert.equal(values.get("fee number"), "1.5 AUR");
    assert.equal(values.get("timestampMs number"), "2023-11-14T22:13:20.000Z");
    assert.equal(values.get("validUntil number"), String(2 ** 53 - 1));
    assert.equal(values.get("payload.assetId bytes"), "zero (32 bytes)");
    assert.equal(values.get("payload.memo bytes"), "a\\u{202e}b", "nothing in it hides");
    assert.equal(values.get("payload offsets"), "134");
  });

  it("of a header all have texts, and texts stand for no other field", () => {
    const spans = headerSpans(HeaderType.serialize(HeaderType.defaultValue()));
    assert.ok(spans.ok);
    assert.deepEqual(
      Object.keys(headerTexts),
      spans.value.map(({ path }) => path),
    );
    for (const span of spans.value) {
      assert.notEqual(fieldText("block", { ...span, path: `header.${span.path}` }).title, "Bytes", span.path);
    }
  });
});

describe("an open block", () => {
  const block = { hash: "aa", canonical: true, final: false, confirmations: 1 };

  it("is beside the chain only if another block stands at its height", () => {
    assert.deepEqual(standingOf(block, undefined), { kind: "chain", confirmations: 1 });
    assert.deepEqual(standingOf(block, { ...block, confirmations: 9 }), { kind: "chain", confirmations: 9 });
    assert.equal(standingOf(block, { ...block, final: true }).kind, "final");
    assert.deepEqual(standingOf(block, { ...block, hash: "bb" }), { kind: "beside", now: "bb" });
    assert.deepEqual(standingOf({ ...block, canonical: false }, undefined), {
      kind: "beside",
      now: undefined,
    });
  });
});

describe("a transaction's life", () => {
  const base = { id: "11", head: { height: 9, hash: "ff" }, final: false, confirmations: 0 };
  const pending = {
    ...base,
    status: "pending",
    ready: true,
    waitingFor: "the next block",
    queue: { transactionsAhead: 0, bytesAhead: 0, blocksAhead: 0 },
    firstSeen: "2026-01-01T00:00:00.000Z",
  } as unknown as TransactionAnswer;
  const committed = (hash: string, confirmations: number, final = false) =>
    ({
      ...base,
      status: "committed",
      block: { height: 8, hash, timestampMs: 1, time: null },
      position: 2,
      confirmations,
      final,
    }) as unknown as TransactionAnswer;
  const dropped = {
    ...base,
    status: "dropped",
    reason: { code: "mempool/replaced", message: "another took its place" },
    replacedBy: "22",
  } as unknown as TransactionAnswer;

  const drawn = (answer: TransactionAnswer, engine: "pow" | "poa", certifiedHeight?: number) =>
    lifeOf(answer, { engine, certifiedHeight })
      .map(({ name, state }) => `${name} ${state}`)
      .join(", ");

  it("is a line of stages", () => {
    assert.equal(
      drawn(pending, "poa"),
      "received done, pending now, block later, certified later, final later",
    );
    assert.equal(drawn(pending, "pow"), "received done, pending now, block later, deep later");
    const inBlock = "received done, pending done, block done";
    assert.equal(drawn(committed("aa", 1), "poa", 7), `${inBlock}, certified now, final later`);
    assert.equal(drawn(committed("aa", 1), "poa", 8), `${inBlock}, certified done, final now`);
    assert.equal(drawn(committed("aa", 3, true), "poa"), `${inBlock}, certified done, final done`);
    assert.equal(drawn(committed("aa", 5), "pow"), `${inBlock}, deep now`);
    assert.equal(drawn(committed("aa", 6), "pow"), `${inBlock}, deep done`);
    assert.equal(drawn(dropped, "poa"), "received done, dropped failed");
  });

  it("is remembered while the page is open, also if a block leaves the chain", () => {
    const answers = [
      pending,
      pending,
      committed("aa", 1),
      committed("aa", 2),
      pending,
      committed("bb", 1),
      committed("cc", 1),
      committed("cc", 2, true),
      committed("cc", 3, true),
    ];
    let seen: readonly Seen[] = [];
    let before: TransactionAnswer | undefined;
    for (const [atMs, answer] of answers.entries()) {
      seen = seenAfter(seen, before, answer, atMs);
      before = answer;
    }
    assert.deepEqual(
      seen.map(({ what }) => what),
      [
        "it waits for a block",
        "it came into block 8",
        "its block 8 left the chain: it waits again",
        "it came into block 8",
        "its block 8 left the chain: it stands in block 8 now",
        "it is final",
      ],
    );
  });
});
