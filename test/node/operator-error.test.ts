/** Every error that an operator can mend has its exit code, and says what, why and what to do. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { ExportError, type ExportErrorCode } from "../../src/export/export-error.ts";
import {
  listenRefusal,
  OperatorError,
  placeUnusable,
  toOperatorError,
} from "../../src/node/operator-error.ts";
import { JournalError, type JournalErrorCode } from "../../src/sealing/poa/journal.ts";
import { StoreError, type StoreErrorCode } from "../../src/store/chain-store.ts";
import { KeyError, type KeyErrorCode } from "../../src/wallet/key-error.ts";

const cause = { cause: new Error("the cause") };

const storeCodes: Record<StoreErrorCode, number> = {
  "store/corrupt": 5,
  "store/newer-version": 5,
  "store/older-version": 5,
  "store/in-use": 3,
  "store/disk-full": 5,
  "store/wrong-chain": 6,
  "store/io": 5,
};
const keyCodes: Record<KeyErrorCode, number> = {
  "key/name-invalid": 7,
  "key/exists": 7,
  "key/not-found": 7,
  "key/permissions": 7,
  "key/corrupt": 7,
  "key/passphrase-empty": 7,
  "key/passphrase-unusable": 7,
  "key/passphrase-needed": 7,
  "key/passphrase-wrong": 7,
  "key/outbox-busy": 7,
  "key/io": 7,
};
const journalCodes: Record<JournalErrorCode, number> = {
  "journal/corrupt": 5,
  "journal/height-forgotten": 5,
  "journal/io": 5,
};
const exportCodes: Record<ExportErrorCode, number> = {
  "export/not-a-ledger": 2,
  "export/newer-version": 5,
  "export/older-version": 5,
  "export/genesis-mismatch": 6,
  "export/conflicts-with-final": 5,
  "export/source-incomplete": 5,
  "export/cannot-open": 2,
  "export/busy": 2,
  "export/held": 2,
  "export/excerpt": 2,
  "export/exists": 2,
  "export/read-only": 2,
  "export/disk-full": 5,
  "export/corrupt": 5,
  "export/thread-ended": 5,
  "export/io": 5,
  "export/bad-url": 2,
  "export/unreachable": 5,
  "export/denied": 2,
};

function checkEach<Code extends string>(codes: Record<Code, number>, make: (code: Code) => Error): void {
  for (const [code, exitCode] of Object.entries(codes) as [Code, number][]) {
    it(`${code} ends with ${exitCode}`, () => {
      const known = toOperatorError(make(code));
      assert.ok(known);
      const { message, why, next } = known;
      assert.deepEqual([known.code, known.exitCode], [code, exitCode]);
      assert.deepEqual([message, why, next], ["what", "the cause", "do this"]);
    });
  }
}

describe("an operator's error", () => {
  checkEach(storeCodes, (code) => new StoreError(code, "what", "do this", cause));
  checkEach(keyCodes, (code) => new KeyError(code, "what", "do this", cause));
  checkEach(journalCodes, (code) => new JournalError(code, "what", "do this", cause));
  checkEach(exportCodes, (code) => new ExportError(code, "what", "the cause", "do this"));

  it("stays as it is where it is one already, and has no reason where there is none", () => {
    const details = { code: "x/y", exitCode: 2, why: "why", next: "next" } as const;
    const error = new OperatorError("what", details);
    assert.equal(toOperatorError(error), error);
    assert.equal(toOperatorError(new KeyError("key/not-found", "what", "do this"))?.why, "");
  });

  it("is none of those that nobody foresaw", () => {
    const lookalike = Object.assign(new Error("x"), { code: "store/corrupt", next: "nothing" });
    for (const thrown of [new TypeError("x"), lookalike, "a text", undefined]) {
      assert.equal(toOperatorError(thrown), undefined);
    }
  });
});

describe("what the system throws", () => {
  it("names a taken port, however deep it lies", () => {
    const innermost = Object.assign(new Error("listen"), { code: "EADDRINUSE" });
    const known = listenRefusal(
      new Error("outer", { cause: new Error("middle", { cause: innermost }) }),
      "here",
      "--port",
    );
    assert.ok(known instanceof OperatorError);
    assert.equal(known.exitCode, 4);
    assert.match(known.next, /--port/);
    for (const [code, next] of [
      ["EADDRNOTAVAIL", /--listen-address/],
      ["EACCES", /above 1023/],
    ] as const) {
      const refusal = listenRefusal(Object.assign(new Error("listen"), { code }), "here", "--port");
      assert.ok(refusal instanceof OperatorError);
      assert.equal(refusal.exitCode, 2);
      assert.match(refusal.next, next);
    }
    const other = new Error("other");
    assert.equal(listenRefusal(other, "here", "--port"), other);
  });

  it("names a place that cannot be used", async () => {
    const thrown = await readFile(import.meta.dirname).catch((error: unknown) => error);
    const known = placeUnusable(thrown, "/place", "elsewhere");
    assert.ok(known instanceof OperatorError);
    assert.equal(known.exitCode, 2);
    assert.match(known.why, /EISDIR/);
    const store = new StoreError("store/in-use", "what", "do this");
    assert.equal(placeUnusable(store, "/place", "elsewhere"), store);
  });
});
