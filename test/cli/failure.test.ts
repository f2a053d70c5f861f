/** What is said of an error, and the exit code that it means. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { reportFailure } from "../../src/cli/failure.ts";
import type { Terminal } from "../../src/cli/terminal.ts";
import { exitCodes, OperatorError } from "../../src/node/operator-error.ts";
import { StoreError, type StoreErrorCode } from "../../src/store/chain-store.ts";
import { KeyError } from "../../src/wallet/key-error.ts";

function report(thrown: unknown): { code: number; text: string } {
  let text = "";
  const stderr = { write: (part: string) => (text += part) };
  const code = reportFailure(thrown, [], { stderr } as unknown as Terminal);
  return { code, text };
}

describe("a failure", () => {
  const storeCodes: [StoreErrorCode, number][] = [
    ["store/in-use", 3],
    ["store/corrupt", 5],
    ["store/newer-version", 5],
    ["store/wrong-chain", 6],
  ];
  for (const [storeCode, exitCode] of storeCodes) {
    it(`${storeCode} ends with ${exitCode}, what, why and next`, () => {
      const error = new StoreError(storeCode, "what happened", "the next command", {
        cause: new Error("the reason"),
      });
      assert.deepEqual(report(error), {
        code: exitCode,
        text: "Error: what happened\nWhy:   the reason\nNext:  the next command\n",
      });
    });
  }

  it("of a key ends with 7, without a line for a reason that nobody gave", () => {
    const { code, text } = report(new KeyError("key/not-found", "there is no key", "make one"));
    assert.equal(code, 7);
    assert.equal(text, "Error: there is no key\nNext:  make one\n");
  });

  it("that names its exit code ends with that", () => {
    const details = { code: "x/y", exitCode: exitCodes.portInUse, why: "why", next: "next" };
    assert.equal(report(new OperatorError("what", details)).code, 4);
  });

  it("that nobody foresaw is a bug: 1, with its stack, the versions and how to report it", () => {
    const { code, text } = report(new TypeError("undefined is not a function"));
    assert.equal(code, 1);
    assert.match(text, /^Error: aurex-node failed by a bug of its own: undefined is not a function\n/);
    assert.match(text, /\n {4}at .*failure\.test\.ts/);
    assert.match(text, /report it to the maintainers/);
    assert.ok(text.includes(process.version));
    assert.equal(report("a text").code, 1);
  });
});
