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
      "f8475f3b9d5085b4bd15a621f887a7080ac89980cfabb9e174729d91590f766f",
    ));
  it("pow-classroom.json", async () =>
    assert.equal(
      await chainIdIn("pow-classroom.json"),
      "591e76fe40a0b61a2c43f7f008e2ec60b849872086500bdf33098bcdff073b6e",
    ));
});
