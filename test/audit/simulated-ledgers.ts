/** Ledgers of seeded simulations: whole nodes under faults made the blocks, and the job followed every reorganization on the way. */
import assert from "node:assert/strict";
import path from "node:path";
import { fromUtf8, toHex } from "../../src/base/bytes.ts";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import type { ExportJob } from "../../src/export/export-job.ts";
import type { PoolRow } from "../../src/export/pool-rows.ts";
import type { Block } from "../../src/protocol/block.ts";
import { doubleSealOf, encodeEvidence } from "../../src/protocol/evidence.ts";
import { type ChainSpec, engineNumbers } from "../../src/protocol/genesis.ts";
import { zeroBytes32 } from "../../src/protocol/hashing.ts";
import { nodeRoles, signNodeRecord } from "../../src/protocol/node-record.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import type { ChainStore } from "../../src/store/chain-store.ts";
import { BlockBuilder, type BuiltBlock } from "../chain/block-builder.ts";
import { type OpenChain, openChain } from "../chain/open-chain.ts";
import { createExportJob } from "../export/local-export-job.ts";
import { keyPairNamed } from "../simulation/chains.ts";
import { entriesOf } from "../simulation/checks.ts";
import { createSeededRandom, type SeededRandom } from "../simulation/random.ts";
import { simulate } from "../simulation/simulate.ts";
import { createMemoryDisk } from "../support/memory-store.ts";

export interface SimulatedLedger {
  readonly file: string;
  readonly spec: ChainSpec;
  readonly headHash: string;
}

const nodesPerChain = 5;
const faultsMs = 20_000;

/** One ledger of each engine. */
export async function writeSimulatedLedgers(seed: number, folder: string): Promise<SimulatedLedger[]> {
  const sealed = new Map<string, { readonly spec: ChainSpec; readonly blocks: Block[] }>();
  const { violations } = await simulate(seed, {
    powNodes: nodesPerChain,
    poaNodes: nodesPerChain,
    faultsMs,
    onSealed: (spec, block) => {
      const key = toHex(spec.chainId);
      const known = sealed.get(key) ?? { spec, blocks: [] };
      known.blocks.push(block);
      sealed.set(key, known);
    },
  });
  assert.deepEqual(violations, []);
  const random = createSeededRandom(seed);
  const ledgers: SimulatedLedger[] = [];
  for (const { spec, blocks } of sealed.values()) {
    const file = path.join(folder, `${spec.consensus}-${seed}.sqlite`);
    ledgers.push({ file, spec, headHash: await exportOnTheWay(file, spec, blocks, random) });
  }
  return ledgers;
}

/** A real chain takes the blocks in the order in which they were sealed, and the job looks at it now and then. */
async function exportOnTheWay(file: string, spec: ChainSpec, blocks: readonly Block[], random: SeededRandom) {
  const store = createMemoryDisk().open();
  const open = await openChain({ spec }, { store });
  const job = createExportJob({ file }, { source: open.chain, clock: systemClock, logger: silentLogger });
  const keys = Array.from({ length: nodesPerChain }, (_, index) =>
    keyPairNamed(`${spec.consensus} ${index}`),
  );
  for (const block of blocks) {
    await open.give({ block });
    if (random.chance(0.4)) await job.catchUp();
  }
  await job.catchUp();
  if (spec.consensus === "poa") await slashOne(open, store, keys, job, random);
  else await job.recordPool(poolRows(open.chain.head.header.height, open));
  await job.recordNodes(keys.map((key) => nodeRecord(spec, key)));
  await job.catchUp();
  job.close();
  return open.chain.head.hashHex;
}

/** An authority seals two blocks on one parent, on the way a branch is left, and the next block holds the evidence. */
async function slashOne(
  open: OpenChain,
  store: ChainStore,
  keys: readonly KeyPair[],
  job: ExportJob,
  random: SeededRandom,
) {
  const { chain } = open;
  const builder = new BlockBuilder(chain.spec, keys);
  let parent: BuiltBlock | undefined;
  for (let height = 0; height <= chain.head.header.height; height += 1) {
    const block = chain.blockAtHeight(height);
    const record = block && chain.headerOf(block.hash);
    assert.ok(record);
    const entries = height === chain.head.header.height ? entriesOf(store) : [];
    parent = builder.restated({ block, record, entries }, record);
  }
  assert.ok(parent);
  const offender = random.pick(keys);
  const pair = [0, 1].map((laterMs) => builder.on(parent, { producer: offender, laterMs }));
  const evidence = doubleSealOf((pair[0] as BuiltBlock).block, (pair[1] as BuiltBlock).block);
  assert.ok(evidence);
  await open.give(builder.on(parent, { laterMs: 2 }));
  await job.catchUp();
  const convicting = builder.on(parent, {
    laterMs: 3,
    section: { certificates: [], evidence: [encodeEvidence(evidence)] },
  });
  for (const block of [convicting, ...builder.branch(convicting, 3)]) await open.give(block);
}

function nodeRecord(spec: ChainSpec, key: KeyPair) {
  return signNodeRecord(
    {
      name: fromUtf8("simulated"),
      addresses: [fromUtf8("/ip6/2001:db8::7/tcp/4001")],
      chainId: spec.chainId,
      engine: engineNumbers[spec.consensus],
      role: spec.consensus === "pow" ? nodeRoles.miner : nodeRoles.authority,
      height: 7,
      timestampMs: 1_767_225_600_000,
      software: fromUtf8("aurex test"),
    },
    key,
  );
}

/** The first wallet as a pool: those whom it has sent AUR are its members. */
function poolRows(headHeight: number, { chain }: OpenChain): PoolRow[] {
  const pool = keyPairNamed("pow wallet 0").publicKey;
  const paid = new Map<string, { readonly member: Uint8Array; units: bigint; last: string }>();
  for (let height = 1; height <= headHeight; height += 1) {
    for (const { transaction, payload, idHex } of chain.blockAtHeight(height)?.transactions ?? []) {
      const isPayment = payload.kind === "transfer" && toHex(payload.assetId) === toHex(zeroBytes32);
      if (!isPayment || toHex(transaction.sender) !== toHex(pool)) continue;
      const before = paid.get(toHex(payload.to))?.units ?? 0n;
      paid.set(toHex(payload.to), { member: payload.to, units: before + payload.amount, last: idHex });
    }
  }
  return [...paid.values()].map(({ member, units, last }) => ({
    poolAccount: pool,
    member,
    sharesAccepted: 12,
    sharesRejected: 1,
    hashesPerSecond: 0.5,
    blocksFound: 0,
    dueUnits: units + 5n,
    paidUnits: units,
    payoutTransaction: last,
  }));
}
