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
      "96265c1b3674114d765663d979e79f8d2dd4f72013e1f22d294a9226d11330ba",
    ));
  it("pow-classroom.json", async () =>
    assert.equal(
      await chainIdIn("pow-classroom.json"),
      "78b7bf7c8e76a811b0242297a0a9bde4e4e1b9dd2452f1fd6454ea23d7ae0633",
    ));
});
