/** The answer of `GET /v1/peers`: who is connected, on which chain, and what their clocks say about ours. */
import type { HelloAnswer, PeersAnswer } from "../api/node.ts";
import { bytesEqual, toHex, toUtf8 } from "../base/bytes.ts";
import { describeClock } from "../network/clock-comparison.ts";
import type { Hello } from "../network/messages.ts";
import type { Network } from "../network/network.ts";
import { type ConsensusName, engineNumbers } from "../protocol/genesis.ts";
import { zeroBytes32 } from "../protocol/hashing.ts";

export function peersAnswer({ peers, directory, clocks }: Network): PeersAnswer {
  return {
    peers: peers.map(({ peerId, address, direction }) => {
      const known = directory.peer(peerId);
      const hello = known ? helloAnswer(known.hello) : null;
      return { nodeId: peerId, address, direction, sameChain: known?.sameChain ?? false, hello };
    }),
    refused: directory.refusedChains().map(({ peerId, refusedAtMs, hello }) => {
      return { nodeId: peerId, atMs: refusedAtMs, hello: helloAnswer(hello) };
    }),
    clockNote: describeClock(clocks.verdict()) ?? null,
  };
}

function helloAnswer({ name, network, engine, chainId, height, final }: Hello): HelloAnswer {
  const engines = Object.keys(engineNumbers) as ConsensusName[];
  return {
    name: toUtf8(name) ?? "",
    network: toUtf8(network) ?? "",
    consensus: engines.find((known) => engineNumbers[known] === engine) ?? null,
    chainId: bytesEqual(chainId, zeroBytes32) ? null : toHex(chainId),
    height,
    finalHeight: final.height,
  };
}
