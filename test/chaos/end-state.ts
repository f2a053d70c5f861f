/** What the nodes hold when it is over: what is missing and why, and whether all of them hold the same. */
import { ApiProblem } from "../../src/client/api-problem.ts";
import { until } from "../support/patience.ts";
import type { AuthorityProcess } from "./authority-process.ts";
import type { Acknowledged } from "./careful-client.ts";

/** An acknowledged transaction that is not in the final chain, with what each node says of it. */
export interface Missing extends Acknowledged {
  readonly said: Readonly<Record<string, string>>;
}

export interface Comparison {
  readonly equal: boolean;
  /** What differs, in words. */
  readonly differences: readonly string[];
  readonly height: number;
  readonly hash: string;
}

/** Of each transaction that is missing: pending on a node means stuck, else it is lost. */
export async function findMissing(
  nodes: readonly AuthorityProcess[],
  missing: readonly Acknowledged[],
): Promise<{ lost: readonly Missing[]; stuck: readonly Missing[] }> {
  const lost: Missing[] = [];
  const stuck: Missing[] = [];
  for (const transaction of missing) {
    const answers = await Promise.all(nodes.map((node) => said(node, transaction.id)));
    const found = {
      ...transaction,
      said: Object.fromEntries(nodes.map(({ name }, at) => [name, answers[at] ?? ""])),
    };
    (answers.some((answer) => /^(pending|committed)/.test(answer)) ? stuck : lost).push(found);
  }
  return { lost, stuck };
}

async function said(node: AuthorityProcess, id: string): Promise<string> {
  try {
    const answer = await node.api.transaction(id);
    if (answer.status === "committed") return "committed, not final";
    if (answer.status === "pending") return `pending: ${answer.waitingFor}`;
    return `dropped: ${answer.reason.code}`;
  } catch (error) {
    return error instanceof ApiProblem ? "not known" : "no answer";
  }
}

/** Waits until all nodes stand at one head while nothing is sent, and compares block, state root and accounts. */
export async function compareNodes(
  nodes: readonly AuthorityProcess[],
  addresses: readonly string[],
): Promise<Comparison> {
  const differences: string[] = [];
  const heads = new Map<string, number>();
  try {
    await until("all nodes stand at one head", async () => {
      const all = await Promise.all(nodes.map((node) => node.status()));
      heads.clear();
      for (const status of all) heads.set(status?.head.hash ?? "no answer", status?.head.height ?? 0);
      return heads.size === 1 && !heads.has("no answer");
    });
  } catch {
    return { equal: false, differences: [`heads: ${[...heads.keys()].join(", ")}`], height: 0, hash: "" };
  }
  const [[hash, height] = ["", 0]] = heads;
  const roots = await Promise.all(nodes.map(async (node) => (await node.api.block(hash)).stateRoot));
  if (new Set(roots).size > 1) differences.push(`state roots: ${roots.join(", ")}`);
  for (const address of addresses) {
    const accounts = await Promise.all(nodes.map((node) => node.api.account(address)));
    const states = accounts.map(
      ({ balanceUnits, sequence }) => `${balanceUnits} units, sequence ${sequence}`,
    );
    if (new Set(states).size > 1) differences.push(`account ${address}: ${states.join("; ")}`);
  }
  return { equal: differences.length === 0, differences, height, hash };
}
