/** The lab as its page shows it. */
import {
  type LabAction,
  type LabBlock,
  type LabNode as LabNodeState,
  type LabNotice,
  type LabState,
  labActions,
} from "../../api/lab.ts";
import type { LabFloor } from "./lab-floor.ts";
import { endText, type LabNode } from "./lab-node.ts";
import { labTroubles } from "./troubles.ts";

/** @param mayAct whether whoever asks may make trouble */
export function stateOf(lab: LabFloor, notices: readonly LabNotice[], mayAct: boolean): LabState {
  return {
    atMs: Date.now(),
    nodes: lab.nodes.map((node) => nodeState(lab, node)),
    lines: lab.lines.map(({ ends, isOpen, delayMs, connections }) => ({
      from: ends.from,
      to: ends.to,
      open: isOpen,
      delayMs,
      connections,
    })),
    troubles: labTroubles,
    notices: [...notices],
    busyWith: lab.busyWith ?? null,
    mayAct,
  };
}

export function nodeState(lab: LabFloor, node: LabNode): LabNodeState {
  const { plan, state, pid, ended, view, clockOffsetMs } = node;
  const status = view?.status;
  const isUp = state === "running";
  const withholding = lab.withholdings.get(node);
  return {
    name: plan.name,
    consensus: plan.consensus,
    process: state,
    pid: pid ?? null,
    endedBecause: ended ? endText(ended) : null,
    apiUrl: node.api.url,
    listens: node.listens,
    nodeId: node.nodeId,
    address: node.address,
    authority: status?.authority ?? plan.consensus === "poa",
    mining: status?.mining ?? plan.consensus === "pow",
    sealing: isUp && status ? status.sealing : "off",
    notSealingBecause: isUp && status ? status.notSealingBecause : null,
    head: status?.head ?? null,
    final: status?.final ?? null,
    peers: isUp && status ? status.peers : 0,
    mempool: isUp && status ? status.mempool : 0,
    advice: isUp && status ? status.advice : [],
    blocks: blocksOf(lab, node),
    answeredAtMs: view?.atMs ?? null,
    cut: node.isCut,
    delayMs: node.delayMs,
    withholding: withholding ? { sinceHeight: withholding.sinceHeight, ahead: withholding.ahead } : null,
    clockOffsetMs,
    tampered: node.tampered ?? null,
    can: possibleActions(lab, node),
  };
}

/** What can be done to it right now. */
export function possibleActions(lab: LabFloor, node: LabNode): LabAction[] {
  if (lab.busyWith !== undefined) return [];
  const { state, plan } = node;
  const isWithholding = lab.withholdings.has(node);
  const isLinked = lab.nodes.length > 1;
  const can: Readonly<Record<LabAction, boolean>> = {
    start: state === "stopped" || state === "ended",
    stop: state === "running" || state === "starting",
    kill: state === "running" || state === "starting" || state === "stopping",
    restart: state === "running",
    cut: isLinked && !node.isCut,
    heal: node.isCut && !isWithholding,
    delay: isLinked,
    withhold:
      plan.consensus === "pow" && state === "running" && !isWithholding && lab.nodesOf("pow").length > 1,
    release: isWithholding,
    clock: state === "running" || state === "stopped" || state === "ended",
    tamper: state === "running" || state === "stopped",
    send: state === "running",
  };
  return labActions.filter((action) => can[action]);
}

function blocksOf(lab: LabFloor, { view }: LabNode): LabBlock[] {
  const nameOf = (address: string | null) =>
    lab.nodes.find((node) => node.address === address)?.name ?? address;
  return (view?.blocks ?? []).map(
    ({ height, hash, parentHash, timestampMs, transactionCount, producer }) => ({
      height,
      hash,
      parentHash,
      timestampMs,
      transactionCount,
      producer: nameOf(producer),
    }),
  );
}
