/** A selfish miner: its node follows and relays as any other, and beside it it mines on a chain that it shows to nobody yet. */

import assert from "node:assert/strict";
import { silentLogger } from "../../src/base/logger.ts";
import { Chain } from "../../src/chain/chain.ts";
import { createEngine } from "../../src/consensus/create-engine.ts";
import type { Block, HeaderRecord } from "../../src/protocol/block.ts";
import { BlockProducer } from "../../src/sealing/block-producer.ts";
import { WorkBoard } from "../../src/sealing/pow/work-board.ts";
import { createInlineVerifier } from "../../src/verifier/verifier.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import type { SimulatedClock } from "../support/simulated-clock.ts";
import { TestPermission } from "../support/test-permission.ts";
import { canonicalBlocks, coreOf } from "./mining-world.ts";
import { createSimulatedMiner, type MiningRig } from "./simulated-miner.ts";
import type { SimulatedNode } from "./simulated-node.ts";

export interface WithholderModules {
  readonly clock: SimulatedClock;
  readonly random: () => number;
}

export class Withholder {
  readonly #node: SimulatedNode;
  readonly #rig: MiningRig;
  readonly #modules: WithholderModules;
  #secret: { readonly chain: Chain; readonly producer: BlockProducer } | undefined;
  #withheld: Block[] = [];

  /** @param rig of the secret mining; the node itself should find nothing */
  constructor(node: SimulatedNode, rig: MiningRig, modules: WithholderModules) {
    this.#node = node;
    this.#rig = rig;
    this.#modules = modules;
  }

  /** Blocks that only the withholder knows, lowest first. */
  get withheld(): readonly Block[] {
    return this.#withheld;
  }

  /** The highest of them. */
  get head(): HeaderRecord {
    assert.ok(this.#secret, "it mines in secret");
    return this.#secret.chain.head;
  }

  /** Mines from now on, on what is the head now, whatever the others find. */
  async begin(): Promise<void> {
    const { clock, random } = this.#modules;
    const { mempool, chain: open } = coreOf(this.#node);
    const chain = await Chain.open(
      { spec: open.spec },
      {
        store: createMemoryStore(),
        engine: createEngine(open.spec),
        verifier: createInlineVerifier(),
        clock,
        logger: silentLogger,
      },
    );
    for (const block of canonicalBlocks(this.#node)) assert.ok((await chain.importBlock(block)).ok);
    const own = createSimulatedMiner(this.#rig, { clock, random });
    const producer = new BlockProducer(
      { producer: this.#node.keyPair.publicKey, mineEmptyBlocks: true, extraData: new Uint8Array(32) },
      {
        chain,
        mempool,
        sealer: new WorkBoard({ own, firstJobId: 0 }),
        clock,
        logger: silentLogger,
        announceBlock: (block) => this.#withheld.push(block),
        permission: new TestPermission(),
        quorumHeard: () => true,
        hasPeers: () => true,
      },
    );
    chain.events.on("headChanged", () => producer.look());
    this.#withheld = [];
    this.#secret = { chain, producer };
    producer.start();
  }

  /** Stops mining in secret; what was withheld is lost. */
  async giveUp(): Promise<void> {
    await this.#secret?.producer.stop();
    await this.#secret?.chain.close();
    this.#secret = undefined;
    this.#withheld = [];
  }

  /** Announces everything in one instant. */
  async release(): Promise<readonly Block[]> {
    const released = this.#withheld;
    await this.giveUp();
    const { chain, network } = coreOf(this.#node);
    for (const block of released) network.announceBlock(block);
    for (const block of released) assert.ok((await chain.importBlock(block)).ok);
    return released;
  }
}
