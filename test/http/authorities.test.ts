/** The routes about authorities, over HTTP against a real chain and its admission desk. */
import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";
import { getConsensus } from "../../src/api/agreement.ts";
import { toHex } from "../../src/base/bytes.ts";
import { ApiProblem } from "../../src/client/api-problem.ts";
import { verifyConsent } from "../../src/protocol/authority-consent.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { type ApiRig, alice, authority, bob, openApiRig, rigToken } from "./api-rig.ts";
import { candidateAddress, type DeskRig, openDeskRig, own } from "./rig-desk.ts";

async function refused(answer: Promise<unknown>, status: number, code: string): Promise<ApiProblem> {
  const thrown = await answer.then(
    () => assert.fail("it was not refused"),
    (error: unknown) => error,
  );
  assert.ok(thrown instanceof ApiProblem, String(thrown));
  assert.deepEqual([thrown.status, thrown.code], [status, code]);
  assert.notEqual(thrown.next, "");
  return thrown;
}

async function withoutControl(t: TestContext): Promise<ApiRig> {
  const rig = await openApiRig();
  t.after(() => rig.close());
  return rig;
}

describe("the routes about authorities", () => {
  let rig: DeskRig;
  before(async () => {
    rig = await openDeskRig(authority);
  });
  after(() => rig.close());

  const post = (path: string, body: string | undefined, headers: Record<string, string> = {}) =>
    fetch(`${rig.url}/v1/authorities/${path}`, {
      method: "POST",
      headers,
      ...(body === undefined ? {} : { body }),
    });

  it("GET /v1/authorities shows the set, what it takes and who asks", async () => {
    const before = await rig.client.authorities();
    assert.deepEqual(
      before.authorities.map(({ address, self, sealedHeight }) => [address, self, sealedHeight]),
      [[own, true, 0]],
    );
    assert.deepEqual([before.quorum, before.majority, before.admission], [1, 1, "vote"]);
    assert.deepEqual(
      [before.inFlight, before.banned, before.ballots, before.joinWindowEndsAtMs],
      [null, [], [], null],
    );
    rig.candidateAsks();
    const [asks] = (await rig.client.authorities()).candidates;
    assert.equal(asks?.address, candidateAddress);
    assert.equal(asks?.name, "box");
    assert.equal(asks?.waitingBecause, "has not answered for long enough");
  });

  it("GET /v1/consensus calls authorities as their nodes call themselves", async () => {
    const { authorities, next } = await rig.client.call(getConsensus, {});
    const { name } = await rig.client.node();
    assert.deepEqual(
      [...authorities, ...next].map(({ address, nodeName }) => [address, nodeName]),
      [
        [own, name],
        [own, name],
      ],
    );
  });

  it("POST …/votes casts the node's vote, and answers the same vote with the same transaction", async () => {
    rig.candidateAsks();
    const vote = { action: "add", address: candidateAddress } as const;
    const voted = await rig.client.voteOnAuthority(vote);
    assert.equal(voted.status, "pending");
    assert.deepEqual(await rig.client.voteOnAuthority(vote), voted);
    await rig.sealWaiting();
    const shown = await rig.client.transaction(voted.id);
    assert.ok(shown.status === "committed");
    assert.equal(shown.sender, own);
    assert.equal(shown.feeUnits, "0");
    const { inFlight } = await rig.client.authorities();
    assert.deepEqual(inFlight, { action: "add", address: candidateAddress });
    await refused(rig.client.voteOnAuthority(vote), 409, "transaction/vote-useless");
  });

  it("refuses votes that cannot be", async () => {
    const votes = rig.client.voteOnAuthority;
    await refused(
      votes({ action: "add", address: addressOf(bob.publicKey) }),
      422,
      "authority/consent-missing",
    );
    const forged = {
      action: "add",
      address: addressOf(bob.publicKey),
      consent: "00".repeat(64),
      expiresAtHeight: 9,
    } as const;
    await refused(votes(forged), 400, "transaction/vote-invalid");
    await refused(votes({ action: "remove", address: own }), 409, "transaction/vote-useless");
    await refused(
      votes({ action: "remove", address: addressOf(alice.publicKey) }),
      409,
      "transaction/vote-useless",
    );
    await refused(votes({ action: "remove", address: `${own.slice(0, -1)}x` }), 400, "api/address-invalid");
    await refused(votes({ action: "burn" as "add", address: own }), 400, "api/request-invalid");
    await refused(
      votes({ action: "add", address: own, consent: "00".repeat(64) }),
      400,
      "api/request-invalid",
    );
  });

  it("POST …/open is for open-lan, and for a day at most", async () => {
    await refused(rig.client.openJoinWindow(60_000), 409, "authority/window-not-used");
    for (const forMs of [0, -1, 1.5, 86_400_001]) {
      await refused(rig.client.openJoinWindow(forMs), 400, "api/request-invalid");
    }
  });

  it("POST …/candidacy of an authority says that it is one", async () => {
    await refused(rig.client.proposeAuthority(), 409, "authority/already-one");
  });

  it("takes nothing without the node's token, and no form or text with it", async () => {
    const form = { "content-type": "application/x-www-form-urlencoded" };
    const token = { authorization: `Bearer ${rigToken}` };
    for (const path of ["votes", "open", "candidacy"]) {
      assert.equal((await post(path, "{}")).status, 401, path);
      assert.equal((await post(path, undefined, token)).status, 400, path);
      assert.equal((await post(path, "a=b", { ...form, ...token })).status, 415, path);
      assert.equal((await post(path, "{}", { "content-type": "text/plain", ...token })).status, 415, path);
    }
  });
});

describe("a node that is no authority", () => {
  it("casts no vote, and hands out its consent", async (t) => {
    const rig = await openDeskRig(bob);
    t.after(() => rig.close());
    const leave = rig.client.voteOnAuthority({ action: "remove", address: own });
    await refused(leave, 409, "authority/not-an-authority");
    const { address, consent, expiresAtHeight } = await rig.client.proposeAuthority();
    assert.equal(address, addressOf(bob.publicKey));
    const { chainId } = rig.chain.spec;
    assert.ok(verifyConsent(chainId, expiresAtHeight, Buffer.from(consent, "hex"), bob.publicKey));
    assert.equal(consent, toHex(Buffer.from(consent, "hex")));
  });

  it("of a Proof of Work chain says that there are none", async (t) => {
    const { client } = await withoutControl(t);
    const code = "authority/not-proof-of-authority";
    await refused(client.authorities(), 409, code);
    await refused(client.voteOnAuthority({ action: "remove", address: own }), 409, code);
    await refused(client.openJoinWindow(1_000), 409, code);
    await refused(client.proposeAuthority(), 409, code);
  });
});
