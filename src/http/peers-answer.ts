/** The answer of `GET /v1/peers`: who is connected, on which chain, and what their clocks say about ours. */
import type { HelloAnswer, PeersAnswer } from "../api/node.ts";
import { bytesEqual, toHex, toUtf8 } from "../base/bytes.ts";
import { refusalText } from "../network/host/refusal-text.ts";
import type { Network } from "../network/network.ts";
import { describeClock } from "../network/peers/clock-comparison.ts";
import type { KnownPeer } from "../network/peers/directory.ts";
import { type ConsensusName, engineNumbers } from "../protocol/genesis.ts";
import { zeroBytes32 } from "../protocol/hashing.ts";

/** @param nowMs wall clock */
export function peersAnswer(network: Network, nowMs: number): PeersAnswer {
  const { peers, directory, clocks, bans } = network;
  return {
    peers: peers.map(({ peerId, address, direction, connectedAtMs, software = null }) => {
      const known = directory.peer(peerId);
      const measured = directory.measured(peerId);
      const { points, lastOffence = null } = network.standing(peerId);
      return {
        nodeId: peerId,
        address,
        direction,
        sameChain: known?.sameChain ?? false,
        hello: known ? helloAnswer(known) : null,
        software,
        connectedAtMs,
        latencyMs: measured ? Math.round(measured.roundTripMs * 10) / 10 : null,
        clockOffsetMs: measured?.clockOffsetMs === undefined ? null : Math.round(measured.clockOffsetMs),
        score: Math.round(points * 10) / 10,
        lastOffence,
      };
    }),
    refused: directory.refusedChains().map((peer) => {
      return { nodeId: peer.peerId, atMs: peer.refusedAtMs, hello: helloAnswer(peer) };
    }),
    banned: bans.map(({ peerId, reason, remainingMs }) => {
      return { nodeId: peerId, reason, why: refusalText(reason), untilMs: nowMs + remainingMs };
    }),
    clockNote: describeClock(clocks.verdict()) ?? null,
  };
}

function helloAnswer({ handshake, status }: KnownPeer): HelloAnswer {
  const { name, network, engine, chainId } = handshake;
  const engines = Object.keys(engineNumbers) as ConsensusName[];
  return {
    name: toUtf8(name) ?? "",
    network: toUtf8(network) ?? "",
    consensus: engines.find((known) => engineNumbers[known] === engine) ?? null,
    chainId: bytesEqual(chainId, zeroBytes32) ? null : toHex(chainId),
    height: status.height,
    finalHeight: status.final.height,
  };
}
