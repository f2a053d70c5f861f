/** What can be done to a node of the lab: each action until it is done, one at a time for each node. */

import { postBootstrap } from "../../api/admin.ts";
import { type LabAction, labDelayMsMax } from "../../api/lab.ts";
import { fromUtf8 } from "../../base/bytes.ts";
import { createApiClient } from "../../client/api-client.ts";
import { ApiProblem } from "../../client/api-problem.ts";
import { knownApiToken } from "../../node/api-token.ts";
import { dataDirectory } from "../../node/data-directory.ts";
import { zeroBytes32 } from "../../protocol/hashing.ts";
import { LabError } from "./lab-error.ts";
import type { LabFloor } from "./lab-floor.ts";
import type { LabNode } from "./lab-node.ts";
import { possibleActions } from "./lab-state.ts";
import { signAndSend } from "./sign-and-send.ts";
import { Tampering, type TamperTarget } from "./tampering.ts";
import { lookForOf } from "./troubles.ts";
import { Withholding } from "./withholding.ts";

/** 1 AUR. */
const paidUnits = 100_000_000n;

export interface ActionInput {
  /** Of `delay`. */
  readonly ms?: number | undefined;
  /** Of `clock`. */
  readonly offsetMs?: number | undefined;
  /** Of `tamper`. */
  readonly what?: TamperTarget | undefined;
}

export interface Acted {
  /** In words. */
  readonly did: string;
  readonly lookFor: string;
}

export class LabActions {
  readonly #lab: LabFloor;
  readonly #busy = new Set<LabNode>();

  constructor(lab: LabFloor) {
    this.#lab = lab;
  }

  /** @throws LabError if it cannot be done right now */
  async act(node: LabNode, action: LabAction, input: ActionInput): Promise<Acted> {
    // A kill is for a process that does not stop.
    if (this.#busy.has(node) && action !== "kill") {
      throw new LabError("lab/busy", `${node.name} is being worked on`, "ask again when that is done");
    }
    const { busyWith } = this.#lab;
    if (busyWith !== undefined) throw new LabError("lab/not-yet", busyWith, "wait until that is done");
    const can = possibleActions(this.#lab, node);
    if (!can.includes(action)) {
      const next = can.length === 0 ? "wait until it is done" : `what can be done now: ${can.join(", ")}`;
      throw new LabError("lab/not-now", `${node.name} is ${node.state}: ${action} is not possible`, next);
    }
    this.#busy.add(node);
    try {
      const did = await this.#do(node, action, input);
      // Payments may come every second: what they do is in the chain.
      if (action !== "send") this.#lab.note("done", did, node);
      return { did, lookFor: lookForOf(action) };
    } finally {
      this.#busy.delete(node);
      this.#lab.changed();
    }
  }

  async #do(node: LabNode, action: LabAction, input: ActionInput): Promise<string> {
    switch (action) {
      case "start":
        await this.#start(node);
        return "started";
      case "stop":
        this.#endWithholding(node);
        await node.stop();
        return "stopped";
      case "kill":
        this.#endWithholding(node);
        await node.kill();
        return "killed";
      case "restart":
        await node.stop();
        await this.#start(node);
        return "restarted";
      case "cut":
        this.#cut(node);
        return "cut off";
      case "heal":
        await this.#heal(node);
        return "joined again";
      case "delay":
        return this.#delay(node, input.ms);
      case "withhold":
        this.#cut(node);
        this.#lab.withholdings.set(
          node,
          new Withholding(
            node,
            this.#lab.nodesOf("pow").filter((other) => other !== node),
          ),
        );
        return "withholds its blocks from now on";
      case "release": {
        const ahead = this.#lab.withholdings.get(node)?.ahead ?? 0;
        this.#endWithholding(node);
        await this.#heal(node);
        return `releases its private chain, ${ahead} blocks longer than that of the others`;
      }
      case "clock":
        return this.#setClock(node, input.offsetMs);
      case "tamper":
        return new Tampering(this.#lab, node).run(input.what ?? "block");
      case "send":
        return this.#send(node);
    }
  }

  /** @throws LabError with what the process said if it ends instead */
  async #start(node: LabNode): Promise<void> {
    node.start();
    if (await node.whenRunning()) return;
    const { ended } = node;
    throw new LabError(
      "lab/ended",
      `${node.name} ended at its start: ${ended?.what ?? "it was stopped"}`,
      ended?.next || "look into its blockchain.log",
    );
  }

  #endWithholding(node: LabNode): void {
    this.#lab.withholdings.get(node)?.end();
    this.#lab.withholdings.delete(node);
  }

  #cut(node: LabNode): void {
    node.isCut = true;
    this.#lab.layLines();
  }

  async #heal(node: LabNode): Promise<void> {
    node.isCut = false;
    this.#lab.layLines();
    const mended = this.#lab.linesOf(node.name).filter(({ isOpen }) => isOpen);
    await Promise.all([...new Set(mended.map(({ ends }) => ends.from))].map((name) => this.#dialAgain(name)));
  }

  /**
   * A node tries an address that does not work every 15 s. Taken out and put in again, it is tried at once.
   */
  async #dialAgain(name: string): Promise<void> {
    const node = this.#lab.node(name);
    if (node.state !== "running") return;
    const token = await knownApiToken(dataDirectory(node.plan.dataDir).apiToken);
    const api = createApiClient(node.api.url, { retries: 0, token });
    for (const { address, connected } of node.view?.status.bootstrap ?? []) {
      if (connected && node.view?.status.peers === this.#lab.nodes.length - 1) continue;
      for (const action of ["remove", "add"] as const) {
        // It dials by itself all the same, only later.
        await api.call(postBootstrap, { body: { action, address } }).catch(() => undefined);
      }
    }
  }

  #delay(node: LabNode, ms = 0): string {
    if (ms < 0 || ms > labDelayMsMax)
      throw new LabError("lab/delay", `${ms} ms is no delay`, `from 0 to ${labDelayMsMax}`);
    node.delayMs = ms;
    this.#lab.layLines();
    return ms === 0 ? "is not delayed any more" : `is delayed by ${ms} ms each way`;
  }

  async #setClock(node: LabNode, offsetMs = 0): Promise<string> {
    const wasUp = node.state === "running";
    if (wasUp) await node.stop();
    node.clockOffsetMs = offsetMs;
    if (wasUp) await this.#start(node);
    if (offsetMs === 0) return "has the right time again";
    const minutes = Math.round(Math.abs(offsetMs) / 60_000);
    return `has a clock that is ${minutes} min ${offsetMs > 0 ? "ahead" : "behind"}`;
  }

  /** @throws LabError with what the node says if it refuses */
  async #send(node: LabNode): Promise<string> {
    const { keyPair, consensus, spec } = node.plan;
    const members = this.#lab.nodesOf(consensus);
    const receiver = members[(members.indexOf(node) + 1) % members.length] ?? node;
    const payload = {
      kind: "transfer",
      to: receiver.plan.keyPair.publicKey,
      assetId: zeroBytes32,
      amount: paidUnits,
      memo: fromUtf8(`from ${node.name}`),
    } as const;
    try {
      await signAndSend({ api: node.api, spec }, keyPair, payload);
      return `sends 1 AUR to ${receiver.name}`;
    } catch (thrown) {
      if (thrown instanceof ApiProblem) throw new LabError("lab/not-sent", thrown.message, thrown.next);
      throw new LabError("lab/not-sent", `${node.name} gives no answer`, "look at its state, then try again");
    }
  }
}
