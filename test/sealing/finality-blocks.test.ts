/** What a producer does for finality: it tells in its blocks what it knows, and seals empty ones while that helps somebody. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { silentLogger } from "../../src/base/logger.ts";
import { createMempool, type Mempool } from "../../src/mempool/mempool.ts";
import { mempoolChange, mempoolHead } from "../../src/node/node-core.ts";
import type { Block } from "../../src/protocol/block.ts";
import type { ChainSpecJson } from "../../src/protocol/chain-spec-json.ts";
import { encodeEvidence } from "../../src/protocol/evidence.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import { BlockProducer } from "../../src/sealing/block-producer.ts";
import { createAuthoritySealer } from "../../src/sealing/poa/poa-sealer.ts";
import { createInlineVerifier } from "../../src/verifier/verifier.ts";
import { alice, genesisMs, keyPairNamed } from "../chain/block-builder.ts";
import { type OpenChain, openChain } from "../chain/open-chain.ts";
import { AuthorityChain } from "../consensus/authority-chain.ts";
import { createMemorySealJournal } from "../support/memory-seal-journal.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";
import { TestPermission } from "../support/test-permission.ts";

const heartbeatMs = 30_000;

interface Rig extends OpenChain {
  readonly authorities: AuthorityChain;
  readonly mempool: Mempool;
  readonly producer: BlockProducer;
  readonly sealed: Block[];
  /** What the node sees of the others. */
  readonly around: { quorumHeard: boolean; hasPeers: boolean };
  readonly permission: TestPermission;
  /** All but the node's own votes for its head. */
  voteForHead(): Promise<void>;
}

let rigs: Rig[];
beforeEach(() => {
  rigs = [];
});
afterEach(async () => {
  for (const { producer, chain, mempool } of rigs) {
    await producer.stop();
    await chain.close();
    mempool.close();
  }
});

async function startRig(own: KeyPair | undefined, changes: Partial<ChainSpecJson> = {}): Promise<Rig> {
  const authorities = new AuthorityChain(3, { heartbeatMs, ...changes });
  const keyPair = own ?? authorities.keys[0]!;
  // So young that no heartbeat is due.
  const clock = createSimulatedClock(genesisMs + 1_000);
  const opened = await openChain({ spec: authorities.builder.spec }, { clock });
  const { chain } = opened;
  const logger = silentLogger;
  const ledger = () => mempoolHead(chain);
  const mempool = createMempool({}, { clock, verifier: createInlineVerifier(), logger, ledger });
  chain.events.on("headChanged", (change) => mempool.headChanged(mempoolChange(change)));
  const sealed: Block[] = [];
  const around = { quorumHeard: true, hasPeers: true };
  const permission = new TestPermission();
  const producer = new BlockProducer(
    { producer: keyPair.publicKey, mineEmptyBlocks: false, extraData: new Uint8Array(32) },
    {
      chain,
      mempool,
      sealer: createAuthoritySealer({ keyPair }, { journal: createMemorySealJournal() }),
      clock,
      logger,
      announceBlock: (block) => sealed.push(block),
      permission,
      quorumHeard: () => around.quorumHeard,
      hasPeers: () => around.hasPeers,
    },
  );
  chain.events.on("headChanged", () => producer.look());
  chain.events.on("evidenceFound", () => producer.look());
  const voteForHead = async () => {
    const others = authorities.keys.filter((key) => key !== keyPair);
    await opened.vote(...authorities.votes({ record: chain.head }, others));
  };
  const rig = { ...opened, authorities, mempool, producer, sealed, around, permission, voteForHead };
  rigs.push(rig);
  producer.start();
  return rig;
}

/** Past every turn and courtesy, short of a heartbeat. */
const aWhileMs = 10_000;

async function send({ authorities, mempool, clock }: Rig, sequence = 0): Promise<void> {
  assert.ok((await mempool.add(authorities.builder.sign(alice, sequence))).ok);
  await clock.advance(aWhileMs);
}

/** The others vote for every head, as long as somebody waits. */
async function untilSettled({ chain, clock, voteForHead }: Rig): Promise<void> {
  for (let seconds = 0; seconds < 60 && chain.awaitsFinality; seconds += 1) {
    await voteForHead();
    await clock.advance(1_000);
  }
}

describe("a producer", () => {
  it("carries a transaction to finality by empty blocks with certificates, and then rests", async () => {
    const rig = await startRig(undefined);
    await send(rig);
    assert.ok(rig.sealed.length >= 1);
    await untilSettled(rig);
    assert.equal(rig.chain.awaitsFinality, false);
    assert.ok((rig.chain.final?.height ?? 0) >= 1);
    const [first, ...empty] = rig.sealed;
    assert.equal(first?.transactions.length, 1);
    assert.ok(empty.length > 0 && empty.every(({ transactions }) => transactions.length === 0));
    const certified = empty.flatMap(({ consensusSection }) => consensusSection.certificates);
    assert.ok(certified.length > 0);
    // One certificate for each height, and none twice.
    const heights = certified.map(({ targetHeight }) => targetHeight);
    assert.deepEqual(
      heights,
      [...new Set(heights)].toSorted((one, other) => one - other),
    );
    const { length } = rig.sealed;
    await rig.clock.advance(heartbeatMs / 3);
    assert.equal(rig.sealed.length, length, "final: nobody waits");
    assert.equal(rig.producer.notSealingBecause, "nothing to seal");
  });

  it("seals no empty block while no quorum is heard, says so, and goes on when one is again", async () => {
    const rig = await startRig(undefined);
    rig.around.quorumHeard = false;
    await send(rig);
    assert.equal(rig.sealed.length, 1, "transactions are sealed all the same");
    assert.equal(rig.chain.awaitsFinality, true);
    assert.equal(rig.producer.notSealingBecause, "no quorum for finality");
    rig.around.hasPeers = false;
    await rig.clock.advance(5_000);
    assert.equal(rig.producer.notSealingBecause, "no peers");
    assert.equal(rig.sealed.length, 1);
    rig.around.quorumHeard = true;
    await rig.clock.advance(5_000);
    assert.ok(rig.sealed.length > 1);
  });

  it("notices a quorum that comes back on a chain without heartbeat, too", async () => {
    const rig = await startRig(undefined, { heartbeatMs: 0 });
    rig.around.quorumHeard = false;
    await send(rig);
    await rig.clock.advance(10 * heartbeatMs);
    assert.equal(rig.sealed.length, 1);
    rig.around.quorumHeard = true;
    await rig.clock.advance(aWhileMs);
    assert.ok(rig.sealed.length > 1);
  });

  it("seals an idle chain at its heartbeat only, whoever is heard", async () => {
    const rig = await startRig(undefined);
    await rig.clock.advance(aWhileMs);
    assert.equal(rig.sealed.length, 0);
    await rig.clock.advance(4 * heartbeatMs);
    assert.ok(rig.sealed.length >= 2 && rig.sealed.length <= 5, `${rig.sealed.length} blocks`);
    assert.equal(rig.chain.awaitsFinality, false);
    assert.equal(rig.producer.notSealingBecause, "nothing to seal");
  });

  it("tells of an offender at once, without a transaction, and not again", async () => {
    const rig = await startRig(undefined, { heartbeatMs: 0 });
    await rig.clock.advance(aWhileMs);
    assert.equal(rig.sealed.length, 0);
    assert.equal(rig.producer.notSealingBecause, "nothing to seal");
    const evidence = rig.authorities.doubleVote(rig.authorities.keys[2]!);
    assert.ok(rig.chain.addEvidence(evidence).ok);
    rig.around.quorumHeard = false;
    await rig.clock.advance(aWhileMs);
    assert.equal(rig.sealed.length, 1);
    assert.deepEqual(rig.sealed[0]?.consensusSection.evidence, [encodeEvidence(evidence)]);
    assert.equal(rig.chain.engine.authority!.setAt(rig.chain.head).length, 2);
    await rig.clock.advance(aWhileMs);
    assert.equal(rig.sealed.length, 1);
  });

  it("takes votes on authorities, and stays at it until the change is in force", async () => {
    const rig = await startRig(undefined, { heartbeatMs: 0 });
    const [candidate] = rig.authorities.candidates;
    for (const by of rig.authorities.keys.slice(0, 2)) {
      const wish = { by, action: "add", authority: candidate! } as const;
      assert.ok((await rig.mempool.add(rig.authorities.ballot(rig.authorities.genesis, wish))).ok);
    }
    await rig.clock.advance(aWhileMs);
    await untilSettled(rig);
    assert.equal(rig.chain.engine.authority!.setAt(rig.chain.head).length, 4);
    assert.equal(
      rig.chain.ledger.authority(Buffer.from(candidate!.publicKey).toString("hex"))?.removed,
      false,
    );
    assert.equal(rig.chain.awaitsFinality, false);
  });

  it("says why it does not seal: no authority, syncing, not its turn", async () => {
    const stranger = await startRig(keyPairNamed("a stranger"));
    await send(stranger);
    assert.equal(stranger.producer.notSealingBecause, "not in the authority set");
    const behind = await startRig(undefined);
    behind.permission.set("syncing");
    await send(behind);
    assert.equal(behind.producer.notSealingBecause, "syncing");
    assert.deepEqual([stranger.sealed, behind.sealed], [[], []]);
    behind.permission.set(undefined);
    await behind.clock.advance(aWhileMs);
    assert.ok(behind.sealed.length > 0);
    const waiting = await startRig(new AuthorityChain(3).keys[2]!);
    assert.ok((await waiting.mempool.add(waiting.authorities.builder.sign(alice, 0))).ok);
    await waiting.clock.advance(0);
    assert.equal(waiting.producer.notSealingBecause, "not its turn");
    await waiting.producer.stop();
    assert.equal(waiting.producer.notSealingBecause, "stopped");
  });
});
