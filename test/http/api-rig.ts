/** A chain of one authority with its API on a free port: blocks are sealed when a test says so. */

import { once } from "node:events";
import type { NodeStatus } from "../../src/api/node-status.ts";
import { toHex } from "../../src/base/bytes.ts";
import { systemClock } from "../../src/base/clock.ts";
import { type Logger, silentLogger } from "../../src/base/logger.ts";
import { Chain } from "../../src/chain/chain.ts";
import { createApiClient } from "../../src/client/api-client.ts";
import { createEngine } from "../../src/consensus/create-engine.ts";
import { type Api, type ApiOptions, createApi } from "../../src/http/api.ts";
import type { AuthorityControl } from "../../src/http/authority-control.ts";
import type { EventLimits } from "../../src/http/events/event-source.ts";
import type { WorkControl } from "../../src/http/work-control.ts";
import { createMempool, type Mempool } from "../../src/mempool/mempool.ts";
import { mempoolChange, mempoolHead } from "../../src/node/node-core.ts";
import { chainSpecFrom } from "../../src/protocol/chain-spec-json.ts";
import type { ChainSpec } from "../../src/protocol/genesis.ts";
import { addressOf, nodeIdOf } from "../../src/protocol/identity.ts";
import { type KeyPair, keyPairFromSeed } from "../../src/protocol/signing.ts";
import { type DecodedTransaction, type Payload, signTransaction } from "../../src/protocol/transaction.ts";
import { BlockProducer } from "../../src/sealing/block-producer.ts";
import { createAuthoritySealer } from "../../src/sealing/poa/poa-sealer.ts";
import { createInlineVerifier } from "../../src/verifier/verifier.ts";
import { createMemorySealJournal } from "../support/memory-seal-journal.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { TestPermission } from "../support/test-permission.ts";

export const authority = keyOfTest(1);
export const alice = keyOfTest(2);
export const bob = keyOfTest(3);
export const aliceAur = "1000";
/** Of the rig's API; its client sends it. */
export const rigToken = "7e".repeat(32);

export function keyOfTest(number: number): KeyPair {
  return keyPairFromSeed(new Uint8Array(32).fill(number));
}

export interface ApiRig {
  readonly chain: Chain;
  readonly mempool: Mempool;
  readonly api: Api;
  readonly url: string;
  readonly client: ReturnType<typeof createApiClient>;
  sign(payload: Payload, keyPair: KeyPair, wanted?: { sequence?: number; fee?: bigint }): DecodedTransaction;
  /** Seals blocks until nothing waits; at least one of what waits must be executable. */
  sealWaiting(): Promise<void>;
  close(): Promise<void>;
}

export interface RigOptions {
  readonly minimumFee?: string;
  /** AUR that each block earns besides fees, and how long it waits. */
  readonly blockReward?: string;
  readonly rewardMaturityBlocks?: number;
  readonly logger?: Logger;
  /** Stands in front of the mempool. */
  readonly beforeSubmit?: () => Promise<void>;
  /** What the node says and does about the authorities of its chain. */
  readonly authorities?: (parts: { readonly chain: Chain; readonly mempool: Mempool }) => AuthorityControl;
  /** What is shown to miners outside of the node. */
  readonly work?: WorkControl;
  readonly workWaitMs?: number;
  /** Where the API listens, and who may reach it. */
  readonly door?: Omit<Partial<ApiOptions>, "workWaitMs">;
  /** What the node says of itself otherwise than an authority on this chain does. */
  readonly status?: Partial<NodeStatus>;
  /** Another chain than that of one authority; its blocks are the test's to import. */
  readonly spec?: ChainSpec;
  readonly events?: EventLimits;
}

export async function openApiRig(options: RigOptions = {}): Promise<ApiRig> {
  const clock = systemClock;
  const rigSpec = chainSpecFrom({
    name: "rig",
    consensus: "poa",
    timestamp: "2026-01-01T00:00:00.000Z",
    salt: "11".repeat(32),
    authorities: [addressOf(authority.publicKey)],
    periodMs: 1,
    stepMs: 1,
    heartbeatMs: 3_600_000,
    allocations: { [addressOf(alice.publicKey)]: aliceAur },
    minimumFee: options.minimumFee ?? "0",
    blockReward: options.blockReward ?? "0",
    rewardMaturityBlocks: options.rewardMaturityBlocks ?? 0,
  });
  if (!rigSpec.ok) throw new Error(rigSpec.fault.reason);
  const spec = options.spec ?? rigSpec.value;
  const verifier = createInlineVerifier();
  const modules = {
    store: createMemoryStore(),
    engine: createEngine(spec),
    verifier,
    clock,
    logger: silentLogger,
  };
  const chain = await Chain.open({ spec }, modules);
  const mempool = createMempool(
    {},
    {
      clock,
      verifier,
      logger: silentLogger,
      ledger: () => mempoolHead(chain),
    },
  );
  chain.events.on("headChanged", (change) => mempool.headChanged(mempoolChange(change)));
  const journal = createMemorySealJournal();
  const api = createApi(
    {
      port: 0,
      checkAnswers: true,
      token: rigToken,
      ...(options.workWaitMs === undefined ? {} : { workWaitMs: options.workWaitMs }),
      ...(options.events ? { events: options.events } : {}),
      ...options.door,
    },
    {
      chain,
      mempool,
      submitMany: async (transactions, adding) => {
        await options.beforeSubmit?.();
        return mempool.addMany(transactions, adding);
      },
      status: () => ({ ...statusOf(chain, mempool), ...options.status }),
      peers: () => ({ peers: [], refused: [], banned: [], clockNote: null }),
      authorities: options.authorities?.({ chain, mempool }),
      work: options.work,
      software: "aurex/test",
      logger: options.logger ?? silentLogger,
    },
  );
  const url = await api.start();
  return {
    chain,
    mempool,
    api,
    url,
    client: createApiClient(url, { token: rigToken }),
    sign: (payload, keyPair, { sequence = 0, fee = spec.genesis.minimumFee } = {}) =>
      signTransaction({ payload, sequence, fee, validUntil: 0, timestampMs: 0 }, keyPair, spec.chainId),
    async sealWaiting() {
      const producer = new BlockProducer(
        { producer: authority.publicKey, mineEmptyBlocks: false, extraData: new Uint8Array(32) },
        {
          chain,
          mempool,
          sealer: createAuthoritySealer({ keyPair: authority }, { journal }),
          clock,
          logger: silentLogger,
          announceBlock() {},
          permission: new TestPermission(),
          quorumHeard: () => false,
          hasPeers: () => true,
        },
      );
      const look = () => producer.look();
      chain.events.on("headChanged", look);
      const sealed = once(chain.events, "headChanged");
      producer.start();
      await sealed;
      while (mempool.hasReady()) await once(chain.events, "headChanged");
      chain.events.off("headChanged", look);
      await producer.stop();
    },
    async close() {
      await api.stop();
      await chain.close();
      mempool.close();
      await verifier.close();
    },
  };
}

function statusOf(chain: Chain, mempool: Mempool): NodeStatus {
  const { head, spec } = chain;
  return {
    nodeId: nodeIdOf(authority.publicKey),
    name: "rig",
    network: "test",
    chainId: Buffer.from(spec.chainId).toString("hex"),
    consensus: spec.consensus,
    authority: true,
    mining: false,
    sealing: "sealing",
    notSealingBecause: null,
    advice: [],
    head: { height: head.header.height, hash: head.hashHex, timestampMs: head.header.timestampMs },
    final: chain.final ? { height: chain.final.height, hash: toHex(chain.final.hash) } : null,
    established: true,
    quorum: { needed: 1, heard: 1 },
    clock: { offsetMs: null, measuredAgainst: 0, needed: 2 },
    peers: 0,
    addresses: ["/ip4/192.168.1.5/tcp/13246", "/ip4/127.0.0.1/tcp/13246"],
    bootstrap: [],
    mdnsFault: null,
    mempool: mempool.count,
    dataDir: "/var/lib/aurex",
    authorities: [addressOf(authority.publicKey)],
    address: addressOf(authority.publicKey),
    syncing: null,
    hashesPerSecond: null,
    hashesTried: null,
    accountIndex: {
      kept: chain.accountIndex.isKept,
      blocks: chain.accountIndex.blockCount,
      of: head.header.height + 1,
    },
    pool: null,
    export: null,
  };
}
