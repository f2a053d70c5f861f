/** One run: a plan, its people, the trouble, the healing, and what the referee saw. */
import { bytesEqual, includesBytes, toHex } from "../../../src/base/bytes.ts";
import { compareHeads } from "../../../src/consensus/engine.ts";
import type { Block, HeaderRecord } from "../../../src/protocol/block.ts";
import { quorumOf } from "../../../src/protocol/certificate.ts";
import type { KeyPair } from "../../../src/protocol/signing.ts";
import { createSeededRandom, type SeededRandom } from "../random.ts";
import { Adversary } from "./adversary.ts";
import { authorityVoteOf } from "./authority-vote.ts";
import { BlockJudge } from "./block-judge.ts";
import { type Founding, foundingOf, type SimulationRules, startMs, trueRules } from "./founding.ts";
import { HonestNode, type Observer } from "./honest-node.ts";
import { type Campaign, type Outage, type Plan, type PlanWishes, planOf } from "./plan.ts";
import { describe, describeRecord, type Happenings, Referee, type Violation } from "./referee.ts";
import { fairWeather, nextPhase, type Phase } from "./weather.ts";
import { adversaryNumber, World } from "./world.ts";

export interface RunOptions extends PlanWishes {
  readonly rules?: SimulationRules;
  readonly onTrace?: (line: string) => void;
  /** Ends at the first of this kind: what a control looks for. */
  readonly until?: Violation["kind"];
}

export interface RunReport {
  readonly seed: number;
  readonly authorityCount: number;
  readonly byzantineCount: number;
  readonly weather: Plan["weather"];
  readonly violations: readonly Violation[];
  readonly happenings: Happenings;
  readonly blocks: number;
  readonly finalHeight: number;
  /** Whether what finality needs was still there when the network had healed. */
  readonly isRecoverable: boolean;
  /** How long after the network had healed a block sealed since then was final at every node; in simulated time. */
  readonly recoveryMs: number;
}

const greetingMinMs = 1_500;
const greetingMaxMs = 4_000;
/** Time to recover after healing; most runs need a few seconds. */
const recoveryMaxMs = 180_000;
const campaignDelayMaxMs = 3_000;

export function simulateFinality(seed: number, options: RunOptions = {}): RunReport {
  return new FinalityRun(planOf(seed, options), options).run();
}

class FinalityRun {
  readonly #plan: Plan;
  readonly #options: RunOptions;
  readonly #random: SeededRandom;
  readonly #founding: Founding;
  readonly #world = new World();
  readonly #judge: BlockJudge;
  readonly #referee: Referee;
  readonly #adversary: Adversary;
  readonly #nodes: ReadonlyMap<number, HonestNode>;
  #phase: Phase | undefined;
  #isHealed = false;

  constructor(plan: Plan, options: RunOptions) {
    this.#plan = plan;
    this.#options = options;
    const { rules = trueRules } = options;
    this.#random = createSeededRandom(plan.seed ^ 0x5bd1e995);
    const founding = foundingOf(plan.authorityCount, rules);
    this.#founding = founding;
    const world = this.#world;
    const judge = new BlockJudge(founding);
    this.#judge = judge;
    const honest = this.#everybody().filter((number) => !plan.byzantine.includes(number));
    const honestKeys = new Set(honest.map((number) => toHex(this.#keyPairOf(number).publicKey)));
    this.#referee = new Referee(founding, judge, honestKeys);
    const modules = { founding, rules, world, judge, observer: this.#observer() };
    this.#nodes = new Map(
      honest.map((number) => [number, new HonestNode(number, this.#keyPairOf(number), modules)]),
    );
    this.#adversary = new Adversary(
      plan.byzantine.map((number) => this.#keyPairOf(number)),
      plan.malice,
      {
        founding,
        world,
        judge,
        referee: this.#referee,
        random: this.#random,
        nodes: this.#honest(),
        sealed: (block) => this.#seeNewBlock(block, "the adversary"),
      },
    );
    world.receive = (to, message, from) => {
      if (to === adversaryNumber) this.#adversary.receive(message, from);
      else this.#nodes.get(to)?.receive(message, from);
    };
  }

  run(): RunReport {
    this.#changePhase();
    for (const node of this.#honest()) {
      node.start();
      this.#greetOne(node);
    }
    for (const campaign of this.#plan.campaigns) {
      this.#world.after(campaign.atMs, () => this.#campaign(campaign));
    }
    for (const outage of this.#plan.outages) this.#world.after(outage.fromMs, () => this.#crash(outage));
    this.#world.runUntil(startMs + this.#plan.troubleMs, () => this.#isOver());
    this.#heal();
    const healedMs = this.#world.nowMs;
    const isRecoverable = mayRecover(this.#honest(), this.#founding);
    if (isRecoverable && !this.#isOver()) this.#recover();
    const { seed, authorityCount, byzantine, weather } = this.#plan;
    return {
      seed,
      authorityCount,
      byzantineCount: byzantine.length,
      weather,
      violations: this.#referee.violations,
      happenings: this.#referee.happenings,
      blocks: this.#judge.goodBlocks,
      finalHeight: Math.max(...this.#honest().map(({ final }) => final.height)),
      isRecoverable,
      recoveryMs: this.#world.nowMs - healedMs,
    };
  }

  #everybody(): number[] {
    const { authorityCount, candidateCount } = this.#plan;
    return Array.from({ length: authorityCount + candidateCount }, (_, number) => number);
  }

  #honest(): HonestNode[] {
    return [...this.#nodes.values()];
  }

  #keyPairOf(number: number): KeyPair {
    return this.#founding.keyPairs[number]!;
  }

  #isOver(): boolean {
    return this.#options.until !== undefined && this.#referee.has(this.#options.until);
  }

  #trace(line: () => string): void {
    const { onTrace } = this.#options;
    onTrace?.(`${String(this.#world.nowMs - startMs).padStart(6)} ${line()}`);
  }

  #observer(): Observer {
    return {
      sealed: (block, by) => {
        if (!this.#judge.recordOf(block.hash)) this.#seeNewBlock(block, `node ${by.number}`);
      },
      voted: (vote, by) => {
        this.#trace(() => `node ${by.number} votes ${describe(vote.source)} -> ${describe(vote.target)}`);
        this.#referee.seeVote(vote);
        this.#adversary.seeVote(vote);
      },
      headMoved: (node, previous) => {
        this.#trace(
          () => `node ${node.number} head ${describeRecord(previous)} => ${describeRecord(node.head)}`,
        );
        if (!isAncestor(previous, node.head, this.#judge)) this.#referee.happenings.reorganization = true;
      },
      finalMoved: (node) => {
        this.#trace(() => `node ${node.number} final ${describe(node.final)}`);
        this.#referee.seeNodeFinal(node);
      },
      imported: (node) => this.#referee.seeNode(node),
      evidenceFound: (evidence) => this.#referee.seeEvidence(evidence),
      broadcast: (message, from) => {
        for (const to of this.#nodes.keys())
          if (to !== from.number) this.#world.send(from.number, to, message);
      },
    };
  }

  #seeNewBlock(block: Block, by: string): void {
    const { record, fault } = this.#judge.judge(block);
    this.#trace(() => `${by} sealed ${describeSealed(block, this.#judge)}${fault ? ` (${fault.code})` : ""}`);
    if (!record) return;
    this.#referee.seeBlock(record, block);
    this.#adversary.seeBlock(record);
  }

  #changePhase(): void {
    if (this.#isHealed) return;
    this.#noteHealing();
    const { weather, swingForgets, rightFactor, phaseMinMs, phaseMaxMs } = this.#plan;
    // Before the network changes: what they last voted is sent once more to those who know it.
    if (weather === "swing" && this.#random.chance(swingForgets)) this.#forgetInBetween();
    const phase = nextPhase(this.#plan, this.#phase, this.#random);
    this.#phase = phase;
    this.#world.weather = phase.weather;
    this.#trace(
      () => `the network changes${phase.joined ? `: those in between meet the ${phase.joined}` : ""}`,
    );
    const factor = phase.joined === "right" ? rightFactor : 1;
    this.#world.after(factor * this.#random.between(phaseMinMs, phaseMaxMs), () => this.#changePhase());
  }

  #noteHealing(): void {
    const heads = new Set(this.#honest().map(({ head }) => head.hashHex));
    if (this.#phase?.isPartition && heads.size > 1) this.#referee.happenings.partitionHealed = true;
  }

  #forgetInBetween(): void {
    for (const node of this.#honest()) {
      if (this.#plan.sides.get(node.number) === "swing") this.#restart(node, false);
    }
  }

  #crash({ node: number, forMs, keepsStore }: Outage): void {
    const node = this.#nodes.get(number);
    if (!node?.isUp || this.#isHealed) return;
    this.#trace(() => `node ${number} crashes`);
    this.#referee.happenings.crash = true;
    node.crash();
    this.#world.after(forMs, () => {
      if (!node.isUp) this.#restart(node, keepsStore);
    });
  }

  #restart(node: HonestNode, keepsStore: boolean): void {
    this.#trace(() => `node ${node.number} restarts${keepsStore ? "" : " without its chain"}`);
    if (!keepsStore) {
      this.#referee.happenings.storeLost = true;
      this.#referee.forgetNode(node);
    }
    node.restart(keepsStore);
  }

  /** Meets a random other one, and again some time later: what got lost is told once more. */
  #greetOne(node: HonestNode): void {
    const others = this.#honest().filter((other) => other !== node);
    if (others.length > 0) node.greet(this.#random.pick(others).number);
    this.#world.after(this.#random.between(greetingMinMs, greetingMaxMs), () => this.#greetOne(node));
  }

  #campaign({ action, subject, lifetimeBlocks }: Campaign): void {
    const { weather, oneSidedCampaigns, sides } = this.#plan;
    const { chainId } = this.#founding.spec;
    const expiresAtHeight = this.#referee.highest.header.height + lifetimeBlocks;
    this.#trace(() => `a campaign begins: ${action} node ${subject}`);
    const terms = { action, subject: this.#keyPairOf(subject), expiresAtHeight };
    for (const voter of this.#everybody()) {
      if (action === "leave" && voter !== subject) continue;
      const transaction = authorityVoteOf(terms, this.#keyPairOf(voter), chainId);
      for (const to of this.#nodes.keys()) {
        if (weather === "swing" && oneSidedCampaigns && sides.get(to) !== "left") continue;
        const delayMs = this.#random.between(1, campaignDelayMaxMs);
        this.#world.deliver(voter, to, { kind: "transaction", transaction }, delayMs);
      }
    }
  }

  #heal(): void {
    this.#noteHealing();
    this.#isHealed = true;
    this.#world.weather = fairWeather(this.#random);
    this.#trace(() => "the network has healed");
    if (!this.#plan.malice.persists) this.#adversary.retire();
    for (const node of this.#honest()) {
      if (!node.isUp) this.#restart(node, true);
      for (const other of this.#honest()) if (other !== node) node.greet(other.number);
    }
  }

  /** Until a block that was sealed after the healing is final at every honest node. */
  #recover(): void {
    const goal = this.#referee.highest.header.height + 1;
    const hasRecovered = () => this.#honest().every(({ final }) => final.height >= goal);
    const untilMs = this.#world.nowMs + recoveryMaxMs;
    this.#world.runUntil(untilMs, () => hasRecovered() || this.#isOver());
    if (hasRecovered() || this.#isOver()) return;
    const finals = this.#honest().map((node) => `node ${node.number} ${describe(node.final)}`);
    this.#referee.say({
      kind: "no-finality-after-healing",
      what: `above ${goal - 1}: ${finals.join(", ")}`,
    });
  }
}

/**
 * A quorum of honest authorities may vote on the best chain. It fails where every node that had the last certificates
 * lost its store: those who voted from there keep their word in their journals, and nobody can show them why.
 */
function mayRecover(nodes: readonly HonestNode[], { engine }: Founding): boolean {
  const [best] = nodes.map(({ head }) => head).sort(compareHeads);
  if (!best) return false;
  const authorities = engine.authority.setAt(best);
  const able = nodes.filter(
    ({ keyPair, watermark }) =>
      watermark.sourceHeight <= best.justifiedHeight && includesBytes(authorities, keyPair.publicKey),
  );
  return able.length >= quorumOf(authorities.length);
}

function isAncestor(ancestor: HeaderRecord, tip: HeaderRecord, judge: BlockJudge): boolean {
  let record: HeaderRecord | undefined = tip;
  while (record && record.header.height > ancestor.header.height) record = judge.parentOf(record);
  return record !== undefined && bytesEqual(record.hash, ancestor.hash);
}

function describeSealed(block: Block, judge: BlockJudge): string {
  const { height, parentHash } = block.header;
  const parent = judge.recordOf(parentHash);
  const [certificate] = block.consensusSection.certificates;
  const evidence = block.consensusSection.evidence.length;
  return [
    `${height}/${block.hashHex.slice(0, 8)} on ${parent ? describeRecord(parent) : toHex(parentHash).slice(0, 8)}`,
    ...(certificate
      ? [`certifies ${certificate.targetHeight}/${toHex(certificate.targetHash).slice(0, 8)}`]
      : []),
    ...(evidence > 0 ? [`${evidence} evidence`] : []),
    ...(block.transactions.length > 0 ? [`${block.transactions.length} votes for changes`] : []),
  ].join(", ");
}
