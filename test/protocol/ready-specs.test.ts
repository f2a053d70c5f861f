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
      "c243cc2117ce3a47a715ddd7981237657155954d3b384fb1ea546ad078ad9609",
    ));
  it("pow-classroom.json", async () =>
    assert.equal(
      await chainIdIn("pow-classroom.json"),
      "9a6e1ca74f7d99272cca0216c36ff62a4a68437ad3ca1379ed37afd600810598",
    ));
});
