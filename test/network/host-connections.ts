/** Connects hosts as a dial loop would: again if the other side gave up on the handshake. */
import assert from "node:assert/strict";
import type { PeerHost } from "../../src/network/peer-host.ts";
import type { HostRig } from "./host-contract.ts";

const dialsMax = 10;

/**
 * Resolves when both hosts have been told of the connection; either may have ended it since.
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
  const told = new Set<PeerHost>();
  const onFrom = ({ peerId }: { peerId: string }) => peerId === to.peerId && told.add(from);
  const onTo = ({ peerId }: { peerId: string }) => peerId === from.peerId && told.add(to);
  from.events.on("peerConnected", onFrom);
  to.events.on("peerConnected", onTo);
  const isTold = () => (told.has(from) || isConnected(from, to)) && (told.has(to) || isConnected(to, from));
  const isOver = () => !isConnected(from, to) && !isConnected(to, from);
  try {
    for (let dials = 1; !isTold(); dials += 1) {
      assert.ok(dials <= dialsMax, `connected after ${dialsMax} dials`);
      const dialled = await rig.drive(from.dial(address)).then(
        () => true,
        () => false,
      );
      if (dialled) await rig.until(() => isTold() || isOver(), "both know of the connection");
    }
  } finally {
    from.events.off("peerConnected", onFrom);
    to.events.off("peerConnected", onTo);
  }
}

export function isConnected(a: PeerHost, b: PeerHost): boolean {
  return a.peers().some(({ peerId }) => peerId === b.peerId);
}
