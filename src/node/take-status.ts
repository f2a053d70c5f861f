/** A running node's status, taken from its parts. */

import path from "node:path";
import type { ClockStatus, NodeStatus } from "../api/node-status.ts";
import { includesBytes, toHex } from "../base/bytes.ts";
import { authoritiesOf } from "../consensus/engine.ts";
import type { Libp2pHost } from "../network/libp2p/libp2p-host.ts";
import type { ClockVerdict } from "../network/peers/clock-comparison.ts";
import { addressOf } from "../protocol/identity.ts";
import { sealingStateOf } from "../sealing/sealing-state.ts";
import type { AurexNodeOptions } from "./aurex-node-options.ts";
import type { ExportFollower } from "./export-follower.ts";
import type { NodeCore } from "./node-core.ts";
import type { PoolService } from "./pool-service.ts";
import { adviceOn } from "./situation/advice.ts";
import type { MachineFacts } from "./situation/take-situation.ts";

export interface StatusParts {
  readonly core: NodeCore;
  readonly host: Libp2pHost;
  readonly publicKey: Uint8Array;
  readonly facts: MachineFacts;
  readonly pool: PoolService | undefined;
  readonly follower: ExportFollower | undefined;
}

export function takeStatus(options: AurexNodeOptions, parts: StatusParts): NodeStatus {
  const { core, host, publicKey, facts, pool, follower } = parts;
  const { chain, mempool, network, producer } = core;
  const { head, spec, engine, final } = chain;
  const authorities = authoritiesOf(engine, head);
  const progress = network.syncProgress;
  const isMiner = producer !== undefined && spec.consensus === "pow";
  const hasThreads = isMiner && options.mineThreads !== 0;
  return {
    nodeId: network.nodeId,
    name: options.name,
    network: options.network,
    chainId: toHex(spec.chainId),
    consensus: spec.consensus,
    authority: producer !== undefined && includesBytes(authorities, publicKey),
    mining: isMiner,
    sealing: producer ? sealingStateOf(producer.notSealingBecause) : "off",
    notSealingBecause: producer?.notSealingBecause ?? null,
    advice: adviceOn(core.situation(facts)),
    dataDir: path.resolve(options.dataDir),
    head: { height: head.header.height, hash: head.hashHex, timestampMs: head.header.timestampMs },
    final: final ? { height: final.height, hash: toHex(final.hash) } : null,
    established: engine.authority?.finality(head).established !== false,
    quorum: final ? core.quorum : null,
    clock: clockStatus(network.clocks.verdict()),
    peers: network.peerCount,
    addresses: network.addresses,
    bootstrap: host.bootstrap(),
    mdnsFault: host.discoveryFault() ?? null,
    mempool: mempool.count,
    export: follower?.status() ?? null,
    accountIndex: {
      kept: chain.accountIndex.isKept,
      blocks: chain.accountIndex.blockCount,
      of: head.header.height + 1,
    },
    authorities: authorities.map(addressOf),
    address: addressOf(publicKey),
    syncing: progress ? { height: progress.height, targetHeight: progress.targetHeight } : null,
    hashesPerSecond: hasThreads ? (producer.progress?.hashesPerSecond ?? 0) : null,
    pool: pool?.summary() ?? null,
    hashesTried: hasThreads ? (producer.progress?.attempts ?? 0) : null,
  };
}

function clockStatus({ medianMs, measured, needed }: ClockVerdict): ClockStatus {
  return {
    offsetMs: medianMs === undefined ? null : -Math.round(medianMs),
    measuredAgainst: measured,
    needed,
  };
}
