/** Connects hosts as a dial loop would: again if the other side gave up on the handshake. */
import assert from "node:assert/strict";
import type { PeerHost } from "../../src/network/peer-host.ts";
import type { HostRig } from "./host-contract.ts";

const dialsMax = 10;

/**
 * Resolves when both hosts know of the connection.
 *
 * A handshake has a time limit on either side. On a busy machine one side may have finished the handshake when the other
 * side gives up: then the connection ends, and only a second dial helps.
 */
export async function connectHosts(
  rig: Pick<HostRig, "drive" | "until">,
  from: PeerHost,
  to: PeerHost,
): Promise<void> {
  const [address] = to.addresses();
  assert.ok(address, "it listens");
  for (let dials = 1; ; dials += 1) {
    try {
      await rig.drive(from.dial(address));
    } catch (error) {
      if (dials === dialsMax) throw error;
      continue;
    }
    await rig.until(() => isConnected(from, to) === isConnected(to, from), "both know of the connection");
    if (isConnected(from, to)) return;
    assert.ok(dials < dialsMax, `connected after ${dialsMax} dials`);
  }
}

export function isConnected(a: PeerHost, b: PeerHost): boolean {
  return a.peers().some(({ peerId }) => peerId === b.peerId);
}
