/** Keys that are made authorities and then do nothing, on a chain of real processes: each is voted out, by no operator. */
import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { fromHex } from "../../src/base/bytes.ts";
import { signConsent } from "../../src/protocol/authority-consent.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { keyPairNamed } from "../chain/block-builder.ts";
import { Stage } from "./processes.ts";

let stage: Stage;
before(async () => {
  stage = await Stage.open();
});
after(() => stage.close());

it("a key without a node is out again by itself, and blocks become final all the while", async () => {
  const [alpha, beta] = [await stage.nodeAddress("alpha"), await stage.nodeAddress("beta")];
  const chain = await stage.spec("open.json", {
    ...{ consensus: "poa", authorities: [alpha, beta], admission: "open-lan", joinWindowMs: 3_600_000 },
    ...{ periodMs: 200, stepMs: 200, heartbeatMs: 1 },
  });
  const poa = ["--consensus", "poa", "--chain", chain, "--authority"];
  const first = await stage.start("alpha", ...poa);
  const second = await stage.start("beta", ...poa, "--bootstrap", first.multiaddr);
  const { chainId } = await first.until("both make blocks final", ({ final }) => (final?.height ?? 0) >= 2);

  // Nobody has this key: it was voted in by a consent that was signed beforehand.
  const ghost = keyPairNamed("ghost");
  const address = addressOf(ghost.publicKey);
  const { head } = await first.api.node();
  const expires = head.height + 5_000;
  const consent = Buffer.from(signConsent(fromHex(chainId, 32) as Uint8Array, expires, ghost)).toString(
    "hex",
  );
  for (const name of ["alpha", "beta"]) {
    const vote = ["authority", "vote", "add", address, "--consent", consent, "--expires", String(expires)];
    const { code, stderr } = await stage.run([...vote, "--data-dir", stage.place(name)]).ended;
    assert.equal(code, 0, stderr);
  }
  await first.until("the ghost is in", ({ authorities }) => authorities.includes(address));
  const rid = await first.until("the ghost is out", ({ authorities }) => !authorities.includes(address));
  assert.deepEqual(new Set(rid.authorities), new Set([alpha, beta]));
  for (const node of [first, second]) {
    assert.equal(node.logged("voted to remove an authority that has neither sealed nor voted").length, 1);
    await node.until("blocks become final", ({ final }) => (final?.height ?? 0) > rid.head.height);
  }
});
