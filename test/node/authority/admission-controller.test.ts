/** Who is voted for, by which policy, how often, and what the operator is told; on a real chain. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addressOf } from "../../../src/protocol/identity.ts";
import { authorityActions } from "../../../src/protocol/transaction.ts";
import { alice, authorities, bob, keyPairNamed } from "../../chain/block-builder.ts";
import { settled } from "../../chain/open-chain.ts";
import { type DeskRig, openDesk, windowEndMs } from "./desk-rig.ts";

const [self, second] = authorities as [typeof alice, typeof alice];
const alone = { authorities: [addressOf(self.publicKey)] };

function waitingOf(rig: DeskRig): (string | null)[] {
  return rig.desk.view().candidates.map(({ waitingBecause }) => waitingBecause);
}

describe("open-lan", () => {
  it("votes once for a candidate on the LAN that has answered for long enough", async () => {
    const rig = await openDesk();
    await rig.hello(alice);
    assert.deepEqual(rig.votes(), []);
    assert.deepEqual(waitingOf(rig), ["has not answered for long enough"]);
    await rig.clock.advance(2_000);
    await rig.hello(alice);
    await rig.clock.advance(2_000);
    await rig.hello(alice);
    const [vote, ...more] = rig.votes();
    assert.ok(vote);
    assert.deepEqual(more, []);
    assert.equal(vote.action, authorityActions.add);
    assert.deepEqual(vote.authority, alice.publicKey);
    assert.equal(vote.transaction.transaction.fee, 0n);
    assert.deepEqual(vote.transaction.transaction.sender, self.publicKey);
    assert.deepEqual(waitingOf(rig), [null]);
    await rig.hello(alice);
    assert.equal(rig.votes().length, 1, "while it waits");
    await rig.seal();
    await rig.hello(alice, { candidacy: rig.consentOf(alice, 400) });
    assert.deepEqual(rig.votes(), [], "while it counts on the chain");
    assert.deepEqual(
      rig.desk.view().ballots.map(({ voter, action, address }) => [voter, action, address]),
      [[addressOf(self.publicKey), "add", addressOf(alice.publicKey)]],
    );
  });

  it("votes afresh when the earlier vote has expired", async () => {
    const rig = await openDesk();
    await rig.helloForLongEnough(alice, { candidacy: rig.consentOf(alice, 2) });
    await rig.seal();
    await rig.seal();
    await rig.hello(alice, { candidacy: rig.consentOf(alice, 500) });
    assert.deepEqual(
      rig.votes().map(({ expiresAtHeight }) => expiresAtHeight),
      [500],
    );
  });

  it("does not vote for whoever comes from the world, is elsewhere on the chain, or forged a consent", async () => {
    const rig = await openDesk();
    await rig.helloForLongEnough(alice, { address: "/ip4/203.0.113.7/tcp/4000" });
    assert.deepEqual(waitingOf(rig), ["not on a private address"]);
    await rig.helloForLongEnough(alice, { height: 50 });
    assert.deepEqual(waitingOf(rig), ["not near our head"]);
    await rig.helloForLongEnough(bob, { candidacy: rig.consentOf(alice) });
    assert.equal(rig.desk.view().candidates.length, 1);
    assert.deepEqual(rig.votes(), []);
  });

  it("does not vote when the window is over, until the operator opens it for a time", async () => {
    const rig = await openDesk();
    await rig.clock.advance(windowEndMs - rig.clock.nowMs());
    await rig.helloForLongEnough(alice);
    assert.deepEqual(waitingOf(rig), ["the join window is closed"]);
    assert.deepEqual(rig.votes(), []);
    const opened = rig.desk.open(60_000);
    assert.ok(opened.ok);
    assert.equal(opened.value, rig.clock.nowMs() + 60_000);
    assert.equal(rig.desk.view().joinWindowEndsAtMs, opened.value);
    await rig.hello(alice);
    assert.equal(rig.votes().length, 1);
    await rig.clock.advance(60_000);
    await rig.helloForLongEnough(bob);
    assert.deepEqual(waitingOf(rig), ["the join window is closed"]);
  });

  it("stops at seven authorities", async () => {
    const members = [self, ...Array.from({ length: 6 }, (_, index) => keyPairNamed(`member ${index}`))];
    const rig = await openDesk({
      spec: { authorities: members.map(({ publicKey }) => addressOf(publicKey)) },
    });
    await rig.helloForLongEnough(alice);
    assert.deepEqual(rig.votes(), []);
    assert.deepEqual(waitingOf(rig), ["there are seven authorities"]);
  });

  it("votes for one candidate at a time, and for no other while that one is on its way", async () => {
    const rig = await openDesk();
    for (const name of ["x", "y", "z"]) await rig.helloForLongEnough(keyPairNamed(name));
    assert.deepEqual(
      rig.votes().map(({ authority }) => addressOf(authority)),
      [addressOf(keyPairNamed("x").publicKey)],
      "who has waited longest",
    );
    assert.equal(waitingOf(rig).filter((wait) => wait === "another candidate is first").length, 2);
    await rig.seal();
    await rig.hello(keyPairNamed("y"));
    assert.deepEqual(rig.votes(), [], "the ballot is open");
  });

  it("votes for nobody whose consent would keep its ballot open for ever", async () => {
    const rig = await openDesk();
    await rig.helloForLongEnough(alice, { candidacy: rig.consentOf(alice, 1_000) });
    assert.deepEqual(waitingOf(rig), ["its consent is valid for too long"]);
    assert.deepEqual(rig.votes(), []);
  });

  it("begins anew with a candidate that was silent, and forgets it", async () => {
    const rig = await openDesk();
    await rig.hello(alice);
    await rig.hello(alice);
    await rig.clock.advance(31_000);
    assert.deepEqual(rig.desk.view().candidates, []);
    await rig.hello(alice);
    assert.deepEqual(waitingOf(rig), ["has not answered for long enough"]);
  });

  it("votes by itself only where it is an authority, was started as one and may", async () => {
    for (const options of [{ self: bob }, { authority: false }, { mayNotSign: "syncing" as const }]) {
      const rig = await openDesk(options);
      await rig.helloForLongEnough(alice);
      assert.deepEqual(rig.votes(), []);
    }
  });

  it("votes at once when its node may sign again, not only with the next hello or head", async () => {
    const rig = await openDesk({ mayNotSign: "syncing" });
    await rig.helloForLongEnough(alice);
    rig.permission?.set("clock off");
    await settled();
    assert.deepEqual(rig.votes(), []);
    rig.permission?.set(undefined);
    await settled();
    assert.equal(rig.votes().length, 1);
  });

  it("admits on a chain of its own: the vote passes with its block, and the log says what two mean before", async () => {
    const rig = await openDesk({ spec: alone });
    await rig.helloForLongEnough(alice);
    assert.equal(
      rig.warnings.filter((text) => /about to have two authorities.*--trust-recovery/.test(text)).length,
      1,
    );
    await rig.seal();
    assert.deepEqual(rig.desk.view().inFlight, { action: "add", address: addressOf(alice.publicKey) });
    await rig.hello(alice);
    assert.deepEqual(rig.votes(), []);
  });
});

describe("other policies", () => {
  it("token: votes wherever the candidate is, as who connects has the secret", async () => {
    const rig = await openDesk({ spec: { admission: "token", joinWindowMs: 0 } });
    await rig.helloForLongEnough(alice, { address: "/ip4/203.0.113.7/tcp/4000" });
    assert.equal(rig.votes().length, 1);
    assert.equal(rig.desk.view().joinWindowEndsAtMs, null);
    const opened = rig.desk.open(1_000);
    assert.ok(!opened.ok);
    assert.equal(opened.fault.code, "authority/window-not-used");
  });

  it("vote: tells the operator the command, once, and votes when told", async () => {
    const rig = await openDesk({ spec: { admission: "vote", joinWindowMs: 0 } });
    await rig.helloForLongEnough(alice);
    await rig.helloForLongEnough(alice);
    assert.deepEqual(rig.votes(), []);
    const command = `aurex-node authority vote add ${addressOf(alice.publicKey)}`;
    assert.equal(rig.warnings.filter((text) => text.includes(command)).length, 1);
    const voted = await rig.desk.vote({ action: "add", authority: alice.publicKey });
    assert.ok(voted.ok);
    const [vote] = rig.votes();
    assert.equal(vote?.transaction.idHex, voted.value);
    assert.deepEqual(await rig.desk.vote({ action: "add", authority: alice.publicKey }), voted);
    assert.equal(rig.votes().length, 1);
  });
});

describe("an operator's votes", () => {
  it("take a consent that was handed over, and none that nobody gave", async () => {
    const rig = await openDesk({ spec: { admission: "vote", joinWindowMs: 0 } });
    const refused = await rig.desk.vote({ action: "add", authority: alice.publicKey });
    assert.ok(!refused.ok);
    assert.equal(refused.fault.code, "authority/consent-missing");
    const forged = { action: "add", authority: alice.publicKey, ...rig.consentOf(bob) } as const;
    const invalid = await rig.desk.vote(forged);
    assert.ok(!invalid.ok);
    assert.equal(invalid.fault.code, "transaction/vote-invalid");
    const given = { action: "add", authority: alice.publicKey, ...rig.consentOf(alice) } as const;
    assert.ok((await rig.desk.vote(given)).ok);
  });

  it("are refused where they could change nothing", async () => {
    const rig = await openDesk();
    for (const [action, key] of [
      ["add", second],
      ["remove", alice],
    ] as const) {
      const voted = await rig.desk.vote({ action, authority: key.publicKey, ...rig.consentOf(key) });
      assert.ok(!voted.ok);
      assert.equal(voted.fault.code, "transaction/vote-useless");
    }
    const lonely = await openDesk({ spec: alone });
    const leaving = await lonely.desk.vote({ action: "remove", authority: self.publicKey });
    assert.ok(!leaving.ok);
    assert.equal(leaving.fault.code, "transaction/vote-useless");
    const stranger = await openDesk({ self: bob });
    const outside = await stranger.desk.vote({ action: "remove", authority: second.publicKey });
    assert.ok(!outside.ok);
    assert.equal(outside.fault.code, "authority/not-an-authority");
  });

  it("show each authority with its last block, and what a change takes", async () => {
    const rig = await openDesk();
    const { block } = await rig.seal(rig.builder.sign(alice, 0));
    await rig.hello(second, { candidacy: null });
    const view = rig.desk.view();
    assert.deepEqual([view.quorum, view.majority, view.admission], [2, 2, "open-lan"]);
    assert.deepEqual(
      view.authorities.map(({ address }) => address),
      authorities.map(({ publicKey }) => addressOf(publicKey)),
    );
    const producer = view.authorities.find(({ address }) => address === addressOf(block.header.producer));
    assert.equal(producer?.sealedHeight, 1);
    assert.deepEqual(
      view.authorities.map(({ self: isSelf }) => isSelf),
      [true, false, false],
    );
    assert.equal(view.authorities[1]?.name, "candidate");
    assert.equal(view.authorities[1]?.lastHeardMs, rig.clock.nowMs());
    assert.equal(view.authorities[2]?.lastHeardMs, null);
  });
});

describe("one's own candidacy", () => {
  it("is there while there is something to ask for, and is renewed in time", async () => {
    const rig = await openDesk({ self: bob });
    const first = rig.candidacy.current();
    assert.equal(first?.expiresAtHeight, 256, "short, since authorities vote by themselves here");
    assert.equal(rig.candidacy.current(), first, "signed once");
    for (let height = 1; height <= 128; height += 1) await rig.seal();
    assert.equal(rig.candidacy.current(), first);
    await rig.seal();
    const renewed = rig.candidacy.current();
    assert.equal(renewed?.expiresAtHeight, 385);
    const proposed = rig.desk.propose();
    assert.ok(proposed.ok);
    assert.equal(proposed.value.address, addressOf(bob.publicKey));
    assert.equal(proposed.value.consent, Buffer.from(renewed.consent).toString("hex"));
    assert.equal((await openDesk()).candidacy.current(), undefined, "an authority");
    assert.equal(
      (await openDesk({ self: bob, authority: false })).candidacy.current(),
      undefined,
      "a follower",
    );
  });

  it("ends when the node leaves, until the operator proposes it again", async () => {
    const rig = await openDesk();
    assert.ok((await rig.desk.vote({ action: "remove", authority: self.publicKey })).ok);
    await rig.seal();
    assert.deepEqual(rig.desk.view().inFlight, { action: "remove", address: addressOf(self.publicKey) });
    const refused = rig.desk.propose();
    assert.ok(!refused.ok);
    assert.equal(refused.fault.code, "authority/already-one");
    await rig.sealUntilInForce();
    assert.equal(rig.candidacy.current(), undefined);
    assert.ok(rig.desk.propose().ok);
    assert.ok(rig.candidacy.current());
  });

  it("is not for a node that was not started to be an authority", async () => {
    const rig = await openDesk({ self: bob, authority: false });
    const refused = rig.desk.propose();
    assert.ok(!refused.ok);
    assert.equal(refused.fault.code, "authority/not-started-as-one");
  });
});
