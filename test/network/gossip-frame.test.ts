/** Counting what a frame of gossip holds by its bytes: the same as the decoder finds, and nothing that it finds alone. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RPC } from "@chainsafe/libp2p-gossipsub/message";
import { countFrame } from "../../src/network/libp2p/gossip-frame.ts";
import { seededRandom } from "./host-rigs.ts";

const bytesOf = (length: number) => Buffer.alloc(length, 7);
const times = <Entry>(count: number, make: () => Entry) => Array.from({ length: count }, make);

function frameOf(counts: Record<"subscriptions" | "messages" | "grafts" | "prunes" | "ids", number>): RPC {
  return {
    subscriptions: times(counts.subscriptions, () => ({ subscribe: true, topic: "a/topic" })),
    messages: times(counts.messages, () => ({ topic: "a/topic", data: bytesOf(200) })),
    control: {
      ihave: [{ topicID: "a/topic", messageIDs: times(counts.ids, () => bytesOf(20)) }],
      iwant: [{ messageIDs: times(counts.ids, () => bytesOf(20)) }],
      graft: times(counts.grafts, () => ({ topicID: "a/topic" })),
      prune: times(counts.prunes, () => ({
        ...{ topicID: "a/topic", backoff: 60 },
        peers: [{ peerID: bytesOf(38), signedPeerRecord: bytesOf(100) }],
      })),
      idontwant: [{ messageIDs: times(counts.ids, () => bytesOf(20)) }],
    },
  };
}

/** What the decoder finds. */
function decodedCount(bytes: Uint8Array) {
  const { subscriptions, messages, control } = RPC.decode(bytes);
  const named = [...(control?.ihave ?? []), ...(control?.iwant ?? []), ...(control?.idontwant ?? [])];
  const prunes = control?.prune ?? [];
  return {
    messages: messages.length,
    control: subscriptions.length + named.length + (control?.graft.length ?? 0) + prunes.length,
    ids: [
      ...named.map(({ messageIDs }) => messageIDs.length),
      ...prunes.map(({ peers }) => peers.length),
    ].reduce((sum, each) => sum + each, 0),
  };
}

describe("counting a frame of gossip", () => {
  it("finds what the decoder finds", () => {
    const bytes = RPC.encode(frameOf({ subscriptions: 3, messages: 5, grafts: 7, prunes: 11, ids: 130 }));
    assert.deepEqual(countFrame(bytes), { messages: 5, control: 3 + 7 + 11 + 3, ids: 11 + 3 * 130 });
    assert.deepEqual(countFrame(bytes), decodedCount(bytes));
    assert.deepEqual(countFrame(new Uint8Array(0)), { messages: 0, control: 0, ids: 0 });
  });

  it("counts the entries of each of several control messages, of which the decoder keeps the last", () => {
    const one = RPC.encode(frameOf({ subscriptions: 0, messages: 0, grafts: 4, prunes: 0, ids: 0 }));
    assert.equal(countFrame(Buffer.concat([one, one]))?.control, 2 * (4 + 3));
  });

  it("never finds less than the decoder in a frame whose bytes were changed", () => {
    const random = seededRandom(67);
    const whole = RPC.encode(frameOf({ subscriptions: 2, messages: 2, grafts: 3, prunes: 3, ids: 4 }));
    let decoded = 0;
    for (let round = 0; round < 20_000; round += 1) {
      const bytes = Uint8Array.from(whole);
      for (let change = 0; change < 3; change += 1) {
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      }
      const counted = countFrame(bytes);
      if (!counted) continue;
      let found: ReturnType<typeof decodedCount>;
      try {
        found = decodedCount(bytes);
      } catch {
        continue;
      }
      decoded += 1;
      for (const kind of ["messages", "control", "ids"] as const) {
        assert.ok(counted[kind] >= found[kind], `${kind} in ${Buffer.from(bytes).toString("hex")}`);
      }
    }
    assert.ok(decoded > 1_000, `${decoded} frames decoded`);
  });

  it("takes for no frame what ends early, or writes an entry in a way that the decoder would let pass", () => {
    const whole = RPC.encode(frameOf({ subscriptions: 0, messages: 1, grafts: 0, prunes: 0, ids: 1 }));
    assert.equal(countFrame(whole.subarray(0, -1)), undefined);
    const lenient = Uint8Array.of((3 << 3) | 0, 2, (4 << 3) | 2, 0);
    assert.equal(RPC.decode(lenient).control?.prune.length, 1);
    assert.equal(countFrame(lenient), undefined);
    const group = Uint8Array.of((9 << 3) | 3, (9 << 3) | 4);
    assert.equal(countFrame(group), undefined);
  });
});
