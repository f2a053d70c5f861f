/** One cell: a strategy, a number of authorities, a network, clocks and a seed; and what the scales say of it. */
import { bytesEqual, toHex } from "../../../src/base/bytes.ts";
import { sha256 } from "../../../src/protocol/hashing.ts";
import { keyPairFromSeed } from "../../../src/protocol/signing.ts";
import { type DecodedTransaction, signTransaction } from "../../../src/protocol/transaction.ts";
import { authorityVoteOf } from "../finality/authority-vote.ts";
import { BlockJudge } from "../finality/block-judge.ts";
import {
  type Founding,
  foundingOf,
  periodMs,
  type SimulationRules,
  startMs,
  trueRules,
} from "../finality/founding.ts";
import { HonestNode, type Observer } from "../finality/honest-node.ts";
import { describe, describeRecord, Referee, type Violation } from "../finality/referee.ts";
import { adversaryNumber, World } from "../finality/world.ts";
import { createSeededRandom, type SeededRandom } from "../random.ts";
import { type Cell, networks } from "./cells.ts";
import { type Measures, Scales, type Unfairness, unfairnessOf } from "./scales.ts";
import { type Plotter, Schemer } from "./schemer.ts";
import { strategyNamed } from "./strategies.ts";

export interface CellOptions {
  readonly rules?: SimulationRules;
  readonly onTrace?: (line: string) => void;
}

export interface CellReport {
  readonly cell: Cell;
  readonly measures: Measures;
  readonly unfair: readonly Unfairness[];
  readonly violations: readonly Violation[];
}

/** A chain that takes longer than this for its heights stands still. */
const slowestFactor = 3;
const wallet = keyPairFromSeed(sha256(Uint8Array.of(0xf2)));

export function simulateCell(cell: Cell, options: CellOptions = {}): CellReport {
  return new CellRun(cell, options).run();
}

class CellRun {
  readonly #cell: Cell;
  readonly #options: CellOptions;
  readonly #random: SeededRandom;
  readonly #founding: Founding;
  readonly #world = new World();
  readonly #judge: BlockJudge;
  readonly #referee: Referee;
  readonly #scales: Scales;
  readonly #nodes: readonly HonestNode[];
  readonly #schemer: Schemer | undefined;
  readonly #plotters: readonly Plotter[];

  constructor(cell: Cell, options: CellOptions) {
    this.#cell = cell;
    this.#options = options;
    const { rules = trueRules } = options;
    const random = createSeededRandom(cell.seed);
    this.#random = random;
    const { authorityCount, clockMs, isExtreme } = cell;
    const strategies = cell.strategies.map(strategyNamed);
    const byzantineCount = strategies.length === 0 ? 0 : Math.floor((authorityCount - 1) / 3);
    const isAdmitted = strategies.some((strategy) => strategy.isAdmitted);
    const founding = foundingOf(isAdmitted ? authorityCount - byzantineCount : authorityCount, rules);
    this.#founding = founding;
    const numbers = founding.keyPairs.slice(0, authorityCount).map((_, number) => number);
    // Those to be admitted stand behind the founders.
    const byzantine = new Set(
      isAdmitted
        ? numbers.slice(authorityCount - byzantineCount)
        : random.shuffled(numbers).slice(0, byzantineCount),
    );
    const honest = numbers.filter((number) => !byzantine.has(number));
    const keyPairOf = (number: number) => founding.keyPairs[number]!;
    const world = this.#world;
    const judge = new BlockJudge(founding);
    this.#judge = judge;
    const honestKeys = new Set(honest.map((number) => toHex(keyPairOf(number).publicKey)));
    this.#referee = new Referee(founding, judge, honestKeys);
    this.#scales = new Scales(founding, judge, honestKeys);
    const modules = { founding, rules, world, judge, observer: this.#observer() };
    const ends = isExtreme ? [-clockMs, clockMs] : [];
    const offsets = random.shuffled(
      honest.map((_, index) => ends[index] ?? random.between(-clockMs, clockMs)),
    );
    this.#nodes = honest.map((number, index) => {
      const traits = { clockOffsetMs: offsets[index] ?? 0, relays: true };
      return new HonestNode(number, keyPairOf(number), modules, traits);
    });
    this.#plotters = [...byzantine].map((number, index) => ({
      keyPair: keyPairOf(number),
      strategy: strategies[index % strategies.length]!,
    }));
    this.#schemer =
      this.#plotters.length === 0
        ? undefined
        : new Schemer(this.#plotters, {
            ...{ founding, world, judge, referee: this.#referee, nodes: this.#nodes },
            sealed: (record, block) => {
              this.#trace(
                () =>
                  `the adversary seals ${describeRecord(record)}, stamped ${record.header.timestampMs - startMs}`,
              );
              this.#referee.seeBlock(record, block);
            },
            offended: (key) => this.#scales.offended(key),
          });
    const byNumber = new Map(this.#nodes.map((node) => [node.number, node]));
    const [fastestMs, slowestMs] = networks[cell.network];
    world.weather = () => random.between(fastestMs, slowestMs);
    world.receive = (to, message, from) => {
      if (to === adversaryNumber) this.#schemer?.receive(message, from);
      else byNumber.get(to)?.receive(message, from);
    };
  }

  run(): CellReport {
    const { heights, authorityCount } = this.#cell;
    for (const node of this.#nodes) node.start();
    this.#submit(0);
    if (this.#cell.strategies.some((name) => strategyNamed(name).isAdmitted)) this.#admit();
    const untilMs = startMs + slowestFactor * heights * periodMs;
    this.#world.runUntil(untilMs, () => this.#scales.highest >= heights);
    const measures = this.#scales.measure(this.#nodes, this.#world.nowMs);
    const { violations } = this.#referee;
    return { cell: this.#cell, measures, unfair: unfairnessOf(measures, authorityCount), violations };
  }

  #observer(): Observer {
    return {
      sealed: (block, by) => {
        if (this.#judge.recordOf(block.hash)) return;
        const { record } = this.#judge.judge(block);
        if (!record) return;
        this.#trace(
          () =>
            `node ${by.number} seals ${describeRecord(record)}, stamped ${record.header.timestampMs - startMs}, ${block.transactions.length} transactions`,
        );
        this.#referee.seeBlock(record, block);
        this.#schemer?.seeBlock(record);
      },
      voted: (vote, by) => {
        this.#trace(() => `node ${by.number} votes ${describe(vote.source)} -> ${describe(vote.target)}`);
        this.#referee.seeVote(vote);
        this.#schemer?.seeVote(vote);
      },
      headMoved: (node, previous) => {
        this.#trace(
          () => `node ${node.number} head ${describeRecord(previous)} => ${describeRecord(node.head)}`,
        );
        this.#scales.headMoved(node, previous, this.#world.nowMs);
        this.#schemer?.headMoved();
      },
      finalMoved: (node) => {
        this.#trace(() => `node ${node.number} final ${describe(node.final)}`);
        this.#referee.seeNodeFinal(node);
      },
      imported: (node) => this.#referee.seeNode(node),
      evidenceFound: (evidence) => this.#referee.seeEvidence(evidence),
      broadcast: (message, from) => {
        for (const to of this.#nodes) if (to !== from) this.#world.send(from.number, to.number, message);
      },
    };
  }

  /** Somebody hands a transaction to one honest node, about once a period, for ever. */
  #submit(sequence: number): void {
    const { spec } = this.#founding;
    const transaction = signTransaction(
      {
        payload: { kind: "record", data: Uint8Array.of(1) },
        ...{ sequence, fee: 0n, validUntil: 0, timestampMs: this.#world.nowMs },
      },
      wallet,
      spec.chainId,
    );
    this.#scales.submitted(transaction.idHex, this.#world.nowMs);
    this.#tell(transaction, this.#random.pick(this.#nodes).number);
    this.#world.after(this.#random.between(periodMs / 2, (3 * periodMs) / 2), () =>
      this.#submit(sequence + 1),
    );
  }

  #tell(transaction: DecodedTransaction, first: number): void {
    for (const { number } of this.#nodes) {
      if (number === first) this.#world.deliver(first, number, { kind: "transaction", transaction }, 0);
      else this.#world.send(first, number, { kind: "transaction", transaction });
    }
  }

  /** All honest authorities vote for each that wants to be one; it is in when the vote is final. */
  #admit(): void {
    const { chainId } = this.#founding.spec;
    for (const { keyPair: subject } of this.#plotters) {
      for (const { number, keyPair } of this.#nodes) {
        if (bytesEqual(keyPair.publicKey, subject.publicKey)) continue;
        const terms = { action: "add" as const, subject, expiresAtHeight: 1_000 };
        this.#tell(authorityVoteOf(terms, keyPair, chainId), number);
      }
    }
  }

  #trace(line: () => string): void {
    const { onTrace } = this.#options;
    onTrace?.(`${String(this.#world.nowMs - startMs).padStart(7)} ${line()}`);
  }
}
