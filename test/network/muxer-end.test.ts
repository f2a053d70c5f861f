/** A peer whose connection ends in the moment in which the node opens a stream to it: the stream ends, and not the node. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { multiaddr } from "@multiformats/multiaddr";
import { suiteMaxMs } from "../support/patience.ts";
import { libp2pHost, realUntil, rulelessNode } from "./host-rigs.ts";

const protocol = "/aurex/echo/1";

it("ends a stream with a connection that ends as the stream is opened", {
  timeout: suiteMaxMs,
}, async (t) => {
  const host = await libp2pHost("server");
  host.serve(protocol, {
    requestBytesMax: 8,
    chunkBytesMax: 8,
    timeoutMs: 60_000,
    rateLimit: { requests: 100, perMs: 1_000 },
    handle: () => [],
  });
  await host.start();
  t.after(() => host.stop());
  const peer = await rulelessNode();
  t.after(() => peer.stop());
  const connection = await peer.dial(multiaddr(host.addresses()[0]!));
  await realUntil(() => host.peers().length === 1, "it is connected");
  // The second one comes after the answer to the muxer's first ping: from then on a new stream widens its window at once.
  await connection.newStream(protocol);
  await connection.newStream(protocol);
  const peerId = peer.peerId.toString();
  const options = { timeoutMs: 60_000, chunkBytesMax: 8, chunksMax: 1 };
  const asked = host.request(peerId, protocol, new Uint8Array(8), options)[Symbol.asyncIterator]().next();
  void host.ban(peerId, 60_000, "the test bans it");
  await assert.rejects(asked);
  // An error that nobody catches comes in the turn after, and fails the whole file.
  await new Promise((resolve) => setImmediate(resolve));
});
