/** An honest node: the real engine, finality gadget and evidence pool, with the chain's import and fork choice around. */
import { toHex } from "../../../src/base/bytes.ts";
import { ancestryOf } from "../../../src/consensus/ancestry.ts";
import { type Finality, timelyMaxMs } from "../../../src/consensus/engine.ts";
import { noVote, type VoteWatermark } from "../../../src/consensus/finality/vote-rule.ts";
import { ForkChoice, type KnownFinality } from "../../../src/consensus/fork-choice.ts";
import type { Block, HeaderRecord } from "../../../src/protocol/block.ts";
import { type Checkpoint, isSameCheckpoint } from "../../../src/protocol/checkpoint.ts";
import { decodeEvidence, type Evidence } from "../../../src/protocol/evidence.ts";
import type { KeyPair } from "../../../src/protocol/signing.ts";
import type { DecodedTransaction } from "../../../src/protocol/transaction.ts";
import type { Vote } from "../../../src/protocol/vote.ts";
import { nextStep, type OpenSituation } from "../../../src/sealing/next-step.ts";
import type { BlockJudge } from "./block-judge.ts";
import type { Founding, SimulationRules } from "./founding.ts";
import { madeVote } from "./made-signatures.ts";
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

/** What tells one node from another besides its key. */
export interface NodeTraits {
  /** Its wall clock minus the simulated time. */
  readonly clockOffsetMs: number;
  /** Passes on what the adversary tells it alone, as gossip does. */
  readonly relays: boolean;
}

const plainTraits: NodeTraits = { clockOffsetMs: 0, relays: false };
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

/** A gadget as the fork choice sees it, but that no votes certify anything. */
function knowsNoVotes(gadget: Finality["gadget"]): KnownFinality["gadget"] {
  return {
    certifiedAbove: () => [],
    get final() {
      return gadget.final;
    },
    get certificatesSeen() {
      return gadget.certificatesSeen;
    },
  };
}

export class HonestNode {
  readonly number: number;
  readonly keyPair: KeyPair;
  readonly #modules: HonestNodeModules;
  #journals: Journals = emptyJournals();
  /** Where a control has no watermark, an authority still votes for a block once. */
  readonly #votedTargets = new Set<string>();
  readonly #transactions = new Map<string, DecodedTransaction>();
  readonly #traits: NodeTraits;
  /** The ids of transactions in final blocks. */
  #finalTransactions = new Set<string>();
  /** In simulated time. */
  #headSinceMs: number;
  #records = new Map<string, HeaderRecord>();
  readonly #ancestry = ancestryOf((hash) => this.#records.get(toHex(hash)));
  #orphans = new Map<string, Block[]>();
  #compatible: { readonly finalHex: string; readonly hashes: Set<string> } = {
    finalHex: "",
    hashes: new Set(),
  };
  #finality: Finality;
  #forkChoice: ForkChoice;
  #chosenAt = 0;
  /** When each block came; forgotten with a restart. */
  readonly #arrivals = new Map<string, number>();
  #head: HeaderRecord;
  #settled: Checkpoint;
  #isUp = true;
  /** Counts starts and heads: what was scheduled before is void. */
  #era = 0;

  constructor(
    number: number,
    keyPair: KeyPair,
    modules: HonestNodeModules,
    traits: NodeTraits = plainTraits,
  ) {
    this.number = number;
    this.keyPair = keyPair;
    this.#modules = modules;
    this.#traits = traits;
    this.#headSinceMs = modules.world.nowMs;
    const { record } = modules.founding;
    this.#records.set(record.hashHex, record);
    this.#head = record;
    this.#settled = { height: 0, hash: record.hash };
    this.#finality = this.#openFinality();
    this.#forkChoice = this.#openForkChoice();
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

  /** Its wall clock. */
  get nowMs(): number {
    return this.#modules.world.nowMs + this.#traits.clockOffsetMs;
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
      this.#finalTransactions = new Set();
    }
    this.#orphans = new Map();
    this.#transactions.clear();
    this.#arrivals.clear();
    this.#finality = this.#openFinality();
    this.#forkChoice = this.#openForkChoice();
    this.#chosenAt = 0;
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
        if (this.#countVote(message.vote)) this.#relay(message, from);
        return;
      case "evidence":
        if (this.#finality.evidence.add(message.evidence).ok) {
          this.#relay(message, from);
          this.#chooseAgain();
        }
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

  #relay(message: Message, from: number): void {
    if (this.#traits.relays && from === adversaryNumber) this.#modules.observer.broadcast(message, this);
  }

  #openFinality(): Finality {
    const { founding, observer, rules } = this.#modules;
    const finality = founding.engine.authority.openFinality({
      final: this.#settled,
      ancestry: this.#ancestry,
      head: () => this.#head,
      isTimely: (record) => rules.guard === "every" || this.#sinceArrivalMs(record) <= timelyMaxMs,
      onEvidence: (evidence) => {
        observer.evidenceFound(evidence);
        observer.broadcast({ kind: "evidence", evidence }, this);
      },
    });
    if (!finality) throw new Error("Proof of Authority has finality");
    return finality;
  }

  #openForkChoice(): ForkChoice {
    const { founding, rules } = this.#modules;
    const { gadget, evidence } = this.#finality;
    return new ForkChoice({
      ancestry: this.#ancestry,
      authority: founding.engine.authority,
      finality: {
        gadget: rules.guard === "none" ? knowsNoVotes(gadget) : gadget,
        evidence: rules.weighsOffenders
          ? evidence
          : { offendersSeen: 0, hasOffenders: false, isOffender: () => false },
      },
    });
  }

  #sinceArrivalMs({ hashHex }: HeaderRecord): number {
    return this.#modules.world.nowMs - (this.#arrivals.get(hashHex) ?? Number.NEGATIVE_INFINITY);
  }

  /** As the chain does it: the head is held against all blocks after a new certificate or a new offender. */
  #chooseAgain(): void {
    const { revision } = this.#forkChoice;
    if (this.#chosenAt === revision) return;
    this.#chosenAt = revision;
    const finalHeight = this.#finality.gadget.final.height;
    const others = [...this.#records.values()].filter(
      (record) => record.header.height > finalHeight && this.#standsOnFinal(record),
    );
    const best = this.#forkChoice.best(this.#head, others);
    if (best.hashHex !== this.#head.hashHex) this.#moveHead(best);
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
    const { isSealed, record } = judge.judge(block);
    if (isSealed) {
      this.#finality.evidence.noticeSeal(block.header, block.seal);
      this.#chooseAgain();
    }
    const aheadMs = block.header.timestampMs - founding.engine.aheadMaxMs - this.nowMs;
    if (aheadMs > 0) {
      world.after(aheadMs, () => this.#import(block, from));
      return;
    }
    if (!record || !this.#standsOnFinal(parent)) return;
    this.#relay({ kind: "block", blocks: [block] }, from);
    this.#records.set(record.hashHex, record);
    this.#arrivals.set(record.hashHex, world.nowMs);
    if (this.#forkChoice.isBetter(record, this.#head)) this.#moveHead(record);
    for (const bytes of block.consensusSection.evidence) {
      const evidence = decodeEvidence(bytes);
      if (evidence.ok) this.#finality.evidence.noticeCarried(evidence.value);
    }
    this.#finality.gadget.recordStored(record, block);
    this.#settle();
    this.#chooseAgain();
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

  /** @returns whether gossip passes it on */
  #countVote(vote: Vote): boolean {
    const added = this.#finality.gadget.addVote(vote);
    if (added.ok && added.value === "certified") {
      this.#settle();
      this.#chooseAgain();
    }
    return added.ok || added.fault.code === "vote/target-unknown";
  }

  /** As the chain does it: the final block is written down, and the head moves to its branch. */
  #settle(): void {
    const { gadget } = this.#finality;
    if (isSameCheckpoint(gadget.final, this.#settled)) return;
    const record = this.#records.get(toHex(gadget.final.hash));
    if (!record) throw new Error("a final block is stored");
    this.#noteFinalTransactions(record);
    this.#settled = gadget.final;
    gadget.settle(this.#settled);
    if (!this.#ancestry.isDescendant(this.#head, this.#settled))
      this.#moveHead(gadget.bestCertified() ?? record);
    this.#modules.observer.finalMoved(this);
  }

  #noteFinalTransactions(final: HeaderRecord): void {
    const { judge } = this.#modules;
    let record: HeaderRecord | undefined = final;
    while (record && record.header.height > this.#settled.height) {
      for (const { idHex } of judge.blockOf(record).transactions) this.#finalTransactions.add(idHex);
      record = judge.parentOf(record);
    }
    for (const idHex of this.#transactions.keys()) {
      if (this.#finalTransactions.has(idHex)) this.#transactions.delete(idHex);
    }
  }

  #moveHead(record: HeaderRecord): void {
    const previous = this.#head;
    this.#head = record;
    this.#headSinceMs = this.#modules.world.nowMs;
    this.#modules.observer.headMoved(this, previous);
    this.#reconsider();
  }

  #reconsider(): void {
    const { founding, rules } = this.#modules;
    this.#era += 1;
    if (!founding.engine.slot(this.#head, this.keyPair.publicKey)) return;
    this.#whileHead(0, () => this.#produce());
    this.#whileHead(this.#isHeadInTurn() ? 0 : rules.outOfTurnVoteDelayMs, () => this.#vote());
  }

  #whileHead(delayMs: number, act: () => void): void {
    const era = this.#era;
    this.#modules.world.after(delayMs, () => {
      if (this.#era === era && this.#isUp) act();
    });
  }

  #produce(): void {
    const step = nextStep(this.#situation());
    if (step.kind === "seal") this.#seal();
    else if (step.forMs !== undefined) this.#whileHead(step.forMs, () => this.#produce());
  }

  /** Somebody always waits for finality, so that every slot is worth a block. */
  #situation(): OpenSituation {
    const { founding, world } = this.#modules;
    return {
      kind: "open",
      nowMs: this.nowMs,
      slot: founding.engine.slot(this.#head, this.keyPair.publicKey),
      hasWork: this.#transactions.size > 0,
      finality: "due",
      sinceParentMs: this.#sinceArrivalMs(this.#head),
      urgentForMs: world.nowMs - this.#headSinceMs,
      emptyAfterMs: founding.engine.authority.emptyBlockAfterMs,
      failure: undefined,
    };
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
    const vote = madeVote(founding.spec.chainId, link.source, link.target, this.keyPair);
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
    const { engine } = this.#modules.founding;
    const certificate = this.#finality.gadget.certificateOn(parent);
    return sealBlock({
      parent,
      keyPair: this.keyPair,
      timestampMs: Math.max(engine.slot(parent, this.keyPair.publicKey)?.earliestMs ?? 0, this.nowMs),
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
    const included = new Set(this.#finalTransactions);
    let record: HeaderRecord | undefined = parent;
    for (; record && record.header.height > this.#settled.height; record = judge.parentOf(record)) {
      for (const { idHex } of judge.blockOf(record).transactions) included.add(idHex);
    }
    const counter = founding.engine.authority.voteCounter(parent);
    return [...this.#transactions.values()]
      .filter((transaction) => !included.has(transaction.idHex) && counter.cast(transaction) === undefined)
      .slice(0, founding.spec.genesis.blockTransactionsMax);
  }
}
