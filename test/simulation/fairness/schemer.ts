/** Byzantine authorities that follow the table of strategies. They are one mind: all that is said, they hear at once. */
import { bytesEqual, includesBytes, toHex } from "../../../src/base/bytes.ts";
import type { Block, HeaderRecord } from "../../../src/protocol/block.ts";
import { type Certificate, quorumOf } from "../../../src/protocol/certificate.ts";
import type { KeyPair } from "../../../src/protocol/signing.ts";
import type { Vote } from "../../../src/protocol/vote.ts";
import type { BlockJudge } from "../finality/block-judge.ts";
import type { Founding } from "../finality/founding.ts";
import type { HonestNode } from "../finality/honest-node.ts";
import { madeVote } from "../finality/made-signatures.ts";
import type { Referee } from "../finality/referee.ts";
import { sealBlock } from "../finality/seal-block.ts";
import { adversaryNumber, type Message, type World } from "../finality/world.ts";
import type { Strategy } from "./strategies.ts";

export interface Plotter {
  readonly keyPair: KeyPair;
  readonly strategy: Strategy;
}

export interface SchemerModules {
  readonly founding: Founding;
  readonly world: World;
  readonly judge: BlockJudge;
  readonly referee: Referee;
  readonly nodes: readonly HonestNode[];
  /** It has sealed a good block, which nobody may have seen yet. */
  readonly sealed: (record: HeaderRecord, block: Block) => void;
  /** An honest node hears of the second of two blocks or votes that contradict each other. */
  readonly offended: (key: Uint8Array) => void;
}

const answerBlocksMax = 64;
/** Parents at one height that an authority seals on: what lies on its own branches doubles else with every height. */
const parentsPerHeightMax = 3;
/** It acts this long before the last moment: messages take 1 ms, and clocks are whole numbers. */
const firstMs = 1;

export class Schemer {
  readonly #plotters: readonly Plotter[];
  readonly #modules: SchemerModules;
  /** Blocks that honest nodes may know. */
  readonly #shown = new Set<string>();
  readonly #sealedOn = new Set<string>();
  readonly #parentsAt = new Map<string, number>();
  readonly #children = new Map<string, HeaderRecord[]>();
  readonly #firstAt = new Map<number, HeaderRecord[]>();
  readonly #votedFor = new Map<string, Set<string>>();
  readonly #honestVoters = new Map<string, Set<string>>();
  readonly #waitingForRival: { readonly height: number; readonly show: () => void }[] = [];
  readonly #certificates = new Map<string, Certificate>();
  #private: { readonly record: HeaderRecord; readonly show: () => void }[] = [];

  constructor(plotters: readonly Plotter[], modules: SchemerModules) {
    this.#plotters = plotters;
    this.#modules = modules;
    const { record } = modules.founding;
    this.#shown.add(record.hashHex);
    modules.world.after(0, () => this.#consider(record));
  }

  receive(message: Message, from: number): void {
    if (message.kind !== "want") return;
    const { judge, world, nodes } = this.#modules;
    const [{ strategy }] = this.#plotters as [Plotter];
    if (strategy.answersAfterMs === undefined) return;
    const blocks: Block[] = [];
    let record = judge.recordOf(message.hash);
    while (record && record.header.height > 0 && blocks.length < answerBlocksMax) {
      blocks.push(judge.blockOf(record));
      record = judge.parentOf(record);
    }
    const node = nodes.find(({ number }) => number === from);
    world.after(strategy.answersAfterMs, () => {
      if (node) this.#say(node, { kind: "block", blocks: blocks.reverse() });
    });
  }

  /** A good block of an honest authority. */
  seeBlock(record: HeaderRecord): void {
    this.#shown.add(record.hashHex);
    this.#note(record);
    const { height } = record.header;
    for (const waiting of this.#waitingForRival.splice(0)) {
      if (waiting.height <= height) waiting.show();
      else this.#waitingForRival.push(waiting);
    }
  }

  seeVote(vote: Vote): void {
    const targetHex = toHex(vote.target.hash);
    const voters = this.#honestVoters.get(targetHex) ?? new Set<string>();
    this.#honestVoters.set(targetHex, voters.add(toHex(vote.voter)));
    this.#noteCertificate(vote);
  }

  /** An honest node has another head: the moment for a vote that was kept. */
  headMoved(): void {
    for (const [targetHex, voters] of this.#honestVoters) this.#tipOver(targetHex, voters);
  }

  /** Its own or another's. */
  #note(record: HeaderRecord): void {
    const parentHex = toHex(record.header.parentHash);
    this.#children.set(parentHex, [...(this.#children.get(parentHex) ?? []), record]);
    const { height } = record.header;
    this.#firstAt.set(height, [...(this.#firstAt.get(height) ?? []), record]);
    this.#consider(record);
    if (this.#shown.has(record.hashHex)) this.#voteFor(record);
  }

  #consider(record: HeaderRecord): void {
    for (const plotter of this.#plotters) {
      this.#plan(plotter, record);
      const isOther = !bytesEqual(record.header.producer, plotter.keyPair.publicKey);
      const parent = plotter.strategy.rivals && isOther ? this.#modules.judge.parentOf(record) : undefined;
      if (parent) this.#plan(plotter, parent);
    }
  }

  #plan(plotter: Plotter, parent: HeaderRecord): void {
    const { founding, world } = this.#modules;
    const { strategy, keyPair } = plotter;
    const slot = founding.engine.slot(parent, keyPair.publicKey);
    if (!slot || strategy.seals === "never") return;
    const isInTurn = slot.outOfTurnDelayMs === 0;
    const atMs = slot.earliestMs - this.#aheadMs(strategy);
    world.after(atMs + firstMs - world.nowMs, () => {
      const hasChild = (this.#children.get(parent.hashHex) ?? []).length > 0;
      if (strategy.seals === "in turn" && !isInTurn && hasChild) return;
      if (strategy.privateBlocks > 1 && !this.#extendsPrivate(strategy, parent, isInTurn)) return;
      this.#seal(plotter, parent, slot.earliestMs);
    });
  }

  /**
   * Whether a block on `parent` is the next of its private chain. Such a chain begins beside an honest block, so that its
   * last block is in turn: two blocks then weigh more than the one that all others have voted for.
   */
  #extendsPrivate({ privateBlocks }: Strategy, parent: HeaderRecord, isInTurn: boolean): boolean {
    const { founding, referee } = this.#modules;
    const [first] = this.#private;
    if (first && first.record.header.height < referee.highest.header.height - privateBlocks)
      this.#private = [];
    const tip = this.#private.at(-1)?.record;
    if (tip) return tip === parent;
    const last = founding.engine.authority.turns(parent)[privateBlocks - 1]?.authority;
    const isOwn = this.#plotters.some(({ keyPair }) => last && bytesEqual(keyPair.publicKey, last));
    return !isInTurn && isOwn;
  }

  #aheadMs({ aheadMs }: Strategy): number {
    return aheadMs === "limit" ? this.#modules.founding.engine.aheadMaxMs - 2 * firstMs : aheadMs;
  }

  #seal({ keyPair, strategy }: Plotter, parent: HeaderRecord, earliestMs: number): void {
    const { world, nodes, referee } = this.#modules;
    const key = `${parent.hashHex}/${toHex(keyPair.publicKey)}`;
    // On what lies too far behind nobody follows, and each block costs the simulation time.
    const { height } = parent.header;
    const heightKey = `${height}/${toHex(keyPair.publicKey)}`;
    const parents = this.#parentsAt.get(heightKey) ?? 0;
    const isOld = height < referee.highest.header.height - 3;
    if (this.#sealedOn.has(key) || isOld || parents >= parentsPerHeightMax) return;
    this.#sealedOn.add(key);
    this.#parentsAt.set(heightKey, parents + 1);
    const latestMs = world.nowMs + (strategy.stampsLate ? this.#aheadMs(strategy) : 0);
    for (let variant = 0; variant < strategy.variants; variant += 1) {
      const { block, record } = this.#make(
        keyPair,
        strategy,
        parent,
        Math.max(earliestMs, latestMs),
        variant,
      );
      if (!record) continue;
      const to = strategy.splits ? nodes.filter((_, index) => index % strategy.variants === variant) : nodes;
      const show = () => {
        this.#shown.add(record.hashHex);
        for (const node of to) this.#say(node, { kind: "block", blocks: [block] });
        if (variant > 0) this.#modules.offended(keyPair.publicKey);
        this.#voteFor(record);
      };
      this.#note(record);
      this.#release(strategy, record, show);
    }
  }

  #make(keyPair: KeyPair, strategy: Strategy, parent: HeaderRecord, timestampMs: number, variant: number) {
    const { judge, sealed } = this.#modules;
    const certificate = strategy.omitsCertificates ? undefined : this.#certificateOn(parent);
    const block = sealBlock({
      parent,
      keyPair,
      timestampMs,
      transactions: [],
      consensusSection: { certificates: certificate ? [certificate] : [], evidence: [] },
      variant,
    });
    const { record } = judge.judge(block);
    if (record) sealed(record, block);
    return { block, record };
  }

  /** The highest that the chain does not have yet. The gadget forgets what is final, the adversary does not. */
  #certificateOn(parent: HeaderRecord): Certificate | undefined {
    let record: HeaderRecord | undefined = parent;
    while (record && record.header.height > parent.justifiedHeight) {
      const certificate = this.#certificates.get(record.hashHex);
      if (certificate) return certificate;
      record = this.#modules.judge.parentOf(record);
    }
    return undefined;
  }

  #noteCertificate({ target }: Vote): void {
    const certificate = this.#modules.referee.omniscient.gadget.certificateOf(target.hash);
    if (certificate) this.#certificates.set(toHex(target.hash), certificate);
  }

  #release(
    { withholdMs, afterRivalMs, privateBlocks }: Strategy,
    record: HeaderRecord,
    show: () => void,
  ): void {
    const { world } = this.#modules;
    if (privateBlocks > 1) {
      this.#private.push({ record, show });
      if (this.#private.length < privateBlocks) return;
      const released = this.#private;
      this.#private = [];
      for (const { show: showIt } of released) showIt();
    } else if (afterRivalMs !== undefined) {
      const showLater = () => world.after(afterRivalMs, show);
      const isRivalled = (this.#firstAt.get(record.header.height) ?? []).some(
        (other) => other !== record && this.#shown.has(other.hashHex),
      );
      if (isRivalled) showLater();
      else this.#waitingForRival.push({ height: record.header.height, show: showLater });
    } else world.after(withholdMs, show);
  }

  #voteFor(record: HeaderRecord): void {
    const { world } = this.#modules;
    for (const { keyPair, strategy } of this.#plotters) {
      const sameHeight = this.#firstAt.get(record.header.height) ?? [];
      const isWanted =
        strategy.votes === "double" ||
        ((strategy.votes === "head" || strategy.votes === "one node") && sameHeight[0] === record) ||
        (strategy.votes === "second" && sameHeight[1] === record);
      if (isWanted) world.after(strategy.voteDelayMs, () => this.#vote(keyPair, strategy, record));
    }
  }

  #vote(keyPair: KeyPair, strategy: Strategy, record: HeaderRecord): void {
    const { founding, referee, nodes } = this.#modules;
    const voterHex = toHex(keyPair.publicKey);
    const finality = founding.engine.authority.finality(record);
    const isIn = includesBytes(founding.engine.authority.setAt(record), keyPair.publicKey);
    const heightKey = `${voterHex}/${record.header.height}`;
    const voted = this.#votedFor.get(heightKey) ?? new Set<string>();
    if (!finality || !isIn || voted.has(record.hashHex)) return;
    if (voted.size > 0 && strategy.votes !== "double") return;
    this.#votedFor.set(heightKey, voted.add(record.hashHex));
    const target = { height: record.header.height, hash: record.hash };
    const vote = madeVote(founding.spec.chainId, finality.justified, target, keyPair);
    referee.seeVote(vote);
    this.#noteCertificate(vote);
    const [first] = nodes;
    const to = strategy.votes === "one node" && first ? [first] : nodes;
    for (const node of to) this.#say(node, { kind: "vote", vote });
    if (voted.size > 1) this.#modules.offended(keyPair.publicKey);
  }

  /** Where its votes complete a quorum for a block that an honest node has left. */
  #tipOver(targetHex: string, voters: ReadonlySet<string>): void {
    const { judge, nodes, founding, world } = this.#modules;
    const holders = this.#plotters.filter(({ strategy }) => strategy.votes === "tip over");
    if (holders.length === 0) return;
    const record = judge.recordOf(Buffer.from(targetHex, "hex"));
    if (!record) return;
    const quorum = quorumOf(founding.engine.authority.setAt(record).length);
    if (voters.size >= quorum || voters.size + holders.length < quorum) {
      if (voters.size >= quorum) this.#honestVoters.delete(targetHex);
      return;
    }
    if (nodes.every((node) => this.#isOn(node.head, record))) return;
    this.#honestVoters.delete(targetHex);
    for (const { keyPair, strategy } of holders) {
      world.after(strategy.voteDelayMs, () => this.#vote(keyPair, strategy, record));
    }
  }

  #isOn(tip: HeaderRecord, of: HeaderRecord): boolean {
    const { judge } = this.#modules;
    let record: HeaderRecord | undefined = tip;
    while (record && record.header.height > of.header.height) record = judge.parentOf(record);
    // A head below the block has not left it yet.
    return record === of || tip.header.height < of.header.height;
  }

  #say(node: HonestNode, message: Message): void {
    this.#modules.world.deliver(adversaryNumber, node.number, message, firstMs);
  }
}
