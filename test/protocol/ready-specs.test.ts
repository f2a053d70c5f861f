/** The chain specs that come with the program: each is valid, and its chain id never changes by accident. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { toHex } from "../../src/base/bytes.ts";
import { chainSpecFromJson, chainSpecToJson } from "../../src/protocol/chain-spec-json.ts";

async function chainIdIn(file: string): Promise<string> {
  const spec = chainSpecFromJson(await readFile(new URL(`../../config/${file}`, import.meta.url), "utf8"));
  assert.ok(spec.ok, spec.ok ? "" : `${spec.fault.field} ${spec.fault.reason}`);
  const again = chainSpecFromJson(chainSpecToJson(spec.value));
  assert.ok(again.ok);
  assert.equal(
    toHex(again.value.chainId),
    toHex(spec.value.chainId),
    "written and read again it is the same chain",
  );
  return toHex(spec.value.chainId);
}

describe("ready chain specs", () => {
  it("pow.json", async () =>
    assert.equal(
      await chainIdIn("pow.json"),
      "f766f97fcf56ab501a94600ac87dff5dd75eec2cdf8395aaf3f6bc5b586271d3",
    ));
  it("pow-classroom.json", async () =>
    assert.equal(
      await chainIdIn("pow-classroom.json"),
      "b5db03bc27cc1330791b3234bbf87c20cbb5b58c8436ef49b5375e4ce9f75db2",
    ));
});
