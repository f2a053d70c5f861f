/** Attackers that take connections: by many keys, by one key, and by sockets that never say who they are. Real TCP on loopback. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { afterEach, describe, it } from "node:test";
import { generateKeyPair } from "@libp2p/crypto/keys";
import type { Libp2p, PrivateKey } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { Registry } from "prom-client";
import type { Libp2pHost } from "../../src/network/libp2p/libp2p-host.ts";
import { suiteMaxMs, until } from "../support/patience.ts";
import { connectHosts, isConnected } from "./host-connections.ts";
import { libp2pHost, libp2pRig, strangerNode } from "./host-rigs.ts";

const everywhere = "/ip4/0.0.0.0/tcp/0";
const maxConnections = 24;
/** Eight at most, and a quarter of all. */
const outboundSlots = 6;

describe("a host under a crowd", { timeout: suiteMaxMs }, () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  /** @param seed also the peer's key */
  async function running(seed: string, options: Parameters<typeof libp2pHost>[1] = {}): Promise<Libp2pHost> {
    const host = await libp2pHost(seed, { listenAddresses: [everywhere], maxConnections, ...options });
    host.valuePeersBy(() => ({ isAuthority: false, isOnChain: true }));
    host.subscribe("/aurex/test/1", { messageBytesMax: 1_000, queueMax: 64, judge: () => "accept" });
    cleanups.push(() => host.stop());
    await host.start();
    return host;
  }

  function portOf(host: Libp2pHost): number {
    return Number(/tcp\/(\d+)/.exec(host.addresses()[0]!)![1]);
  }

  /** Another end of connections, which dials from this address and keeps no rule. */
  async function stranger(from: string, privateKey?: PrivateKey): Promise<Libp2p> {
    const node = await strangerNode(from, privateKey);
    cleanups.push(() => node.stop());
    return node;
  }

  async function open(node: Libp2p, to: Libp2pHost) {
    return node.dial(multiaddr(`/ip4/127.0.0.1/tcp/${portOf(to)}/p2p/${to.peerId}`));
  }

  it("keeps two connections with one key, however many it opens, and lets another key in", async () => {
    const metrics = new Registry();
    const host = await running("target", { metrics });
    const privateKey = await generateKeyPair("Ed25519");
    const attackers = await Promise.all(Array.from({ length: 8 }, () => stranger("127.0.0.1", privateKey)));
    const opened = await Promise.allSettled(attackers.map((node) => open(node, host)));
    await until(
      "six of eight are refused",
      () => opened.filter((each) => each.status === "fulfilled" && each.value.status === "open").length <= 2,
    );
    assert.equal(host.peers().length, 1);
    const honest = await running("honest");
    await connectHosts(libp2pRig(), honest, host);
    const evicted = await metrics.getSingleMetricAsString("aurex_connections_evicted_total");
    assert.match(evicted, /reason="spare"} [6-9]/);
    assert.match(evicted, /reason="crowded"} 0/);
  });

  for (const attackers of [1, 4, 8]) {
    it(`lets a newcomer in that comes beside ${attackers} addresses full of strangers' keys, and keeps who is of use`, async () => {
      const host = await running("target");
      const friend = await running("friend", { bootstrap: [] });
      await connectHosts(libp2pRig(), friend, host);
      const authority = await stranger("127.0.0.9");
      await open(authority, host);
      const authorityId = authority.peerId.toString();
      host.valuePeersBy((peer) => ({ isAuthority: peer === authorityId, isOnChain: true }));
      const sybils: Libp2p[] = [];
      for (let index = 0; index < 32; index += 1) {
        const node = await stranger(`127.0.0.${20 + (index % attackers)}`);
        sybils.push(node);
        await open(node, host).catch(() => undefined);
      }
      const isHere = (node: Libp2p) => node.getConnections().some(({ status }) => status === "open");
      await until(
        "some of them had to go",
        () => sybils.filter(isHere).length <= maxConnections - outboundSlots,
      );
      for (let index = 0; index < 5; index += 1) {
        const newcomer = await stranger(`127.0.0.${50 + index}`);
        await open(newcomer, host);
        // The attackers do not stop.
        for (const node of sybils.filter((each) => !isHere(each)).slice(0, 8)) {
          await open(node, host).catch(() => undefined);
        }
        await until("the newcomer is a peer", () =>
          host.peers().some(({ peerId }) => peerId === newcomer.peerId.toString()),
        );
        assert.ok(isHere(newcomer), `newcomer ${index} stays`);
      }
      assert.ok(isHere(authority), "the authority stays");
      assert.ok(isConnected(host, friend), "who came first stays");
      assert.ok(host.peers().length <= maxConnections - outboundSlots, `${host.peers().length} peers`);
    });
  }

  for (const attackers of [1, 3, 8]) {
    it(`lets every newcomer in beside half-open sockets of ${attackers} addresses, 180 a second, and keeps few of those`, async () => {
      const host = await running("target");
      const sockets = new Set<Socket>();
      let opened = 0;
      const flood = setInterval(() => {
        const from = `127.0.0.${20 + (opened % attackers)}`;
        const socket = connectTcp({ port: portOf(host), host: "127.0.0.1", localAddress: from });
        socket.on("connect", () => sockets.add(socket));
        socket.on("close", () => sockets.delete(socket));
        socket.on("error", () => undefined);
        // Every third one says a byte of nothing.
        if (opened % 3 === 2) socket.write("?");
        opened += 1;
      }, 1_000 / 180);
      cleanups.push(() => {
        clearInterval(flood);
        for (const socket of sockets) socket.destroy();
      });
      await until("the bounds are reached", () => opened > 300);
      for (let index = 0; index < 8; index += 1) {
        const newcomer = await stranger("127.0.0.5");
        await until(`newcomer ${index} is in`, () =>
          open(newcomer, host).then(
            () => true,
            () => false,
          ),
        );
      }
      clearInterval(flood);
      await until(
        "what is pending is bounded",
        () => sockets.size <= attackers * (16 + 64) && sockets.size <= 256,
      );
      await until("what never says who it is has gone", () => sockets.size === 0);
    });
  }

  it("stops while sockets wait at its gate", async () => {
    const host = await running("target");
    const socket = connectTcp({ port: portOf(host), host: "127.0.0.1" });
    socket.on("error", () => undefined);
    await once(socket, "connect");
    await host.stop();
    await until("the socket is closed", () => socket.destroyed);
  });
});
