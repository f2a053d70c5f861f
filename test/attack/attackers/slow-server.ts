/** Claims a better chain than anyone, and serves it slowly, or not at all, or stops in the middle of an answer. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../../../src/base/clock.ts";
import { chainProtocols, RangeRequestType } from "../../../src/network/messages.ts";
import { chainStatus } from "../../../src/network/peers/status.ts";
import { SealedHeaderType } from "../../../src/protocol/block.ts";
import { attacker } from "../wire/attacker.ts";
import { openFollower } from "../wire/follower.ts";
import { RawPeer } from "../wire/raw-peer.ts";

/** Just below what the node waits for a chunk. */
const slowMs = 9_500;
/** How far ahead of everyone it says it is. */
const claimedBlocks = 1_000;

attacker(async (attack) => {
  const { core } = await openFollower(attack.order);
  const { chain } = core;
  const { spec } = chain;
  const { variant } = attack.order;
  const peer = await RawPeer.open({
    spec,
    network: attack.order.network,
    listen: true,
    status: () => {
      const status = chainStatus(chain, systemClock);
      return {
        ...status,
        head: new Uint8Array(randomBytes(32)),
        height: status.height + claimedBlocks,
        cumulativeWeight: status.cumulativeWeight * 1_000n,
        justifiedHeight: status.justifiedHeight + claimedBlocks,
      };
    },
  });
  const forEver = () => once(attack.signal, "abort");
  const protocols = chainProtocols(spec.chainId);
  await peer.serve(protocols.blocksByRange, {
    async *handle(request) {
      attack.count(1);
      if (variant === "mute") await forEver();
      const { startHeight, count, headersOnly } = RangeRequestType.deserialize(request);
      for (let height = startHeight; height < startHeight + count; height += 1) {
        const block = chain.blockAtHeight(height);
        if (!block) return;
        yield headersOnly
          ? SealedHeaderType.serialize({ header: block.header, seal: block.seal })
          : block.bytes;
        if (variant === "hang") await forEver();
        await delay(slowMs);
      }
    },
    timeoutMs: 600_000,
  });
  for (const protocol of [protocols.blocksByHash, protocols.mempool, protocols.votes]) {
    await peer.serveRaw(protocol, () => {});
  }
  await attack.begin(peer.addresses);
});
