/** Whoever was an authority and is none any more comes back by operators' votes only; that follows from the chain. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addressOf } from "../../../src/protocol/identity.ts";
import type { KeyPair } from "../../../src/protocol/signing.ts";
import { authorityActions } from "../../../src/protocol/transaction.ts";
import { alice, authorities } from "../../chain/block-builder.ts";
import { type DeskRig, type DeskRigOptions, openDesk } from "./desk-rig.ts";

const [first, second, third] = authorities as [KeyPair, KeyPair, KeyPair];
const wait = "was an authority before: an operator has to vote";

function waitingOf(rig: DeskRig): (string | null)[] {
  return rig.desk.view().candidates.map(({ waitingBecause }) => waitingBecause);
}

function removalBy(rig: DeskRig, voter: KeyPair, removed: KeyPair) {
  return rig.builder.sign(voter, 0, {
    kind: "authorityVote",
    action: authorityActions.remove,
    authority: removed.publicKey,
    expiresAtHeight: 100,
    consent: new Uint8Array(64),
  });
}

/** On the chain of the desk's node, third has been voted out by first and second. */
async function deskAfterRemoval(options: DeskRigOptions = {}): Promise<DeskRig> {
  const rig = await openDesk(options);
  await rig.seal(removalBy(rig, first, third), removalBy(rig, second, third));
  assert.deepEqual(rig.desk.view().inFlight, { action: "remove", address: addressOf(third.publicKey) });
  await rig.sealUntilInForce();
  return rig;
}

describe("an authority that was removed by vote", () => {
  for (const spec of [{}, { admission: "token", joinWindowMs: 0 }] as const) {
    const policy = "admission" in spec ? spec.admission : "open-lan";

    it(`is not voted for by any node of a ${policy} network, whoever voted, nor after a restart`, async () => {
      for (const self of [first, second]) {
        const rig = await deskAfterRemoval({ spec, self });
        for (const restarts of [false, true]) {
          if (restarts) rig.restart();
          await rig.helloForLongEnough(third);
          assert.deepEqual(waitingOf(rig), [wait]);
          assert.deepEqual(rig.votes(), []);
        }
        // The same policy goes on for newcomers.
        await rig.helloForLongEnough(alice);
        assert.deepEqual(
          rig.votes().map(({ authority }) => addressOf(authority)),
          [addressOf(alice.publicKey)],
        );
      }
    });
  }

  it("is not let in by a join window that an operator opens", async () => {
    const rig = await deskAfterRemoval();
    assert.ok(rig.desk.open(60_000).ok);
    await rig.helloForLongEnough(third);
    assert.deepEqual(waitingOf(rig), [wait]);
    assert.deepEqual(rig.votes(), []);
  });

  it("is named to the operator with the command, and comes back by operators' votes", async () => {
    const rig = await deskAfterRemoval();
    await rig.helloForLongEnough(third);
    await rig.helloForLongEnough(third);
    const command = `aurex-node authority vote add ${addressOf(third.publicKey)}`;
    assert.equal(rig.warnings.filter((text) => text.includes(command)).length, 1);
    assert.ok((await rig.desk.vote({ action: "add", authority: third.publicKey })).ok);
    const { expiresAtHeight, consent } = rig.consentOf(third);
    const other = {
      kind: "authorityVote",
      action: authorityActions.add,
      authority: third.publicKey,
    } as const;
    await rig.seal(rig.builder.sign(second, 1, { ...other, expiresAtHeight, consent }));
    await rig.sealUntilInForce();
    assert.equal(rig.desk.view().authorities.length, 3);
  });
});

describe("an authority that has left", () => {
  it("asks again after a restart, and is let in by operators' votes only", async () => {
    const rig = await openDesk({ self: first });
    await rig.seal(removalBy(rig, third, third));
    await rig.sealUntilInForce();
    await rig.helloForLongEnough(third);
    assert.deepEqual(waitingOf(rig), [wait]);
    assert.deepEqual(rig.votes(), []);
  });
});
