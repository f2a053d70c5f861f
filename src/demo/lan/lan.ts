/** Several machines on one: a network namespace each, joined by a switch that is one, too, so that the host's own network has no part in it. */
import { randomBytes } from "node:crypto";
import { invariant } from "../../base/invariant.ts";
import { ip, lanImpossible } from "./ip-command.ts";
import { Machine } from "./machine.ts";
import { endNamespace, namespacePrefix, removeLeftovers } from "./namespaces.ts";

const machinesMax = 16;

/**
 * A LAN as long as it is open: `10.77.0.1/24` and so on, with multicast and without a way out. It is gone after
 * `close`, and where the process ends before that; what a killed process left, the next LAN that is opened removes.
 */
export class Lan {
  readonly machines: readonly Machine[];
  readonly #switch: string;
  readonly #onExit = () => this.close();
  #isOpen = true;

  private constructor(switchNamespace: string, machines: readonly Machine[]) {
    this.#switch = switchNamespace;
    this.machines = machines;
    process.once("exit", this.#onExit);
  }

  /**
   * @param names of the machines, in the order of their addresses
   * @throws OperatorError that says why the system does not let it be made
   */
  static open(names: readonly string[]): Lan {
    invariant(names.length > 0 && names.length <= machinesMax, "a LAN has 1 to 16 machines");
    if (process.platform !== "linux") {
      throw lanImpossible(
        "lan/not-linux",
        `this is ${process.platform}`,
        "run it on Linux, a virtual one will do",
      );
    }
    removeLeftovers();
    const prefix = `${namespacePrefix}${process.pid}-${randomBytes(3).toString("hex")}`;
    const machines = names.map(
      (name, index) => new Machine(name, `${prefix}-${index + 1}`, `10.77.0.${index + 1}`),
    );
    const lan = new Lan(`${prefix}-switch`, machines);
    try {
      lan.#build();
    } catch (thrown) {
      lan.close();
      throw thrown;
    }
    return lan;
  }

  /** Pulls the plug of one machine out. */
  cut(machine: Machine): void {
    ip("-n", this.#switch, "link", "set", this.#portOf(machine), "down");
  }

  /** Puts it in again. */
  mend(machine: Machine): void {
    ip("-n", this.#switch, "link", "set", this.#portOf(machine), "up");
  }

  /** Only machines of one group reach each other; who is in none of them reaches nobody. */
  partition(groups: readonly (readonly Machine[])[]): void {
    const alone = this.machines.filter((machine) => !groups.some((group) => group.includes(machine)));
    for (const [index, group] of [...groups, ...alone.map((machine) => [machine])].entries()) {
      for (const machine of group) this.#plugInto(machine, index);
    }
  }

  /** All reach all again. */
  heal(): void {
    this.partition([this.machines]);
  }

  /** Kills what still runs on the machines and removes them; again does nothing. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    process.off("exit", this.#onExit);
    for (const { namespace } of this.machines) endNamespace(namespace);
    endNamespace(this.#switch);
  }

  #build(): void {
    const { machines } = this;
    ip("netns", "add", this.#switch);
    // A bridge for each group that there can be.
    for (const index of machines.keys()) {
      ip("-n", this.#switch, "link", "add", bridgeName(index), "type", "bridge");
      ip("-n", this.#switch, "link", "set", bridgeName(index), "up");
    }
    for (const machine of machines) {
      const { namespace } = machine;
      ip("netns", "add", namespace);
      const port = this.#portOf(machine);
      ip("-n", this.#switch, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", namespace);
      this.#plugInto(machine, 0);
      ip("-n", this.#switch, "link", "set", port, "up");
      ip("-n", namespace, "addr", "add", `${machine.address}/24`, "dev", "eth0");
      for (const device of ["lo", "eth0"]) ip("-n", namespace, "link", "set", device, "up");
      ip("-n", namespace, "route", "add", "224.0.0.0/4", "dev", "eth0");
    }
  }

  #plugInto(machine: Machine, bridge: number): void {
    ip("-n", this.#switch, "link", "set", this.#portOf(machine), "master", bridgeName(bridge));
  }

  #portOf(machine: Machine): string {
    return `port${this.machines.indexOf(machine) + 1}`;
  }
}

function bridgeName(index: number): string {
  return `bridge${index + 1}`;
}
