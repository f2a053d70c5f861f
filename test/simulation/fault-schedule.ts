/** What goes wrong in a simulation, and when: partitions, crashes, lost disks, full disks, wrong clocks, bad links. */
import type { Clock } from "../../src/base/clock.ts";
import type { LinkOptions, MemoryNetwork } from "../support/network/memory-network.ts";
import type { SeededRandom } from "./random.ts";
import type { SimulatedNode } from "./simulated-node.ts";

export interface FaultScheduleModules {
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly network: MemoryNetwork;
  readonly nodes: readonly SimulatedNode[];
  readonly usualLink: LinkOptions;
  readonly trace: (line: string) => void;
  /** Something that no fault may cause. */
  readonly broken: (error: unknown) => void;
}

export class FaultSchedule {
  readonly #modules: FaultScheduleModules;
  #running = false;

  constructor(modules: FaultScheduleModules) {
    this.#modules = modules;
  }

  start(): void {
    this.#running = true;
    this.#next();
  }

  /** Everything is mended at once: links, clocks, and nodes that are down come up. */
  async end(): Promise<void> {
    this.#running = false;
    const { network, nodes, trace } = this.#modules;
    trace("faults end");
    network.heal();
    for (const [index, node] of nodes.entries()) {
      node.setClockWrongBy(0);
      for (const other of nodes.slice(index + 1)) this.#setLink(node, other, this.#modules.usualLink);
      if (!node.core) await this.#startNode(node);
    }
  }

  #next(): void {
    this.#after(500, 5_000, () => {
      this.#strike();
      this.#next();
    });
  }

  /** Calls back only while faults last; what ends a fault is done by `end` otherwise. */
  #after(shortestMs: number, longestMs: number, callback: () => void): void {
    const { clock, random } = this.#modules;
    clock.schedule(random.between(shortestMs, longestMs), () => {
      if (this.#running) callback();
    });
  }

  #strike(): void {
    const { random, nodes, trace } = this.#modules;
    const node = random.pick(nodes);
    const other = random.pick(nodes.filter((candidate) => candidate !== node));
    switch (random.between(0, 5)) {
      case 0:
        this.#partition();
        break;
      case 1:
      case 2:
        this.#crash(node);
        break;
      case 3:
        this.#setClockWrong(node, random.between(-20_000, 20_000));
        break;
      case 4:
        if (!node.core) break;
        trace(`${node.name} disk full`);
        node.failNextCommit();
        break;
      default:
        trace(`${node.name} ${other.name} bad link`);
        this.#setLink(node, other, { latencyMs: [50, 3_000], loss: 0.3 });
        this.#after(1_000, 20_000, () => this.#setLink(node, other, this.#modules.usualLink));
    }
  }

  #setClockWrong(node: SimulatedNode, offsetMs: number): void {
    const { trace } = this.#modules;
    trace(`${node.name} clock wrong by ${offsetMs}`);
    node.setClockWrongBy(offsetMs);
    this.#after(1_000, 20_000, () => {
      trace(`${node.name} clock right`);
      node.setClockWrongBy(0);
    });
  }

  #partition(): void {
    const { random, nodes, network, trace } = this.#modules;
    const cut = random.between(1, nodes.length - 1);
    const order = random.shuffled(nodes);
    const groups = [order.slice(0, cut), order.slice(cut)];
    trace(`partition ${groups.map((group) => group.map(({ name }) => name).join(" ")).join(" | ")}`);
    network.partition(groups.map((group) => group.map(({ peerId }) => peerId)));
    this.#after(2_000, 25_000, () => {
      trace("heal");
      network.heal();
    });
  }

  #crash(node: SimulatedNode): void {
    const { random, trace, broken } = this.#modules;
    if (!node.core) return;
    node.crash();
    const losesDisk = random.chance(0.2);
    if (losesDisk) node.loseDisk();
    trace(`${node.name} crash${losesDisk ? ", disk lost" : ""}`);
    this.#after(500, 15_000, () => void this.#startNode(node).catch(broken));
  }

  async #startNode(node: SimulatedNode): Promise<void> {
    this.#modules.trace(`${node.name} start`);
    await node.start();
  }

  #setLink(a: SimulatedNode, b: SimulatedNode, link: LinkOptions): void {
    this.#modules.network.setLink(a.peerId, b.peerId, link);
  }
}
