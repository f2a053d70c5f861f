/** The secret of a closed network on disk: made once, brought by an invitation, and never exchanged for another. */
import assert from "node:assert/strict";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, it } from "node:test";
import { toHex } from "../../src/base/bytes.ts";
import { pinChainSpec } from "../../src/node/data-directory.ts";
import {
  createNetworkSecret,
  keepInvitation,
  loadNetworkSecret,
  readJoinedInvitation,
} from "../../src/node/network-secret.ts";
import { encodeInvitation, type Invitation } from "../../src/protocol/invitation.ts";
import { powSpec, refusedWith, temporaryFolder } from "./node-rig.ts";

const invitation: Invitation = {
  chainId: new Uint8Array(32).fill(1),
  secret: new Uint8Array(32).fill(2),
  network: "lab",
  addresses: ["/ip4/192.168.1.5/tcp/13246"],
};
const token = encodeInvitation(invitation);

describe("the secret of a closed network", () => {
  it("is made once, for its owner alone", async (t) => {
    const dataDir = path.join(await temporaryFolder(t), "new");
    assert.equal(await loadNetworkSecret(dataDir), undefined);
    const secret = await createNetworkSecret(dataDir);
    assert.equal(secret.length, 32);
    assert.deepEqual(await loadNetworkSecret(dataDir), secret);
    assert.deepEqual(await createNetworkSecret(dataDir), secret);
    assert.equal((await stat(path.join(dataDir, "network-secret"))).mode & 0o777, 0o600);
  });

  it("comes with an invitation, which stays as it was given", async (t) => {
    const dataDir = path.join(await temporaryFolder(t), "new");
    assert.equal(await readJoinedInvitation(dataDir), undefined);
    assert.deepEqual(await keepInvitation(dataDir, `  ${token}\n`), invitation);
    assert.deepEqual(await readJoinedInvitation(dataDir), invitation);
    assert.deepEqual(await loadNetworkSecret(dataDir), invitation.secret);
    assert.deepEqual(await createNetworkSecret(dataDir), invitation.secret);
    assert.equal((await stat(path.join(dataDir, "invitation"))).mode & 0o777, 0o600);
    assert.deepEqual(await keepInvitation(dataDir, token), invitation);
  });

  it("is never exchanged for that of another network", async (t) => {
    const joined = await temporaryFolder(t);
    await keepInvitation(joined, token);
    const before = await readFile(path.join(joined, "invitation"));
    for (const other of [
      { ...invitation, chainId: new Uint8Array(32).fill(7) },
      { ...invitation, secret: new Uint8Array(32).fill(7) },
    ]) {
      await refusedWith(6, () => keepInvitation(joined, encodeInvitation(other)));
    }
    assert.deepEqual(await readFile(path.join(joined, "invitation")), before);
    const founded = await temporaryFolder(t);
    await createNetworkSecret(founded);
    await refusedWith(6, () => keepInvitation(founded, token));
  });

  it("does not come into a data directory that holds another chain, but into one that holds its own", async (t) => {
    const dataDir = await temporaryFolder(t);
    const spec = powSpec();
    await pinChainSpec(dataDir, spec);
    const refused = await refusedWith(6, () => keepInvitation(dataDir, token));
    assert.match(refused.why, new RegExp(toHex(spec.chainId)));
    const own = { ...invitation, chainId: spec.chainId };
    assert.deepEqual(await keepInvitation(dataDir, encodeInvitation(own)), own);
  });

  it("is not guessed where its file is damaged", async (t) => {
    const dataDir = await temporaryFolder(t);
    await mkdir(dataDir, { recursive: true });
    await writeFile(path.join(dataDir, "network-secret"), "abc");
    await refusedWith(7, () => loadNetworkSecret(dataDir));
    await refusedWith(7, () => createNetworkSecret(dataDir));
    const joined = await temporaryFolder(t);
    await writeFile(path.join(joined, "invitation"), token.slice(0, -3));
    await refusedWith(7, () => loadNetworkSecret(joined));
  });

  it("needs a token, and says what is wrong with another text", async (t) => {
    const dataDir = await temporaryFolder(t);
    const refused = await refusedWith(2, () => keepInvitation(dataDir, token.slice(0, -2)));
    assert.equal(refused.message, "this is no invitation");
    assert.match(refused.why, /checksum/);
    assert.match(refused.next, /aurex-node invite/);
  });
});
