/** What an account has earned and cannot spend yet: shown beside its balance, and named where it would have been enough. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fromUtf8 } from "../../src/base/bytes.ts";
import { zeroBytes32 } from "../../src/protocol/hashing.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import type { Payload } from "../../src/protocol/transaction.ts";
import { alice, authority, bob, openApiRig } from "./api-rig.ts";

const record = (text: string): Payload => ({ kind: "record", data: fromUtf8(text) });
const payment: Payload = {
  kind: "transfer",
  to: bob.publicKey,
  assetId: zeroBytes32,
  amount: 100_000_000n,
  memo: new Uint8Array(0),
};

test("a reward is immature until it is a balance, and a transfer that reaches for it says so", async () => {
  const rig = await openApiRig({ blockReward: "2", minimumFee: "0.5", rewardMaturityBlocks: 1 });
  try {
    const earned = async () => {
      const { balance, balanceUnits, immature, immatureUnits } = await rig.client.account(
        addressOf(authority.publicKey),
      );
      return [balance, balanceUnits, immature, immatureUnits];
    };
    assert.deepEqual(await earned(), ["0", "0", "0", "0"]);
    await rig.client.submit(rig.sign(record("one"), alice).bytes);
    await rig.sealWaiting();
    assert.deepEqual(await earned(), ["0", "0", "2.5", "250000000"]);
    await assert.rejects(rig.client.submit(rig.sign(payment, authority).bytes), {
      code: "transaction/balance-too-low",
      message:
        "the account has 0 AUR and needs 1.5 AUR, with all that it has waiting; 2.5 AUR that it earned are not mature yet",
    });
    await rig.client.submit(rig.sign(record("two"), alice, { sequence: 1 }).bytes);
    await rig.sealWaiting();
    assert.deepEqual(await earned(), ["2.5", "250000000", "2.5", "250000000"]);
    await rig.client.submit(rig.sign(payment, authority).bytes);
  } finally {
    await rig.close();
  }
});
