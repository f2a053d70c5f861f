/** The answer of `GET /v1/peers`: who is connected, on which chain, and what their clocks say about ours. */
import { bytesEqual, toHex, toUtf8 } from "../base/bytes.ts";
import { describeClock } from "../network/clock-comparison.ts";
import type { Hello } from "../network/messages.ts";
import type { Network } from "../network/network.ts";
import { type ConsensusName, engineNumbers } from "../protocol/genesis.ts";
import { zeroBytes32 } from "../protocol/hashing.ts";

export interface PeerAnswer {
  readonly nodeId: string;
  /** Multiaddr of the connection. */
  readonly address: string;
  readonly direction: "inbound" | "outbound";
  /** On this node's chain. */
  readonly sameChain: boolean;
  /** What it says of itself; null until it has said hello. */
  readonly hello: HelloAnswer | null;
}

export interface HelloAnswer {
  readonly name: string;
  readonly network: string;
  readonly consensus: ConsensusName | null;
  /** Null: it has no chain yet. */
  readonly chainId: string | null;
  readonly height: number;
  readonly finalHeight: number;
}

export interface PeersAnswer {
  readonly peers: readonly PeerAnswer[];
  /** Nodes of this network and engine that were refused since the start, as their chain and this one never merge. */
  readonly refused: readonly {
    readonly nodeId: string;
    readonly atMs: number;
    readonly hello: HelloAnswer;
  }[];
  /** Whose clock is off and by how much, for people; null where none is known to be. */
  readonly clockNote: string | null;
}

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
