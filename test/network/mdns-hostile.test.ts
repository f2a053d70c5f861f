/** Any machine on the LAN can send any bytes to the mDNS port: what is heard of them is bounded, and none of it ends the node. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { it, type TestContext } from "node:test";
import { type Answer, encode } from "dns-packet";
import { silentLogger } from "../../src/base/logger.ts";
import { Mdns, mdnsServiceTag } from "../../src/network/libp2p/mdns.ts";
import { mdnsGroup, mdnsPort } from "../../src/network/libp2p/mdns-socket.ts";
import { nodeIdOf } from "../../src/protocol/identity.ts";
import { suiteMaxMs, until } from "../support/patience.ts";

it("takes eight addresses of an answer, no answer over 9,000 bytes, no nonsense, and few of a flood", {
  timeout: suiteMaxMs,
}, async (t: TestContext) => {
  const network = `test-${randomBytes(6).toString("hex")}`;
  const tag = mdnsServiceTag(network);
  const heard: { readonly id: string; readonly addresses: number }[] = [];
  const mdns = new Mdns(
    { network, intervalMs: 60_000 },
    {
      logger: silentLogger,
      interfaces: () => [{ name: "lo", address: "127.0.0.1", addresses: ["127.0.0.1"], hasMulticast: true }],
      onPeer: ({ id, multiaddrs }) => heard.push({ id: id.toString(), addresses: multiaddrs.length }),
    },
  ).createService({ addressManager: { getAddresses: () => [] } });
  await mdns.start();
  t.after(() => mdns.stop());
  const socket = createSocket({ type: "udp4" });
  t.after(() => socket.close());
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  socket.setMulticastInterface("127.0.0.1");
  socket.setMulticastLoopback(true);

  const keyOf = (index: number) => {
    const key = new Uint8Array(32).fill(7);
    new DataView(key.buffer).setUint32(0, index);
    return nodeIdOf(key);
  };
  const answer = (peer: string, addresses: number): Buffer => {
    const name = `somebody.${tag}`;
    const answers: Answer[] = [{ type: "PTR", name: tag, data: name }];
    for (let index = 0; index < addresses; index += 1) {
      answers.push({ type: "TXT", name, data: `dnsaddr=/ip4/192.0.2.${index % 250}/tcp/1/p2p/${peer}` });
    }
    return encode({ type: "response", answers });
  };
  const send = (message: Uint8Array) =>
    new Promise<void>((resolve, reject) =>
      socket.send(message, mdnsPort, mdnsGroup, (error) => (error ? reject(error) : resolve())),
    );
  const ids = () => heard.map(({ id }) => id);

  await send(answer(keyOf(1), 12));
  try {
    await until("an answer is heard", () => ids().includes(keyOf(1)), { limitMs: 5_000 });
  } catch {
    t.skip(`no multicast on the loopback of this machine: ${mdns.fault}`);
    return;
  }
  assert.equal(heard[0]?.addresses, 8);
  const long = answer(keyOf(2), 80);
  assert.ok(long.length > 9_000, `${long.length} bytes`);
  await send(long);
  await send(answer("12D3KooWnonsense", 1));
  await send(randomBytes(500));
  await send(answer(keyOf(3), 1));
  await until("the one after them is heard", () => ids().includes(keyOf(3)));
  assert.deepEqual([...new Set(ids())], [keyOf(1), keyOf(3)]);
  const floods = 3_000;
  const beganMs = performance.now();
  for (let index = 0; index < floods; index += 1) await send(answer(keyOf(100 + index), 1));
  await until(
    "one that comes later is heard",
    async () => {
      await send(answer(keyOf(4), 1));
      return ids().includes(keyOf(4));
    },
    { pollMs: 200 },
  );
  const seconds = (performance.now() - beganMs) / 1_000;
  assert.ok(heard.length <= 300 + 128 * seconds, `${heard.length} of ${floods} heard in ${seconds} s`);
});
