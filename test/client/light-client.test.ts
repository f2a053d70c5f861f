/** A light client over time: what it stores, how it follows reorganizations, and what it asks for. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import {
  certificateProblem,
  createApiClient,
  type Fetch,
  fromHex,
  LightClient,
  openCertificates,
  routes,
  type Verified,
} from "../../src/client/index.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { type AuthorityStage, openAuthorityStage, openWorkStage, type WorkStage } from "./lying/stages.ts";

const closers: (() => Promise<void>)[] = [];
let poa: AuthorityStage;
let pow: WorkStage;
before(async () => {
  poa = await openAuthorityStage(closers);
  pow = await openWorkStage(closers);
});
after(async () => {
  for (const close of closers) await close();
});

function proven<Value>(verified: Verified<Value>): Value {
  assert.ok(verified.ok, verified.ok ? "" : JSON.stringify(verified.fault));
  return verified.value;
}

/** An API client that notes which paths it asked for. */
function watched(url: string) {
  const paths: string[] = [];
  const watchedFetch: Fetch = (target, init) => {
    paths.push(target.slice(url.length));
    return fetch(target, init);
  };
  return { api: createApiClient(url, { fetch: watchedFetch }), paths };
}

describe("a light client", () => {
  it("goes on from what it stored: neither the genesis nor the way is asked for again", async () => {
    for (const stage of [poa, pow]) {
      const { chainId } = stage;
      const first = proven(await LightClient.open({ chainId, api: createApiClient(stage.rig.url) }));
      const status = proven(await first.sync());
      const { api, paths } = watched(stage.rig.url);
      const resumed = proven(await LightClient.open({ chainId, api, stored: first.store() }));
      assert.deepEqual(resumed.status, status);
      assert.deepEqual(paths, []);
      proven(await resumed.verifyTransaction(stage.full.id));
      assert.deepEqual(paths, [`/v1/transactions/${stage.full.id}/proof`]);
      assert.deepEqual(proven(await resumed.sync()), status);
      assert.deepEqual(resumed.store(), first.store());
    }
  });

  it("refuses what was stored for another chain, or is damaged", async () => {
    const opened = proven(
      await LightClient.open({ chainId: poa.chainId, api: createApiClient(poa.rig.url) }),
    );
    await opened.sync();
    const stored = opened.store();
    const api = createApiClient(pow.rig.url);
    const ofOther = await LightClient.open({ chainId: pow.chainId, api, stored });
    assert.ok(!ofOther.ok && ofOther.fault.code === "light/stored-invalid");
    for (const damaged of [
      stored.subarray(1),
      stored.subarray(0, -9),
      new Uint8Array(0),
      Uint8Array.of(1, 2),
    ]) {
      const result = await LightClient.open({ chainId: poa.chainId, api, stored: damaged });
      assert.ok(!result.ok && result.fault.code === "light/stored-invalid", JSON.stringify(result));
    }
  });

  it("knows the authorities and the final block as the node does", async () => {
    const light = proven(await LightClient.open({ chainId: poa.chainId, api: createApiClient(poa.rig.url) }));
    assert.equal(light.status.height, 0);
    const status = proven(await light.sync());
    const { engine, head } = poa.rig.chain;
    assert.deepEqual(status.authorities, engine.authority!.setAt(head).map(addressOf));
    assert.equal(status.height, poa.rig.chain.final?.height);
    assert.equal(status.consensus, "poa");
  });

  it("follows the chain once for all who ask at the same time", async () => {
    const { api, paths } = watched(poa.rig.url);
    const light = proven(await LightClient.open({ chainId: poa.chainId, api }));
    const asked = [poa.bob, poa.alice, poa.bob].map((account) => light.verifyBalance(account));
    const [one, other, again] = (await Promise.all(asked)).map(proven);
    assert.deepEqual(one, again);
    assert.notEqual(one?.balance, other?.balance);
    assert.equal(paths.filter((path) => path.startsWith("/v1/light")).length, 1);
  });

  it("follows a heavier branch, and does not go back for a node that is behind", async () => {
    const { builder, blocks, rig, chainId } = pow;
    const light = proven(await LightClient.open({ chainId, api: createApiClient(rig.url) }));
    const before = proven(await light.sync());
    const orphaned = blocks.at(-1)!.block;
    assert.equal(proven(await light.verifyBlock(orphaned.hashHex)).confirmations, 1);
    const behind = await openWorkStage(closers);
    const branch = builder.branch(blocks.at(-4)!, 6, { laterMs: 1 });
    for (const { block } of branch) assert.ok((await rig.chain.importBlock(block)).ok);
    const after = proven(await light.sync());
    assert.equal(after.hash, branch.at(-1)!.block.hashHex);
    assert.equal(after.height, before.height + 3);
    assert.equal(proven(await light.verifyBlock(branch[0]!.block.hashHex)).confirmations, 6);
    const stale = proven(
      await LightClient.open({ chainId, api: createApiClient(behind.rig.url), stored: light.store() }),
    );
    assert.equal(proven(await stale.sync()).hash, after.hash);
    const shown = await stale.verifyBlock(orphaned.hashHex);
    assert.ok(!shown.ok && shown.fault.code === "light/block-unknown", JSON.stringify(shown));
  });

  it("proves the newest block of a chain that grows while it is asked, and gives up one that never waits", async () => {
    const { builder, blocks, rig, chainId, bob } = await openWorkStage(closers, "d7".repeat(32));
    let tip = blocks.at(-1)!;
    let left = 3;
    let asked = 0;
    const growing: Fetch = async (target, init) => {
      if (!target.endsWith("/proof")) return fetch(target, init);
      asked += 1;
      if (left > 0) {
        left -= 1;
        tip = builder.on(tip);
        assert.ok((await rig.chain.importBlock(tip.block)).ok);
      }
      return fetch(target, init);
    };
    const api = createApiClient(rig.url, { fetch: growing });
    const light = proven(await LightClient.open({ chainId, api }));
    const { block } = proven(await light.verifyBalance(bob));
    assert.deepEqual([block.hash, asked], [tip.block.hashHex, 4]);
    [left, asked] = [1_000, 0];
    const never = await light.verifyBalance(bob);
    assert.ok(!never.ok && never.fault.code === "light/block-unknown", JSON.stringify(never));
    assert.ok(asked < 20, String(asked));
  });

  it("opens the votes behind a final block, and says what fewer of them are worth", async () => {
    const { chainId, rig, full } = poa;
    const api = createApiClient(rig.url);
    const input = { params: { reference: full.hash } };
    const answer = await api.call(routes.getBlockProof, input);
    const opened = proven(await openCertificates(answer, fromHex(chainId, 32)!));
    assert.ok(opened.length > 0);
    for (const block of opened) {
      assert.equal(block.authorities.length, 4);
      assert.ok(block.votes.length >= 3 && block.target.height >= full.height);
      assert.equal(certificateProblem(block), undefined);
      const two = { ...block, votes: block.votes.slice(0, 2) };
      assert.equal(certificateProblem(two), "2 signers, needed are 3");
      const [first, ...others] = block.votes;
      const forged = { ...first!, signature: first!.signature.with(5, first!.signature[5]! ^ 1) };
      assert.match(
        certificateProblem({ ...block, votes: [forged, ...others] })!,
        /signature of .* does not hold/,
      );
      const stranger = { ...first!, voter: first!.voter.with(0, first!.voter[0]! ^ 1) };
      assert.match(certificateProblem({ ...block, votes: [stranger, ...others] })!, /no authority/);
    }
    const ofWork = await createApiClient(pow.rig.url).call(routes.getBlockProof, {
      params: { reference: pow.full.hash },
    });
    assert.deepEqual(proven(await openCertificates(ofWork, fromHex(pow.chainId, 32)!)), []);
    const ofOther = await openCertificates(answer, fromHex(pow.chainId, 32)!);
    assert.ok(!ofOther.ok && ofOther.fault.code === "light/wrong-chain");
  });

  it("says who voted for the block that a block certifies, who sealed it, and by what it is final", async () => {
    const light = proven(await LightClient.open({ chainId: poa.chainId, api: createApiClient(poa.rig.url) }));
    proven(await light.sync());
    const { hash } = poa.full;
    const body = proven(await light.verifyBody(hash));
    const shown = await poa.rig.client.block(hash);
    assert.ok(shown.certificate && shown.certificate.signers.length > 0);
    assert.deepEqual(body.signers, shown.certificate.signers);
    assert.equal(body.contents.hashHex, hash);
    const sealed = await light.verifySeal(hash);
    assert.equal(proven(sealed).producer, shown.producer);
    const said = new Map(sealed.steps.map(({ check, what }) => [check, what]));
    assert.match(said.get("certificates") ?? "", /^3 of 4 authorities have signed block \d+/);
    assert.match(said.get("final") ?? "", /^these certificates make block \d+ final/);
    assert.match(said.get("seal") ?? "", new RegExp(`^${shown.producer} has signed the hash`));
    const begin = await light.verifySeal(0);
    assert.equal(proven(begin).producer, null);
    assert.ok(begin.steps.some(({ what }) => what === "block 0 follows from the chain spec"));
    const mined = proven(await LightClient.open({ chainId: pow.chainId, api: createApiClient(pow.rig.url) }));
    proven(await mined.sync());
    assert.ok((await mined.verifySeal(pow.full.hash)).steps.some(({ check }) => check === "seal"));
    assert.equal(proven(await mined.verifyBody(pow.full.hash)).signers, null);
  });

  it("takes names and trusted blocks as people write them", async () => {
    const api = createApiClient(poa.rig.url);
    const light = proven(await LightClient.open({ chainId: poa.chainId.toUpperCase(), api }));
    const byName = proven(await light.verifyBalance("Bob@Example.com", poa.asset.toUpperCase()));
    assert.deepEqual([byName.address, byName.name, byName.assetBalance], [poa.bob, poa.bobsName, 77n]);
    const { address, assetBalance } = proven(await light.verifyBalance(poa.alice, poa.asset));
    assert.deepEqual([address, assetBalance], [poa.alice, 923n]);
    await assert.rejects(LightClient.open({ chainId: "ab", api }), /no chain id: 64 hex digits/);
    const wrong = { chainId: poa.chainId, api, trusted: ["xy"] };
    await assert.rejects(LightClient.open(wrong), /no hash: 64 hex digits/);
  });
});
