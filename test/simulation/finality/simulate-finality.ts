/** One run: a plan, its people, the trouble, the healing, and what the referee saw. */
import { bytesEqual, toHex } from "../../../src/base/bytes.ts";
import { compareHeads } from "../../../src/consensus/engine.ts";
import type { Block, HeaderRecord } from "../../../src/protocol/block.ts";
import { quorumOf } from "../../../src/protocol/certificate.ts";
import { createSeededRandom } from "../random.ts";
import { Adversary } from "./adversary.ts";
import { authorityVoteOf } from "./authority-vote.ts";
import { BlockJudge } from "./block-judge.ts";
import { type Founding, foundingOf, type SimulationRules, startMs, trueRules } from "./founding.ts";
import { HonestNode, type Observer } from "./honest-node.ts";
import { type Campaign, type Plan, type PlanWishes, planOf } from "./plan.ts";
import { describe, describeRecord, type Happenings, Referee, type Violation } from "./referee.ts";
import { fairWeather, nextPhase, type Phase } from "./weather.ts";
import { adversaryNumber, type Message, World } from "./world.ts";

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

export function simulateFinality(seed: number, options: RunOptions = {}): RunReport {
  const { rules = trueRules, onTrace } = options;
  const plan = planOf(seed, options);
  const random = createSeededRandom(seed ^ 0x5bd1e995);
  const founding = foundingOf(plan.authorityCount, rules);
  const world = new World();
  const judge = new BlockJudge(founding);
  const { chainId } = founding.spec;
  const isByzantine = (number: number) => plan.byzantine.includes(number);
  const numbers = Array.from({ length: plan.authorityCount + plan.candidateCount }, (_, number) => number);
  const keyPairOf = (number: number) => founding.keyPairs[number]!;
  const honestNumbers = numbers.filter((number) => !isByzantine(number));
  const honestKeys = new Set(honestNumbers.map((number) => toHex(keyPairOf(number).publicKey)));
  const referee = new Referee(founding, judge, honestKeys);
  const nodes = new Map<number, HonestNode>();
  const trace = (line: () => string) => onTrace?.(`${String(world.nowMs - startMs).padStart(6)} ${line()}`);

  const seeNewBlock = (block: Block, by: string) => {
    const { record, fault } = judge.judge(block);
    trace(() => `${by} sealed ${describeSealed(block, judge)}${fault ? ` (${fault.code})` : ""}`);
    if (!record) return;
    referee.seeBlock(record, block);
    adversary.seeBlock(record);
  };
  const broadcast = (message: Message, from: number) => {
    for (const number of honestNumbers) if (number !== from) world.send(from, number, message);
  };
  const observer: Observer = {
    sealed(block, by) {
      if (!judge.recordOf(block.hash)) seeNewBlock(block, `node ${by.number}`);
    },
    voted(vote, by) {
      trace(() => `node ${by.number} votes ${describe(vote.source)} -> ${describe(vote.target)}`);
      referee.seeVote(vote);
      adversary.seeVote(vote);
    },
    headMoved(node, previous) {
      trace(() => `node ${node.number} head ${describeRecord(previous)} => ${describeRecord(node.head)}`);
      if (!isAncestor(previous, node.head, judge)) referee.happenings.reorganization = true;
    },
    finalMoved(node) {
      trace(() => `node ${node.number} final ${describe(node.final)}`);
      referee.seeNodeFinal(node);
    },
    imported: (node) => referee.seeNode(node),
    evidenceFound: (evidence) => referee.seeEvidence(evidence),
    broadcast: (message, from) => broadcast(message, from.number),
  };
  for (const number of honestNumbers) {
    nodes.set(number, new HonestNode(number, keyPairOf(number), { founding, rules, world, judge, observer }));
  }
  const honestNodes = [...nodes.values()];
  const adversary = new Adversary(plan.byzantine.map(keyPairOf), plan.malice, {
    founding,
    world,
    judge,
    referee,
    random,
    nodes: honestNodes,
    sealed: (block) => seeNewBlock(block, "the adversary"),
  });
  world.receive = (to, message, from) => {
    if (to === adversaryNumber) adversary.receive(message, from);
    else nodes.get(to)?.receive(message, from);
  };

  let phase: Phase | undefined;
  let isHealed = false;
  const changePhase = () => {
    if (isHealed) return;
    noteHealing(phase);
    phase = nextPhase(plan, phase, random);
    world.weather = phase.weather;
    trace(() => `the network changes${phase?.joined ? `: those in between meet the ${phase.joined}` : ""}`);
    if (plan.weather === "swing" && random.chance(plan.swingForgets)) forgetInBetween();
    world.after(random.between(plan.phaseMinMs, plan.phaseMaxMs), changePhase);
  };
  const noteHealing = (ended: Phase | undefined) => {
    const heads = new Set(honestNodes.map(({ head }) => head.hashHex));
    if (ended?.isPartition && heads.size > 1) referee.happenings.partitionHealed = true;
  };
  const restart = (node: HonestNode, keepsStore: boolean) => {
    trace(() => `node ${node.number} restarts${keepsStore ? "" : " without its chain"}`);
    if (!keepsStore) {
      referee.happenings.storeLost = true;
      referee.forgetNode(node);
    }
    node.restart(keepsStore);
  };
  const forgetInBetween = () => {
    for (const node of honestNodes) if (plan.sides.get(node.number) === "swing") restart(node, false);
  };
  const greetOne = (node: HonestNode) => {
    const others = honestNodes.filter((other) => other !== node);
    if (others.length > 0) node.greet(random.pick(others).number);
    world.after(random.between(greetingMinMs, greetingMaxMs), () => greetOne(node));
  };
  const campaign = ({ action, subject, lifetimeBlocks }: Campaign) => {
    const expiresAtHeight = referee.highest.header.height + lifetimeBlocks;
    trace(() => `a campaign begins: ${action} node ${subject}`);
    for (const number of numbers) {
      if (action === "leave" && number !== subject) continue;
      const vote = authorityVoteOf(
        { action, subject: keyPairOf(subject), expiresAtHeight },
        keyPairOf(number),
        chainId,
      );
      for (const reached of honestNumbers) {
        const isLeft = plan.sides.get(reached) === "left";
        if (plan.weather === "swing" && plan.oneSidedCampaigns && !isLeft) continue;
        world.deliver(number, reached, { kind: "transaction", transaction: vote }, random.between(1, 3_000));
      }
    }
  };
  changePhase();
  for (const node of honestNodes) {
    node.start();
    greetOne(node);
  }
  for (const planned of plan.campaigns) world.after(planned.atMs, () => campaign(planned));
  for (const { node: number, fromMs, forMs, keepsStore } of plan.outages) {
    const node = nodes.get(number)!;
    world.after(fromMs, () => {
      if (!node.isUp || isHealed) return;
      trace(() => `node ${number} crashes`);
      referee.happenings.crash = true;
      node.crash();
      world.after(forMs, () => {
        if (!node.isUp) restart(node, keepsStore);
      });
    });
  }
  const isOver = () => options.until !== undefined && referee.has(options.until);
  world.runUntil(startMs + plan.troubleMs, isOver);

  noteHealing(phase);
  isHealed = true;
  world.weather = fairWeather(random);
  trace(() => "the network has healed");
  if (!plan.malice.persists) adversary.retire();
  for (const node of honestNodes) {
    if (!node.isUp) restart(node, true);
    for (const other of honestNodes) if (other !== node) node.greet(other.number);
  }
  const healedMs = world.nowMs;
  const isRecoverable = mayRecover(honestNodes, founding);
  const goal = referee.highest.header.height + 1;
  const hasRecovered = () => honestNodes.every(({ final }) => final.height >= goal);
  if (isRecoverable && !isOver()) {
    world.runUntil(healedMs + recoveryMaxMs, () => hasRecovered() || isOver());
    if (!hasRecovered() && !isOver()) {
      const state = honestNodes.map((node) => `${node.number}: ${describe(node.final)}`).join(", ");
      referee.say({ kind: "no-finality-after-healing", what: `above ${goal - 1}: ${state}` });
    }
  }
  return {
    seed,
    authorityCount: plan.authorityCount,
    byzantineCount: plan.byzantine.length,
    weather: plan.weather,
    violations: referee.violations,
    happenings: referee.happenings,
    blocks: judge.goodBlocks,
    finalHeight: Math.max(...honestNodes.map(({ final }) => final.height)),
    isRecoverable,
    recoveryMs: world.nowMs - healedMs,
  };
}

/**
 * A quorum of honest authorities may vote on the best chain. It fails where every node that had the last certificates
 * lost its store: those who voted from there keep their word in their journals, and nobody can show them why.
 */
function mayRecover(nodes: readonly HonestNode[], { engine }: Founding): boolean {
  const [best] = nodes.map(({ head }) => head).sort(compareHeads);
  if (!best) return false;
  const authorities = engine.authorities(best);
  const able = nodes.filter(
    ({ keyPair, watermark }) =>
      watermark.sourceHeight <= best.justifiedHeight &&
      authorities.some((key) => bytesEqual(key, keyPair.publicKey)),
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
