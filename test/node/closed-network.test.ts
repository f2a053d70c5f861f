/** A closed network of real nodes: an invitation is enough to become an authority, and without one nobody gets in. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AurexNode } from "../../src/node/aurex-node.ts";
import { createNetworkSecret, keepInvitation, readJoinedInvitation } from "../../src/node/network-secret.ts";
import { chainSpecFrom } from "../../src/protocol/chain-spec-json.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { encodeInvitation } from "../../src/protocol/invitation.ts";
import { loadOrCreateNodeKey } from "../../src/wallet/keystore.ts";
import { until } from "../support/patience.ts";
import { quietOptions, temporaryFolder } from "./node-rig.ts";

describe("a closed network", () => {
  it("takes in who was invited, and nobody else", async (t) => {
    const [founderDir, guestDir, strangerDir] = [
      await temporaryFolder(t),
      await temporaryFolder(t),
      await temporaryFolder(t),
    ];
    const { publicKey } = await loadOrCreateNodeKey(founderDir);
    const spec = chainSpecFrom({
      name: "closed",
      consensus: "poa",
      timestamp: new Date().toISOString(),
      salt: "33".repeat(32),
      authorities: [addressOf(publicKey)],
      periodMs: 100,
      stepMs: 50,
      admission: "token",
    });
    assert.ok(spec.ok);
    const { chainId } = spec.value;
    const secret = await createNetworkSecret(founderDir);
    const founder = await AurexNode.open(quietOptions(founderDir, spec.value));
    t.after(() => founder.stop());
    await founder.start();
    const addresses = founder.network.addresses.map((address) => address.replace(/\/p2p\/.*/, ""));
    const token = encodeInvitation({ chainId, secret, network: "test", addresses });

    await keepInvitation(guestDir, token);
    const invitation = await readJoinedInvitation(guestDir);
    assert.ok(invitation);
    const bootstrap = invitation.addresses;
    const guest = await AurexNode.open(quietOptions(guestDir, spec.value, { name: "guest", bootstrap }));
    t.after(() => guest.stop());
    await guest.start();
    const stranger = await AurexNode.open(
      quietOptions(strangerDir, spec.value, { name: "stranger", bootstrap }),
    );
    t.after(() => stranger.stop());
    await stranger.start();

    const both = [addressOf(publicKey), addressOf(guest.publicKey)].sort();
    for (const node of [founder, guest]) {
      await until("both are authorities", () => {
        const { authorities, final } = node.status();
        return [...authorities].sort().join() === both.join() && (final?.height ?? 0) > 0;
      });
    }
    assert.equal(guest.status().notSealingBecause === "waiting for admission", false);
    assert.deepEqual(guest.status().quorum?.needed, 2);
    assert.equal(stranger.status().peers, 0);
    assert.equal(stranger.status().notSealingBecause, "waiting for admission");
    assert.equal(founder.status().peers, 1);
  });
});
