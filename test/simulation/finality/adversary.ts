/** All Byzantine authorities as one mind: it sees everything at once, reaches everyone, and signs whatever it likes. */
import { bytesEqual, includesBytes } from "../../../src/base/bytes.ts";
import type { Block, HeaderRecord } from "../../../src/protocol/block.ts";
import { votePairOf } from "../../../src/protocol/evidence.ts";
import type { KeyPair } from "../../../src/protocol/signing.ts";
import type { Vote } from "../../../src/protocol/vote.ts";
import type { SeededRandom } from "../random.ts";
import type { BlockJudge } from "./block-judge.ts";
import type { Founding } from "./founding.ts";
import type { HonestNode } from "./honest-node.ts";
import { madeVote } from "./made-signatures.ts";
import type { Malice } from "./plan.ts";
import type { Referee } from "./referee.ts";
import { sealBlock } from "./seal-block.ts";
import { adversaryNumber, type Message, type World } from "./world.ts";

export interface AdversaryModules {
  readonly founding: Founding;
  readonly world: World;
  readonly judge: BlockJudge;
  readonly referee: Referee;
  readonly random: SeededRandom;
  readonly nodes: readonly HonestNode[];
  /** A block that it sealed, as the others will see it. */
  readonly sealed: (block: Block) => void;
}

const tipsKept = 12;
const lateMinMs = 1_000;
const lateMaxMs = 25_000;
const aheadMs = 4_500;
const answerBlocksMax = 64;
/** More would stop the others by work alone, which is not what this is about. */
const blocksMax = 40;

export class Adversary {
  readonly #keyPairs: readonly KeyPair[];
  readonly #malice: Malice;
  readonly #modules: AdversaryModules;
  readonly #tips: HeaderRecord[] = [];
  #honestVote: Vote | undefined;
  #sealedBlocks = 0;
  #isActive: boolean;

  constructor(keyPairs: readonly KeyPair[], malice: Malice, modules: AdversaryModules) {
    this.#keyPairs = keyPairs;
    this.#malice = malice;
    this.#modules = modules;
    this.#isActive = keyPairs.length > 0;
    if (this.#isActive) this.#tick();
  }

  retire(): void {
    this.#isActive = false;
  }

  receive(message: Message, from: number): void {
    if (message.kind !== "want") return;
    const { judge, world } = this.#modules;
    const blocks: Block[] = [];
    let record = judge.recordOf(message.hash);
    while (record && record.header.height > 0 && blocks.length < answerBlocksMax) {
      blocks.push(judge.blockOf(record));
      record = judge.parentOf(record);
    }
    world.deliver(adversaryNumber, from, { kind: "block", blocks: blocks.reverse() }, 1);
  }

  /** A good block, its own or another's. */
  seeBlock(record: HeaderRecord): void {
    this.#tips.push(record);
    if (this.#tips.length > tipsKept) this.#tips.shift();
    if (!this.#isActive) return;
    for (const keyPair of this.#keyPairs) {
      if (this.#modules.random.chance(this.#malice.vote)) this.#vote(record, keyPair);
    }
  }

  seeVote(vote: Vote): void {
    if (!this.#isActive) return;
    if (this.#modules.random.chance(this.#malice.forge)) this.#forge(vote);
    this.#honestVote = vote;
  }

  #tick(): void {
    const { world, random } = this.#modules;
    world.after(random.between(100, this.#malice.tickMs), () => {
      if (!this.#isActive) return;
      this.#seal();
      this.#tick();
    });
  }

  #vote(record: HeaderRecord, keyPair: KeyPair): void {
    const { founding, referee, random, nodes, world } = this.#modules;
    const finality = founding.engine.authority.finality(record);
    const isIn = includesBytes(founding.engine.authority.setAt(record), keyPair.publicKey);
    if (!finality || !isIn) return;
    const target = { height: record.header.height, hash: record.hash };
    const vote = madeVote(founding.spec.chainId, finality.justified, target, keyPair);
    referee.seeVote(vote);
    const onlyWhereKnown = random.chance(this.#malice.voteWhereKnown);
    const delayMs = random.chance(this.#malice.voteLate) ? random.between(lateMinMs, lateMaxMs) : 150;
    world.after(delayMs, () => {
      for (const node of nodes) {
        if (!onlyWhereKnown || node.has(record.hashHex)) this.#say(node, { kind: "vote", vote });
      }
    });
  }

  /** What is signed wrongly, or says what it must not, to everybody: nobody may fall for it. */
  #forge(vote: Vote): void {
    const { nodes, random } = this.#modules;
    const [keyPair] = this.#keyPairs;
    if (!keyPair) return;
    const other = this.#honestVote;
    const stolen: Vote = { ...vote, target: { ...vote.target, hash: vote.source.hash } };
    const wrongSource = madeVote(
      this.#modules.founding.spec.chainId,
      { height: Math.max(0, vote.source.height - 1), hash: vote.source.hash },
      vote.target,
      keyPair,
    );
    const pair = other && bytesEqual(other.voter, vote.voter) && votePairOf(other, stolen);
    const node = random.pick(nodes);
    this.#say(node, { kind: "vote", vote: stolen });
    this.#say(node, { kind: "vote", vote: wrongSource });
    if (pair) this.#say(node, { kind: "evidence", evidence: pair });
  }

  #seal(): void {
    const { random, nodes, founding, world } = this.#modules;
    if (this.#sealedBlocks >= blocksMax) return;
    const keyPair = random.pick(this.#keyPairs);
    const parent = random.chance(0.6)
      ? random.pick(nodes).head
      : random.pick([founding.record, ...this.#tips]);
    const slot = founding.engine.slot(parent, keyPair.publicKey);
    if (!slot) return;
    const reachMs = random.chance(this.#malice.sealEarly) ? aheadMs : 0;
    if (slot.earliestMs > world.nowMs + reachMs) return;
    const variants = random.chance(this.#malice.doubleSeal) ? 2 : 1;
    const halves = random.shuffled(nodes);
    for (let variant = 0; variant < variants; variant += 1) {
      const block = this.#sealOn(parent, keyPair, slot.earliestMs, variant);
      if (!block) continue;
      const half = variants === 1 ? halves : halves.filter((_, index) => index % 2 === variant);
      const delayMs = random.chance(this.#malice.withholdBlock) ? random.between(lateMinMs, lateMaxMs) : 20;
      world.after(delayMs, () => {
        for (const node of half) this.#say(node, { kind: "block", blocks: [block] });
      });
    }
  }

  #sealOn(parent: HeaderRecord, keyPair: KeyPair, earliestMs: number, variant: number): Block | undefined {
    const { judge, referee, random, world, sealed } = this.#modules;
    const omits = random.chance(this.#malice.omitCertificate);
    const certificate = omits ? undefined : referee.omniscient.gadget.certificateOn(parent);
    const isForged = certificate !== undefined && random.chance(this.#malice.forge);
    const forged = isForged && { ...certificate, signatures: certificate.signatures.toReversed() };
    const block = sealBlock({
      parent,
      keyPair,
      timestampMs: Math.max(world.nowMs, earliestMs),
      transactions: [],
      consensusSection: { certificates: forged ? [forged] : certificate ? [certificate] : [], evidence: [] },
      variant,
    });
    this.#sealedBlocks += 1;
    const isNew = judge.recordOf(block.hash) === undefined;
    if (isNew && judge.judge(block).record) sealed(block);
    return block;
  }

  #say(node: HonestNode, message: Message): void {
    this.#modules.world.deliver(adversaryNumber, node.number, message, this.#modules.random.between(1, 40));
  }
}
