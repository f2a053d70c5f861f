/** Importing a block, stage by stage: each way in which one can be wrong has its fault, and changes nothing. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bytesEqual, toHex } from "../../src/base/bytes.ts";
import { decodeBlock } from "../../src/protocol/block.ts";
import { easiestTargetOf } from "../../src/protocol/genesis.ts";
import { zeroBytes32 } from "../../src/protocol/hashing.ts";
import { alice, authorities, BlockBuilder, type BlockWishes, bob, miner, testSpec } from "./block-builder.ts";
import { openChain, settled } from "./open-chain.ts";

const poa = new BlockBuilder(testSpec("poa"));
const pow = new BlockBuilder(testSpec("pow"));
const ones = new Uint8Array(32).fill(1);

interface BadBlock {
  readonly what: string;
  readonly builder: BlockBuilder;
  readonly wishes: BlockWishes;
  readonly code: string;
  /** The fault of the transaction inside, where that is what is wrong. */
  readonly inner?: string;
  /** Whether the hash itself is condemned: what was wrong is covered by it. */
  readonly remembered?: boolean;
}

const note = poa.sign(alice, 0);
const transactionFaults: [string, BlockWishes, string][] = [
  ["a wrong signature", { transactions: [poa.spoil(note)] }, "transaction/signature-invalid"],
  ["a sequence that is too high", { transactions: [poa.sign(alice, 1)] }, "transaction/sequence-gap"],
  [
    "a sequence that is used",
    { transactions: [note, poa.transfer(alice, 0, bob, 1n)] },
    "transaction/sequence-used",
  ],
  [
    "more than the sender has",
    { transactions: [poa.transfer(alice, 0, bob, 1_001n * 10n ** 8n)] },
    "transaction/balance-too-low",
  ],
  ["a transfer of nothing", { transactions: [poa.transfer(alice, 0, bob, 0n)] }, "transaction/amount-zero"],
  [
    "a transaction that was signed for another chain",
    { transactions: [pow.sign(alice, 0)] },
    "transaction/signature-invalid",
  ],
];

const badBlocks: BadBlock[] = [
  { what: "a version", builder: poa, wishes: { header: { version: 1 } }, code: "block/version-unknown" },
  { what: "another chain", builder: poa, wishes: { header: { chainId: ones } }, code: "block/wrong-chain" },
  { what: "a height", builder: poa, wishes: { header: { height: 2 } }, code: "block/height-wrong" },
  {
    what: "a count",
    builder: poa,
    wishes: { header: { transactionCount: 1 } },
    code: "block/transaction-count-wrong",
  },
  {
    what: "a transactions root",
    builder: poa,
    wishes: { header: { transactionsRoot: ones } },
    code: "block/transactions-root-wrong",
  },
  {
    what: "a body that is not the header's",
    builder: poa,
    wishes: { transactions: [note], body: [poa.sign(alice, 1)] },
    code: "block/transactions-root-wrong",
  },
  {
    what: "a state root",
    builder: poa,
    wishes: { header: { stateRoot: ones } },
    code: "block/state-root-wrong",
    remembered: true,
  },
  {
    what: "a consensus root",
    builder: poa,
    wishes: { header: { consensusRoot: ones } },
    code: "block/consensus-root-wrong",
  },
  {
    what: "the hash of the authorities' state",
    builder: poa,
    wishes: { header: { consensusStateHash: ones } },
    code: "block/consensus-state-wrong",
  },
  {
    what: "the hash of the next target",
    builder: pow,
    wishes: { header: { consensusStateHash: ones } },
    code: "block/consensus-state-wrong",
  },
  {
    what: "a consensus section in Proof of Work",
    builder: pow,
    wishes: {
      section: { certificates: [], evidence: [ones] },
    },
    code: "block/consensus-section-not-open",
  },
  {
    what: "a transaction twice",
    builder: poa,
    wishes: { transactions: [note, note] },
    code: "block/transaction-duplicate",
  },
  ...transactionFaults.map(
    ([what, wishes, inner]): BadBlock => ({
      what,
      builder: poa,
      wishes,
      code: "block/transaction-invalid",
      inner,
      remembered: true,
    }),
  ),
  {
    what: "evidence that is none",
    builder: poa,
    wishes: { section: { certificates: [], evidence: [ones] } },
    code: "block/evidence-invalid",
  },
  { what: "a stranger as producer", builder: poa, wishes: { producer: bob }, code: "block/producer-unknown" },
  {
    what: "the seal of another authority",
    builder: poa,
    wishes: { producer: authorities[0]!, sealedBy: authorities[1]! },
    code: "block/seal-invalid",
  },
  {
    what: "a seal without a signature",
    builder: poa,
    wishes: { seal: { signature: new Uint8Array(0) } },
    code: "block/seal-malformed",
  },
  {
    what: "a nonce where none belongs",
    builder: poa,
    wishes: { seal: { nonce: ones } },
    code: "block/seal-malformed",
  },
  {
    what: "a target in Proof of Authority",
    builder: poa,
    wishes: { header: { target: ones } },
    code: "block/target-wrong",
  },
  {
    what: "a slot that has not come",
    builder: poa,
    wishes: { laterMs: -1 },
    code: "block/timestamp-too-early",
  },
  {
    what: "a slot of a lower rank",
    builder: poa,
    wishes: { producer: authorities[0]!, laterMs: -1_000 },
    code: "block/timestamp-too-early",
  },
  {
    what: "too little time since its parent",
    builder: pow,
    wishes: { laterMs: -1 },
    code: "block/timestamp-too-early",
  },
  {
    what: "a target above the floor",
    builder: pow,
    wishes: { header: { target: new Uint8Array(32).fill(255) } },
    code: "block/target-above-floor",
  },
  {
    what: "a target that is harder than the rule says",
    builder: pow,
    wishes: { header: { target: easiestTargetOf(2) } },
    code: "block/target-wrong",
  },
  {
    what: "too little work",
    builder: pow,
    wishes: { header: { target: zeroBytes32 } },
    code: "block/work-insufficient",
  },
  {
    what: "a signature in Proof of Work",
    builder: pow,
    wishes: { seal: { signature: new Uint8Array(64) } },
    code: "block/seal-malformed",
  },
];

describe("importing a bad block", () => {
  for (const { what, builder, wishes, code, inner, remembered = false } of badBlocks) {
    it(`refuses ${what}: ${inner ?? code}`, async () => {
      const { chain, give, headChanges, disk } = await openChain({ spec: builder.spec });
      const bad = builder.on(builder.genesis, wishes);
      const root = toHex(chain.ledger.stateRoot());
      const imported = await chain.importBlock(bad.block);
      assert.ok(!imported.ok);
      assert.equal(imported.fault.code, code);
      if (imported.fault.code === "block/transaction-invalid") assert.equal(imported.fault.fault.code, inner);
      assert.equal(chain.head.hashHex, builder.genesis.block.hashHex);
      assert.equal(toHex(chain.ledger.stateRoot()), root);
      assert.deepEqual(headChanges, []);
      assert.equal(chain.headerOf(bad.block.hash), undefined);
      // Only what the hash covers may condemn it: else a spoiled copy would keep the good one out.
      assert.equal(await give(bad), remembered ? "block/known-invalid" : code);
      const child = builder.on(bad, { header: { height: 2 } });
      if (remembered) assert.equal(await give(child), "block/parent-invalid");
      // And it goes on: with another authority, since a second seal on the same parent convicts the first one.
      const producer = authorities.find(({ publicKey }) => !bytesEqual(publicKey, bad.block.header.producer));
      assert.equal(await give(builder.on(builder.genesis, producer ? { producer } : {})), "head");
      assert.equal(disk.open().head?.height, 1);
    });
  }

  it("is not fooled by a good header and seal around a false body, parked as an orphan", async () => {
    const { chain, give } = await openChain({ spec: poa.spec });
    const parent = poa.on(poa.genesis);
    const child = poa.on(parent, { transactions: [note] });
    const header = child.block.header;
    const spoiled = poa.on(parent, { transactions: [note], body: [poa.sign(alice, 5)], header });
    assert.equal(spoiled.block.hashHex, child.block.hashHex);
    assert.equal(await give(spoiled), "block/transactions-root-wrong");
    assert.equal(await give(child), "block/parent-unknown");
    assert.equal(await give(parent), "head");
    await settled();
    assert.equal(chain.head.hashHex, child.block.hashHex);
  });

  it("refuses sizes over the spec's limits", async () => {
    const small = new BlockBuilder(testSpec("poa", { blockBytesMax: 1_200, blockTransactionsMax: 2 }));
    const { give } = await openChain({ spec: small.spec });
    const many = [0, 1, 2].map((sequence) => small.sign(alice, sequence));
    assert.equal(await give(small.on(small.genesis, { transactions: many })), "block/too-many-transactions");
    const large = [small.sign(alice, 0, { kind: "record", data: new Uint8Array(1_200).fill(1) })];
    assert.equal(await give(small.on(small.genesis, { transactions: large })), "block/too-large");
    assert.equal(await give(small.on(small.genesis, { transactions: many.slice(0, 2) })), "head");
  });

  it("decodes to a fault: cut, trailing, empty, random bytes", () => {
    const { bytes } = poa.on(poa.genesis).block;
    const malformed = [
      bytes.subarray(0, bytes.length - 1),
      Buffer.concat([bytes, Uint8Array.of(0)]),
      new Uint8Array(0),
      new Uint8Array(500).fill(255),
    ];
    for (const wrong of malformed) {
      const decoded = decodeBlock(wrong);
      assert.ok(!decoded.ok);
      assert.equal(decoded.fault.code, "codec/malformed");
    }
    assert.equal(decodeBlock(bytes).ok, true);
  });

  it("refuses every block that differs from a good one in a single byte", async () => {
    const { chain } = await openChain({ spec: poa.spec });
    const { bytes } = poa.on(poa.genesis, { transactions: [note] }).block;
    for (let index = 0; index < bytes.length; index += 1) {
      const wrong = new Uint8Array(bytes);
      wrong[index] = wrong[index]! ^ 0x10;
      const decoded = decodeBlock(wrong);
      if (decoded.ok) assert.ok(!(await chain.importBlock(decoded.value)).ok, `byte ${index}`);
    }
    assert.equal(chain.head.header.height, 0);
  });
});

describe("importing a good block", () => {
  it("moves head and ledger, and knows the block the second time", async () => {
    const { chain, give, headChanges } = await openChain({ spec: pow.spec });
    const sent = pow.transfer(alice, 0, bob, 7n);
    const first = pow.on(pow.genesis, { transactions: [sent] });
    assert.equal(await give(first), "head");
    assert.equal(await give(first), "block/known");
    assert.equal(chain.head.hashHex, first.block.hashHex);
    assert.equal(chain.ledger.account(toHex(bob.publicKey))?.balance, 7n);
    assert.equal(chain.ledger.account(toHex(miner.publicKey))?.balance, 5n * 10n ** 8n);
    assert.equal(chain.transaction(sent.id)?.block.hashHex, first.block.hashHex);
    assert.equal(
      toHex(chain.stateRootAfter({ entryCountBefore: 3, entryCountAfter: 3, changes: [] })),
      toHex(chain.ledger.stateRoot()),
    );
    assert.equal(headChanges.length, 1);
    const [change] = headChanges;
    assert.equal(change?.previous.hashHex, pow.genesis.block.hashHex);
    assert.equal(change?.head.hashHex, first.block.hashHex);
    assert.deepEqual(
      change?.connected.map(({ hashHex }) => hashHex),
      [first.block.hashHex],
    );
    assert.deepEqual(change?.disconnected, []);
  });

  it("takes a lower rank at its own time, and gives it less weight", async () => {
    const { chain, give } = await openChain({ spec: poa.spec });
    const late = poa.on(poa.genesis, { producer: authorities[0]! });
    const inTurn = poa.on(poa.genesis);
    assert.equal(await give(late), "head");
    assert.equal(await give(inTurn), "head");
    assert.equal(chain.head.hashHex, inTurn.block.hashHex);
    assert.ok(inTurn.record.cumulativeWeight > late.record.cumulativeWeight);
  });
});
