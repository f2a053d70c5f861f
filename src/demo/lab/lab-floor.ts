/** What stands in the lab: its nodes, the lines between them, and the notices of what became of them. */
import { EventEmitter } from "node:events";
import { type LabNotice, labNoticesMax } from "../../api/lab.ts";
import type { ConsensusName } from "../../protocol/genesis.ts";
import { LabError } from "./lab-error.ts";
import type { LabNode } from "./lab-node.ts";
import type { Line } from "./line.ts";
import type { Withholding } from "./withholding.ts";

interface LabEvents {
  /** Something of the state of the lab is different. */
  changed: [];
  /** A node's process has ended, and nobody had asked for it. */
  ended: [node: LabNode];
}

export class LabFloor {
  readonly events = new EventEmitter<LabEvents>();
  readonly nodes: readonly LabNode[];
  readonly lines: readonly Line[];
  readonly withholdings = new Map<LabNode, Withholding>();
  #busyWith: string | undefined;
  readonly #notices: LabNotice[] = [];
  #noticeId = 0;

  constructor(nodes: readonly LabNode[], lines: readonly Line[]) {
    this.nodes = nodes;
    this.lines = lines;
    // A page in each tab of a class.
    this.events.setMaxListeners(0);
  }

  /** The newest first. */
  get notices(): readonly LabNotice[] {
    return this.#notices;
  }

  nodesOf(consensus: ConsensusName): readonly LabNode[] {
    return this.nodes.filter(({ plan }) => plan.consensus === consensus);
  }

  /** @throws LabError if there is none of this name */
  node(name: string): LabNode {
    const node = this.nodes.find((each) => each.name === name);
    if (node) return node;
    const names = this.nodes.map((each) => each.name).join(", ");
    throw new LabError("lab/node-unknown", `the lab has no node ${name}`, `its nodes are ${names}`);
  }

  /** While whoever opened it needs all nodes as they are: what for, in words. Nothing can be done to them then. */
  get busyWith(): string | undefined {
    return this.#busyWith;
  }

  set busyWith(busyWith: string | undefined) {
    this.#busyWith = busyWith;
    this.changed();
  }

  linesOf(name: string): readonly Line[] {
    return this.lines.filter(({ ends }) => ends.from === name || ends.to === name);
  }

  /** Brings each line to what its two ends are to have: cut if one of them is, and delayed as the slower one. */
  layLines(): void {
    for (const line of this.lines) {
      const ends = [this.node(line.ends.from), this.node(line.ends.to)];
      line.delayMs = Math.max(...ends.map(({ delayMs }) => delayMs));
      const isWanted = ends.every(({ isCut }) => !isCut);
      if (isWanted === line.isOpen) continue;
      if (isWanted) line.heal();
      else line.cut();
    }
  }

  note(kind: LabNotice["kind"], text: string, node?: LabNode): void {
    this.#noticeId += 1;
    this.#notices.unshift({ id: this.#noticeId, atMs: Date.now(), node: node?.name ?? null, kind, text });
    this.#notices.length = Math.min(this.#notices.length, labNoticesMax);
    this.events.emit("changed");
  }

  changed(node?: LabNode): void {
    if (node?.state === "ended") this.events.emit("ended", node);
    this.events.emit("changed");
  }
}
