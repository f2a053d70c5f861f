/** An honest node: the real engine, finality gadget and evidence pool, with the chain's import and fork choice around. */
import { toHex } from "../../../src/base/bytes.ts";
import { ancestryOf } from "../../../src/consensus/ancestry.ts";
import { compareHeads, type Finality } from "../../../src/consensus/engine.ts";
import { noVote, type VoteWatermark } from "../../../src/consensus/finality/vote-rule.ts";
import type { Block, HeaderRecord } from "../../../src/protocol/block.ts";
import { type Checkpoint, isSameCheckpoint } from "../../../src/protocol/checkpoint.ts";
import type { Evidence } from "../../../src/protocol/evidence.ts";
import type { KeyPair } from "../../../src/protocol/signing.ts";
import type { DecodedTransaction } from "../../../src/protocol/transaction.ts";
import { signVote, type Vote } from "../../../src/protocol/vote.ts";
import type { BlockJudge } from "./block-judge.ts";
import type { Founding, SimulationRules } from "./founding.ts";
import { sealBlock } from "./seal-block.ts";
import { adversaryNumber, type Message, type World } from "./world.ts";

export interface HonestNodeModules {
  readonly founding: Founding;
  readonly rules: SimulationRules;
  readonly world: World;
  readonly judge: BlockJudge;
  readonly observer: Observer;
}

/** Who is told of what honest nodes do; the adversary and the referee see everything at once. */
export interface Observer {
  sealed(block: Block, by: HonestNode): void;
  voted(vote: Vote, by: HonestNode): void;
  headMoved(node: HonestNode, previous: HeaderRecord): void;
  finalMoved(node: HonestNode): void;
  imported(node: HonestNode): void;
  evidenceFound(evidence: Evidence): void;
  broadcast(message: Message, from: HonestNode): void;
}

const outOfTurnDelayMs = 400;
const answerBlocksMax = 64;
const orphansMax = 64;

/** What a restart does not lose, whatever else is lost. */
interface Journals {
  readonly sealed: Map<string, Block>;
  watermark: VoteWatermark;
  lastVote: Vote | undefined;
}

function emptyJournals(): Journals {
  return { sealed: new Map(), watermark: noVote, lastVote: undefined };
}

export class HonestNode {
  readonly number: number;
  readonly keyPair: KeyPair;
  readonly #modules: HonestNodeModules;
  #journals: Journals = emptyJournals();
  /** Where a control has no watermark, an authority still votes for a block once. */
  readonly #votedTargets = new Set<string>();
  readonly #transactions = new Map<string, DecodedTransaction>();
  #records = new Map<string, HeaderRecord>();
  readonly #ancestry = ancestryOf((hash) => this.#records.get(toHex(hash)));
  #orphans = new Map<string, Block[]>();
  #compatible: { readonly finalHex: string; readonly hashes: Set<string> } = {
    finalHex: "",
    hashes: new Set(),
  };
  #finality: Finality;
  #head: HeaderRecord;
  #settled: Checkpoint;
  #isUp = true;
  /** Counts starts and heads: what was scheduled before is void. */
  #era = 0;

  constructor(number: number, keyPair: KeyPair, modules: HonestNodeModules) {
    this.number = number;
    this.keyPair = keyPair;
    this.#modules = modules;
    const { record } = modules.founding;
    this.#records.set(record.hashHex, record);
    this.#head = record;
    this.#settled = { height: 0, hash: record.hash };
    this.#finality = this.#openFinality();
  }

  get head(): HeaderRecord {
    return this.#head;
  }

  /** As it is on disk. */
  get final(): Checkpoint {
    return this.#settled;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  get gadget(): Finality["gadget"] {
    return this.#finality.gadget;
  }

  get watermark(): VoteWatermark {
    return this.#journals.watermark;
  }

  has(hashHex: string): boolean {
    return this.#records.has(hashHex);
  }

  start(): void {
    this.#reconsider();
  }

  crash(): void {
    this.#isUp = false;
    this.#era += 1;
  }

  /** @param keepsStore false: the chain's data are gone, and only the journals are left */
  restart(keepsStore: boolean): void {
    const { founding, rules } = this.#modules;
    const { record } = founding;
    if (!rules.keepsJournals) this.#journals = emptyJournals();
    if (!keepsStore) {
      this.#records = new Map([[record.hashHex, record]]);
      this.#head = record;
      this.#settled = { height: 0, hash: record.hash };
    }
    this.#orphans = new Map();
    this.#transactions.clear();
    this.#finality = this.#openFinality();
    this.#isUp = true;
    if (this.#journals.lastVote) this.#sendVote(this.#journals.lastVote);
    this.#reconsider();
  }

  receive(message: Message, from: number): void {
    if (!this.#isUp) return;
    switch (message.kind) {
      case "block":
        for (const block of message.blocks) this.#import(block, from);
        return;
      case "want":
        this.#answer(message.hash, from);
        return;
      case "vote":
        this.#countVote(message.vote);
        return;
      case "evidence":
        this.#finality.evidence.add(message.evidence);
        return;
      case "transaction":
        this.#transactions.set(message.transaction.idHex, message.transaction);
    }
  }

  /** What two nodes tell each other when they meet. */
  greet(to: number): void {
    const { world, judge } = this.#modules;
    if (!this.#isUp) return;
    world.send(this.number, to, { kind: "block", blocks: [judge.blockOf(this.#head)] });
    for (const vote of this.#finality.gadget.votes()) world.send(this.number, to, { kind: "vote", vote });
    for (const evidence of this.#finality.evidence.pending()) {
      world.send(this.number, to, { kind: "evidence", evidence });
    }
    for (const transaction of this.#transactions.values()) {
      world.send(this.number, to, { kind: "transaction", transaction });
    }
  }

  #openFinality(): Finality {
    const { founding, observer } = this.#modules;
    const finality = founding.engine.authority.openFinality({
      final: this.#settled,
      ancestry: this.#ancestry,
      head: () => this.#head,
      onEvidence: (evidence) => {
        observer.evidenceFound(evidence);
        observer.broadcast({ kind: "evidence", evidence }, this);
      },
    });
    if (!finality) throw new Error("Proof of Authority has finality");
    return finality;
  }

  #answer(hash: Uint8Array, to: number): void {
    const { judge, world } = this.#modules;
    const blocks: Block[] = [];
    let record = this.#records.get(toHex(hash));
    while (record && record.header.height > 0 && blocks.length < answerBlocksMax) {
      blocks.push(judge.blockOf(record));
      record = this.#records.get(toHex(record.header.parentHash));
    }
    if (blocks.length > 0) world.send(this.number, to, { kind: "block", blocks: blocks.reverse() });
  }

  #import(block: Block, from: number): void {
    if (!this.#isUp || this.#records.has(block.hashHex) || block.header.height === 0) return;
    const { judge, world, founding, observer } = this.#modules;
    const parentHex = toHex(block.header.parentHash);
    const parent = this.#records.get(parentHex);
    if (!parent) {
      const waiting = this.#orphans.get(parentHex) ?? [];
      if (waiting.length < orphansMax) this.#orphans.set(parentHex, [...waiting, block]);
      const want: Message = { kind: "want", hash: block.header.parentHash };
      if (from === adversaryNumber) world.deliver(this.number, from, want, 1);
      else if (from !== this.number) world.send(this.number, from, want);
      return;
    }
    const aheadMs = block.header.timestampMs - founding.engine.aheadMaxMs - world.nowMs;
    if (aheadMs > 0) {
      world.after(aheadMs, () => this.#import(block, from));
      return;
    }
    const { isSealed, record } = judge.judge(block);
    if (isSealed) this.#finality.evidence.noticeSeal(block.header, block.seal);
    if (!record || !this.#standsOnFinal(parent)) return;
    this.#records.set(record.hashHex, record);
    if (compareHeads(record, this.#head) < 0) this.#moveHead(record);
    this.#finality.gadget.recordStored(record, block);
    this.#settle();
    observer.imported(this);
    const orphans = this.#orphans.get(record.hashHex) ?? [];
    this.#orphans.delete(record.hashHex);
    for (const orphan of orphans) this.#import(orphan, from);
  }

  #standsOnFinal(parent: HeaderRecord): boolean {
    const { final } = this.#finality.gadget;
    const finalHex = toHex(final.hash);
    if (this.#compatible.finalHex !== finalHex) this.#compatible = { finalHex, hashes: new Set([finalHex]) };
    const { hashes } = this.#compatible;
    const walked: string[] = [];
    let record: HeaderRecord | undefined = parent;
    while (record && record.header.height > final.height && !hashes.has(record.hashHex)) {
      walked.push(record.hashHex);
      record = this.#records.get(toHex(record.header.parentHash));
    }
    if (!record || !hashes.has(record.hashHex)) return false;
    for (const hashHex of walked) hashes.add(hashHex);
    return true;
  }

  #countVote(vote: Vote): void {
    const added = this.#finality.gadget.addVote(vote);
    if (added.ok && added.value === "certified") this.#settle();
  }

  /** As the chain does it: the final block is written down, and the head moves to its branch. */
  #settle(): void {
    const { gadget } = this.#finality;
    if (isSameCheckpoint(gadget.final, this.#settled)) return;
    const record = this.#records.get(toHex(gadget.final.hash));
    if (!record) throw new Error("a final block is stored");
    this.#settled = gadget.final;
    if (!this.#ancestry.isDescendant(this.#head, this.#settled))
      this.#moveHead(gadget.bestCertified() ?? record);
    this.#modules.observer.finalMoved(this);
  }

  #moveHead(record: HeaderRecord): void {
    const previous = this.#head;
    this.#head = record;
    this.#modules.observer.headMoved(this, previous);
    this.#reconsider();
  }

  #reconsider(): void {
    const { world, founding } = this.#modules;
    this.#era += 1;
    const era = this.#era;
    const whileHead = (delayMs: number, act: () => void) =>
      world.after(delayMs, () => {
        if (this.#era === era && this.#isUp) act();
      });
    const slot = founding.engine.slot(this.#head, this.keyPair.publicKey);
    if (!slot) return;
    whileHead(slot.earliestMs - world.nowMs, () => this.#seal());
    whileHead(this.#isHeadInTurn() ? 0 : outOfTurnDelayMs, () => this.#vote());
  }

  #isHeadInTurn(): boolean {
    const { engine } = this.#modules.founding;
    const parent = this.#records.get(toHex(this.#head.header.parentHash));
    return parent !== undefined && engine.slot(parent, this.#head.header.producer)?.outOfTurnDelayMs === 0;
  }

  #vote(): void {
    const { founding, rules } = this.#modules;
    const finality = founding.engine.authority.finality(this.#head);
    if (!finality || this.#votedTargets.has(this.#head.hashHex)) return;
    const link = rules.voteOn(this.#head, finality.justified, this.#journals.watermark);
    if (!link || link.target.height === 0) return;
    const vote = signVote(founding.spec.chainId, link.source, link.target, this.keyPair);
    const { sourceHeight, targetHeight } = this.#journals.watermark;
    this.#journals.watermark = {
      sourceHeight: Math.max(sourceHeight, link.source.height),
      targetHeight: Math.max(targetHeight, link.target.height),
    };
    this.#journals.lastVote = vote;
    this.#votedTargets.add(this.#head.hashHex);
    this.#modules.observer.voted(vote, this);
    this.#sendVote(vote);
  }

  #sendVote(vote: Vote): void {
    this.#countVote(vote);
    this.#modules.observer.broadcast({ kind: "vote", vote }, this);
  }

  #seal(): void {
    const { observer } = this.#modules;
    const parent = this.#head;
    const block = this.#journals.sealed.get(parent.hashHex) ?? this.#sealNew(parent);
    this.#journals.sealed.set(parent.hashHex, block);
    observer.sealed(block, this);
    this.#import(block, this.number);
    observer.broadcast({ kind: "block", blocks: [block] }, this);
  }

  #sealNew(parent: HeaderRecord): Block {
    const { world } = this.#modules;
    const certificate = this.#finality.gadget.certificateOn(parent);
    return sealBlock({
      parent,
      keyPair: this.keyPair,
      timestampMs: world.nowMs,
      transactions: this.#transactionsOn(parent),
      consensusSection: {
        certificates: certificate ? [certificate] : [],
        evidence: this.#finality.evidence.on(parent),
      },
    });
  }

  /** What the ledger's sequence numbers refuse is left out here by looking: a transaction stands in a chain once. */
  #transactionsOn(parent: HeaderRecord): DecodedTransaction[] {
    if (this.#transactions.size === 0) return [];
    const { founding, judge } = this.#modules;
    const included = new Set<string>();
    for (let record: HeaderRecord | undefined = parent; record; record = judge.parentOf(record)) {
      for (const { idHex } of judge.blockOf(record).transactions) included.add(idHex);
    }
    const counter = founding.engine.authority.voteCounter(parent);
    return [...this.#transactions.values()].filter(
      (transaction) => !included.has(transaction.idHex) && counter.cast(transaction) === undefined,
    );
  }
}
