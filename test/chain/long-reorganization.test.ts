/** A hundred blocks give way, with transactions, halvings and rewards that are not mature: as if they had never been. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fromUtf8, toHex } from "../../src/base/bytes.ts";
import type { ExportJob } from "../../src/export/export-job.ts";
import { openLedgerFile } from "../../src/export/ledger-file.ts";
import type { NodeCore } from "../../src/node/node-core.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import type { DecodedTransaction, Payload } from "../../src/protocol/transaction.ts";
import { everyTable, exportOnce, jobFor, temporaryFolder } from "../export/ledger-contents.ts";
import { conservationViolations, entriesOf, ledgerViolations } from "../simulation/checks.ts";
import { createMemoryDisk, type MemoryDisk } from "../support/memory-store.ts";
import { countBalances } from "./accountant.ts";
import {
  alice,
  BlockBuilder,
  type BlockWishes,
  type BuiltBlock,
  bob,
  keyPairNamed,
  miner,
  testSpec,
} from "./block-builder.ts";
import { openCore } from "./open-core.ts";

const pow = new BlockBuilder(
  testSpec("pow", { halvingIntervalBlocks: 30, rewardMaturityBlocks: 10, minimumFee: "0.00000001" }),
);
const { targetBlockTimeMs, minimumIntervalMs } = pow.spec.genesis;
const [first, second] = [keyPairNamed("a miner"), keyPairNamed("another miner")];
const fee = 3n;
const trunkBlocks = 20;
const depth = 100;

function transfer(from: KeyPair, sequence: number, to: KeyPair, amount: bigint): DecodedTransaction {
  const memo = new Uint8Array(0);
  const payload: Payload = { kind: "transfer", to: to.publicKey, assetId: new Uint8Array(32), amount, memo };
  return pow.sign(from, sequence, payload, fee);
}

function named(from: KeyPair, sequence: number, name: string): DecodedTransaction {
  return pow.sign(from, sequence, { kind: "registerUser", name: fromUtf8(name) }, fee);
}

const inBoth = Array.from({ length: 10 }, (_, sequence) => transfer(alice, sequence, bob, 1_000_000n));
const asset = pow.sign(
  alice,
  10,
  {
    kind: "issueAsset",
    symbol: fromUtf8("GOLD"),
    name: fromUtf8("Gold"),
    decimals: 2,
    supply: 500n,
    metadata: new Uint8Array(0),
  },
  fee,
);
const assetTransfer = pow.sign(
  alice,
  11,
  { kind: "transfer", to: bob.publicKey, assetId: asset.id, amount: 7n, memo: new Uint8Array(0) },
  fee,
);
/** Of the first branch alone, and as good on the second. */
const onlyFirst = [
  asset,
  assetTransfer,
  named(alice, 12, "alice@example.com"),
  ...[13, 14, 15].map((sequence) => transfer(alice, sequence, bob, 5n)),
  ...[0, 1, 2].map((sequence) => transfer(bob, sequence, alice, 1_000n)),
];
/** What the first branch's miner earned there and spent there is nothing on the second. */
const ofFirstRewards = [0, 1].map((sequence) => transfer(first, sequence, bob, 400_000_000n));
/** Two transactions of one sequence: each branch has one. */
const [rivalOnFirst, rivalOnSecond] = [8n, 9n].map((amount) => transfer(miner, 1, bob, amount));
const ofTrunkRewards = transfer(miner, 0, alice, 700_000_000n);
const ofSecondRewards = [0, 1].map((sequence) => transfer(second, sequence, alice, 400_000_000n));

/** Blocks one on the other, each at its height with the transactions that stand for it here. */
function branch(
  parent: BuiltBlock,
  blocks: number,
  wishes: BlockWishes,
  at: Readonly<Record<number, readonly DecodedTransaction[]>>,
): BuiltBlock[] {
  const built: BuiltBlock[] = [];
  for (let count = 0; count < blocks; count += 1) {
    const on = built.at(-1) ?? parent;
    const transactions = at[on.record.header.height + 1] ?? [];
    built.push(pow.on(on, { ...wishes, transactions }));
  }
  return built;
}

/** At the wanted pace, so that each weighs the same. */
const usual = targetBlockTimeMs - minimumIntervalMs;
const trunk = branch(pow.genesis, trunkBlocks, { laterMs: usual }, { 15: inBoth.slice(0, 3) });
const losing = branch(
  trunk.at(-1)!,
  depth,
  { laterMs: usual, producer: first },
  {
    22: inBoth.slice(3, 8),
    23: [ofTrunkRewards],
    29: [...inBoth.slice(8), asset],
    31: [assetTransfer, ...onlyFirst.slice(2, 5)],
    45: [rivalOnFirst!, ofFirstRewards[0]!],
    61: onlyFirst.slice(5),
    118: [ofFirstRewards[1]!],
  },
);
/** Faster, so that its targets become harder: fewer blocks, more work. */
const winning = branch(
  trunk.at(-1)!,
  depth - 10,
  { laterMs: usual - 1_000, producer: second },
  {
    25: [...inBoth.slice(3), ofTrunkRewards],
    40: [ofSecondRewards[0]!],
    60: [rivalOnSecond!, named(bob, 0, "bob@example.com")],
    108: [ofSecondRewards[1]!],
  },
);
/** The first branch comes back: as fast as may be, so that it soon weighs more. */
const comeback = branch(
  losing.at(-1)!,
  40,
  { laterMs: 0, producer: first },
  { 130: [transfer(first, 2, bob, 1n)] },
);

interface Opened {
  readonly core: NodeCore;
  readonly disk: MemoryDisk;
  give(blocks: readonly BuiltBlock[]): Promise<void>;
}

const opened: NodeCore[] = [];

async function openNode(): Promise<Opened> {
  const disk = createMemoryDisk();
  const core = await openCore(pow.spec, disk);
  opened.push(core);
  const give = async (blocks: readonly BuiltBlock[]) => {
    for (const { block } of blocks) assert.ok((await core.chain.importBlock(block)).ok);
  };
  return { core, disk, give };
}

/** A node that has seen one branch and no other. */
async function nodeOf(...branches: readonly (readonly BuiltBlock[])[]): Promise<Opened> {
  const node = await openNode();
  for (const blocks of branches) await node.give(blocks);
  return node;
}

function assertSameLedger(node: Opened, only: Opened, blocks: readonly BuiltBlock[]): void {
  const [ours, theirs] = [node.core.chain, only.core.chain];
  assert.equal(ours.head.hashHex, theirs.head.hashHex);
  assert.equal(ours.head.hashHex, blocks.at(-1)?.block.hashHex);
  assert.equal(toHex(ours.ledger.stateRoot()), toHex(theirs.ledger.stateRoot()));
  const counted = countBalances(
    pow.spec.genesis,
    blocks.map(({ block }) => block),
  );
  for (const { publicKey } of [alice, bob, miner, first, second]) {
    const account = toHex(publicKey);
    assert.deepEqual(ours.ledger.account(account), theirs.ledger.account(account));
    assert.equal(ours.ledger.account(account)?.balance ?? 0n, counted.balances.get(account) ?? 0n);
    assert.equal(ours.ledger.immatureOf(account), theirs.ledger.immatureOf(account));
    assert.equal(ours.ledger.immatureOf(account), counted.immature.get(account) ?? 0n);
    assert.deepEqual(ours.ledger.assetBalancesOf(account), theirs.ledger.assetBalancesOf(account));
    assert.deepEqual(ours.ledger.userOfAccount(account), theirs.ledger.userOfAccount(account));
  }
  for (let height = 0; height <= trunkBlocks + depth + comeback.length + 1; height += 1) {
    assert.deepEqual(ours.hashAtHeight(height), theirs.hashAtHeight(height), `height ${height}`);
  }
}

describe("a reorganization of a hundred blocks", () => {
  let node: Opened;
  let onlyWinning: Opened;
  let onlyComeback: Opened;
  const moved: { readonly left: number; readonly joined: number }[] = [];
  const sent = [...onlyFirst, ...ofFirstRewards, rivalOnFirst!];

  before(async () => {
    node = await nodeOf(trunk, losing);
    onlyWinning = await nodeOf(trunk, winning);
    onlyComeback = await nodeOf(trunk, losing, comeback);
    node.core.chain.events.on("headChanged", ({ connected, disconnected }) => {
      if (disconnected.length > 0) moved.push({ left: disconnected.length, joined: connected.length });
    });
  });
  after(async () => {
    for (const core of opened) await core.stop();
  });

  it("leaves the ledger, the balances and the canonical line of a node that only saw the branch that won", async (context) => {
    const folder = await temporaryFolder(context);
    const file = join(folder, "followed.sqlite");
    const job = jobFor(file, node.core.chain);
    context.after(() => job.close());
    assert.equal(node.core.chain.head.header.height, trunkBlocks + depth);
    await job.catchUp();

    await node.give(winning);
    assert.equal(moved.length, 1);
    assert.equal(moved[0]?.left, depth);
    assert.ok(moved[0].joined < depth, "the branch that won is the shorter one");
    assertSameLedger(node, onlyWinning, [...trunk, ...winning]);
    assertMempool(node);
    await assertSameFile(job, file, join(folder, "winning.sqlite"), onlyWinning);

    // And back again, over everything that was undone.
    await node.give(comeback);
    assert.equal(moved.length, 2);
    assert.equal(moved[1]?.left, winning.length);
    assertSameLedger(node, onlyComeback, [...trunk, ...losing, ...comeback]);
    for (const transaction of sent) assert.ok(node.core.chain.transaction(transaction.id));
    assert.deepEqual(
      node.core.mempool.ids().filter((id) => sent.some(({ idHex }) => idHex === id)),
      [],
    );
    await assertSameFile(job, file, join(folder, "comeback.sqlite"), onlyComeback);
  });

  it("leaves the same on the disk", async () => {
    for (const { core, disk } of [node, onlyWinning, onlyComeback]) {
      const { height } = core.chain.head.header;
      await core.stop();
      const store = disk.open();
      assert.deepEqual(ledgerViolations(store), []);
      assert.deepEqual(conservationViolations(entriesOf(store), pow.spec, height), []);
    }
    assert.deepEqual(entriesOf(node.disk.open()), entriesOf(onlyComeback.disk.open()));
  });
});

/** What can still be committed waits again, what cannot is gone, and why is said. */
function assertMempool({ core }: Opened): void {
  const { chain, mempool } = core;
  for (const transaction of [...inBoth, ofTrunkRewards]) assert.ok(chain.transaction(transaction.id));
  const bobsFirst = onlyFirst.find(({ senderHex }) => senderHex === toHex(bob.publicKey))!;
  const back = onlyFirst.filter((transaction) => transaction !== bobsFirst);
  assert.deepEqual(mempool.ids().sort(), back.map(({ idHex }) => idHex).sort());
  const reasonOf = ({ idHex }: DecodedTransaction) => {
    const status = mempool.status(idHex);
    return status?.status === "dropped" ? status.reason.code : status?.status;
  };
  assert.equal(reasonOf(rivalOnFirst!), "transaction/sequence-used");
  assert.equal(reasonOf(bobsFirst), "transaction/sequence-used");
  for (const transaction of ofFirstRewards) {
    assert.equal(reasonOf(transaction), "transaction/balance-too-low");
  }
}

/** Every table and view, and the balances in it are those of the chain. */
async function assertSameFile(job: ExportJob, file: string, fresh: string, only: Opened): Promise<void> {
  const { reorganizations } = await job.catchUp();
  assert.equal(reorganizations, 1);
  await exportOnce(fresh, only.core.chain);
  const [ours, theirs] = [everyTable(file), everyTable(fresh)];
  assert.deepEqual(Object.keys(ours), Object.keys(theirs));
  for (const [table, rows] of Object.entries(theirs)) assert.deepEqual(ours[table], rows, table);
  const db = openLedgerFile(file, { readOnly: true });
  try {
    const query = db.prepare(
      "SELECT balance_units, immature_units FROM balances WHERE account = ? AND asset_id = 'AUR'",
    );
    query.setReadBigInts(true);
    for (const { publicKey } of [alice, bob, miner, first, second]) {
      const row = query.get(addressOf(publicKey));
      const account = toHex(publicKey);
      assert.equal(row?.balance_units ?? 0n, only.core.chain.ledger.account(account)?.balance ?? 0n);
      assert.equal(row?.immature_units ?? 0n, only.core.chain.ledger.immatureOf(account));
    }
  } finally {
    db.close();
  }
}
