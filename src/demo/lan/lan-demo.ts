/** The headline use, shown: one command on each of several machines, and a ledger that survives a kill and a pulled plug. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { NodeAnswer } from "../../api/node-status.ts";
import { stateText } from "../../api/node-status.ts";
import { sleep, systemClock } from "../../base/clock.ts";
import { textTable } from "../../base/text-table.ts";
import { exitCodes, OperatorError } from "../../node/operator-error.ts";
import { Lan } from "./lan.ts";
import { LanNode } from "./lan-node.ts";
import { type LanEvent, type LanView, LanWatch } from "./lan-watch.ts";

export interface LanDemoOptions {
  /** 3 or 4: of two machines neither may fail. */
  readonly machines: number;
  /** One JSON value a line instead of text. */
  readonly json: boolean;
  /** Leave the data directories and logs where they are. */
  readonly keep: boolean;
}

export interface LanDemoOutput {
  readonly write: (text: string) => void;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

const stepMaxMs = 60_000;
const pollMs = 250;

/**
 * Runs the demonstration; takes a minute or two.
 *
 * @returns 0 where all nodes agree in the end, 130 where it was stopped before
 * @throws OperatorError with the reason where namespaces cannot be made, or something did not come about in time
 */
export async function runLanDemo(options: LanDemoOptions, output: LanDemoOutput): Promise<number> {
  const names = Array.from({ length: options.machines }, (_, index) => `laptop-${index + 1}`);
  const lan = Lan.open(names);
  const folder = await mkdtemp(path.join(tmpdir(), "aurex-lan-"));
  const demo = new LanDemo(lan, folder, options, output);
  let isDone = false;
  try {
    await demo.run();
    isDone = true;
    return exitCodes.ok;
  } catch (thrown) {
    if (!output.signal.aborted || thrown !== output.signal.reason) throw thrown;
    isDone = true;
    if (!options.json) output.write("\nStopped before the end.\n");
    return exitCodes.forcedStop;
  } finally {
    lan.close();
    await demo.stopWatching();
    if (isDone && !options.keep) await rm(folder, { recursive: true, force: true });
  }
}

class LanDemo {
  readonly #lan: Lan;
  readonly #folder: string;
  readonly #options: LanDemoOptions;
  readonly #output: LanDemoOutput;
  readonly #nodes: readonly LanNode[];
  readonly #watch: LanWatch;

  constructor(lan: Lan, folder: string, options: LanDemoOptions, output: LanDemoOutput) {
    this.#lan = lan;
    this.#folder = folder;
    this.#options = options;
    this.#output = output;
    this.#nodes = lan.machines.map(
      (machine) => new LanNode(machine, { home: path.join(folder, machine.name) }),
    );
    this.#watch = new LanWatch(this.#nodes, (event) => this.#tell(event));
  }

  async run(): Promise<void> {
    const [first, second] = this.#nodes as [LanNode, LanNode];
    const last = this.#nodes.at(-1) as LanNode;
    this.#watch.start();
    this.#say(
      `Aurex LAN demo: ${this.#nodes.length} machines on one, in network namespaces, joined by a switch`,
    );
    this.#say(`Data and logs are in ${this.#folder}`);
    await this.#found();
    await this.#share();
    await this.#killOne(second, first);
    await this.#pullPlug(last, first);
    await this.#showResults();
    await this.#watch.stop();
    await Promise.all(this.#nodes.map((node) => node.stop()));
    this.#say("All nodes agree, and no final block was ever replaced.");
  }

  async stopWatching(): Promise<void> {
    await this.#watch.stop();
  }

  async #found(): Promise<void> {
    this.#step("The same command on each machine; nothing else is configured");
    for (const node of this.#nodes) {
      this.#say(`   ${node.machine.address}  ${node.name}  $ ${node.commandLine}`);
      await node.start();
    }
    const count = this.#nodes.length;
    const hasAll = ({ authorities, final }: NodeAnswer) =>
      authorities.length === count && finalHeight({ final }) > 0;
    await this.#until(`${count} authorities and a final block on every machine`, (view) =>
      isAll(view, (status) => status.authority && hasAll(status)),
    );
  }

  /** The founder has what the genesis gave out: without a share of it, no other could pay for a transaction. */
  async #share(): Promise<void> {
    this.#step("A transaction to each of the others");
    const balances = await Promise.all(
      this.#nodes.map(async (node) => {
        const { address } = await node.api.node();
        return { node, address, units: BigInt((await node.api.account(address)).balanceUnits) };
      }),
    );
    const founder = balances.reduce((a, b) => (b.units > a.units ? b : a));
    for (const { node, address } of balances) {
      if (node === founder.node) continue;
      await this.#send(founder.node, this.#nodes, "tx", "send", "--to", address, "--amount", "100");
    }
  }

  async #killOne(killed: LanNode, alive: LanNode): Promise<void> {
    const others = this.#nodes.filter((node) => node !== killed);
    this.#step(`kill -9 of ${killed.name}: the others go on`);
    await killed.kill();
    await this.#send(alive, others, "tx", "record", `${killed.name} is dead`);
    this.#step(`${killed.name} starts again and catches up`);
    await killed.start();
    await this.#untilAgreed();
  }

  async #pullPlug(cut: LanNode, alive: LanNode): Promise<void> {
    const others = this.#nodes.filter((node) => node !== cut);
    this.#step(`The plug of ${cut.name} is pulled: the others go on`);
    this.#lan.cut(cut.machine);
    await this.#send(alive, others, "tx", "record", `${cut.name} is away`);
    const index = this.#nodes.indexOf(cut);
    const seen = await this.#until(
      `${cut.name} notices that it is alone`,
      (view) => view[index]?.peers === 0,
    );
    this.#say(`   ${cut.name}  $ aurex-node tx record "written while away" --key node`);
    const { id } = await this.#command(cut, "tx", "record", "written while away", "--key", "node", "--json");
    this.#say(`   ${cut.name}  has taken it; block ${finalHeight(seen[index])} stays its final one`);
    this.#step(`The plug is in again: ${cut.name} has what the others have`);
    this.#lan.mend(cut.machine);
    await this.#untilAgreed();
    const { height } = await this.#untilCommitted(cut, String(id));
    await this.#untilFinal(height, this.#nodes);
    this.#say(`   What was written while away is in block ${height}, and final on every machine`);
  }

  async #showResults(): Promise<void> {
    this.#step("Results");
    const view = await this.#untilAgreed();
    const statuses = view.filter((status) => status !== undefined);
    const lowest = Math.min(...statuses.map(finalHeight));
    // Not only the newest: every final block, asked of every node.
    for (let height = 0; height <= lowest; height += 1) {
      const hashes = await Promise.all(
        this.#nodes.map(async ({ api }) => (await api.block(String(height))).hash),
      );
      if (new Set(hashes).size !== 1)
        throw this.#failed(`block ${height} is not the same everywhere`, hashes.join(", "));
    }
    if (this.#options.json) {
      this.#write({
        event: "result",
        blocksCompared: lowest + 1,
        machines: statuses.map((status, index) => this.#rowOf(status, index)),
      });
      return;
    }
    const rows = statuses.map((status, index) => this.#rowOf(status, index));
    const header = ["machine", "address", "role", "auth", "peers", "head", "hash", "final", "final hash"];
    this.#output.write(
      textTable(
        header,
        rows.map((row) => [
          row.machine,
          row.address,
          row.authority ? "authority" : "follower",
          String(row.authorities),
          String(row.peers),
          String(row.head.height),
          row.head.hash.slice(0, 8),
          String(row.final?.height ?? 0),
          row.final?.hash.slice(0, 8) ?? "",
        ]),
      ),
    );
    this.#say(`Blocks 0 to ${lowest} are the same on every machine.`);
  }

  #rowOf({ authority, authorities, peers, head, final, chainId }: NodeAnswer, index: number) {
    const { name, address } = (this.#nodes[index] as LanNode).machine;
    return {
      machine: name,
      address,
      chainId,
      authority,
      authorities: authorities.length,
      peers,
      head,
      final,
    };
  }

  /** Sends by the command that a person would type, and waits until it is final on all of `where`. */
  async #send(from: LanNode, where: readonly LanNode[], ...argv: readonly string[]): Promise<void> {
    const typed = argv.map((word) => (word.includes(" ") ? `"${word}"` : word)).join(" ");
    this.#say(`   ${from.name}  $ aurex-node ${typed} --key node`);
    const { block } = await this.#command(from, ...argv, "--key", "node", "--wait", "--json");
    const { height } = block as { height: number };
    this.#say(`   ${from.name}  is answered: committed in block ${height}`);
    await this.#untilFinal(height, where);
  }

  /** What a command that prints JSON has printed. */
  async #command(node: LanNode, ...argv: readonly string[]): Promise<Record<string, unknown>> {
    const { code, stdout, stderr } = await node.command(...argv);
    if (code === 0) return JSON.parse(stdout) as Record<string, unknown>;
    throw this.#failed(`aurex-node ${argv.join(" ")} ended with ${code} on ${node.name}`, stderr.trim());
  }

  async #untilFinal(height: number, where: readonly LanNode[]): Promise<void> {
    const names = where.map(({ name }) => name).join(", ");
    await this.#until(`block ${height} is final on ${names}`, (view) =>
      where.every((node) => finalHeight(view[this.#nodes.indexOf(node)]) >= height),
    );
  }

  async #untilCommitted(node: LanNode, id: string): Promise<{ readonly height: number }> {
    const endMs = systemClock.monotonicMs() + stepMaxMs;
    while (systemClock.monotonicMs() < endMs) {
      const answer = await node.api.transaction(id);
      if (answer.status === "committed") return answer.block;
      await sleep(systemClock, pollMs, this.#output.signal);
      this.#output.signal.throwIfAborted();
    }
    throw this.#failed(`transaction ${id} is not committed`, `${stepMaxMs / 1_000} s have passed`);
  }

  /** Resolves when all are connected with all and have the same head and the same final block. */
  async #untilAgreed(): Promise<LanView> {
    return this.#until("all machines have the same head and the same final block", (view) => {
      const [reference] = view;
      return isAll(
        view,
        ({ head, final, peers }) =>
          peers === view.length - 1 &&
          head.hash === reference?.head.hash &&
          final?.hash === reference.final?.hash &&
          finalHeight({ final }) > 0,
      );
    });
  }

  async #until(what: string, isSo: (view: LanView) => boolean): Promise<LanView> {
    const view = await this.#watch.until(isSo, stepMaxMs, this.#output.signal);
    if (this.#watch.broken !== undefined)
      throw this.#failed("a final block was replaced", this.#watch.broken);
    if (view) return view;
    const states = this.#nodes.map((node, index) => stateOf(node, this.#watch.view[index]));
    throw this.#failed(`after ${stepMaxMs / 1_000} s this is not so: ${what}`, states.join("; "));
  }

  #failed(what: string, why: string): OperatorError {
    return new OperatorError(what, {
      code: "demo/failed",
      exitCode: exitCodes.bug,
      why,
      next: `look into the blockchain.log of each machine below ${this.#folder}`,
    });
  }

  #steps = 0;

  #step(text: string): void {
    this.#steps += 1;
    if (this.#options.json) this.#write({ atMs: Math.round(this.#watch.elapsedMs), event: "step", text });
    else this.#output.write(`\n[${this.#steps}/7] ${text}\n`);
  }

  #tell(event: LanEvent): void {
    if (this.#options.json) this.#write(event);
    else
      this.#output.write(
        `   ${(event.atMs / 1_000).toFixed(1).padStart(5)} s  ${event.node}  ${event.text}\n`,
      );
  }

  #say(text: string): void {
    if (this.#options.json)
      this.#write({ atMs: Math.round(this.#watch.elapsedMs), event: "note", text: text.trim() });
    else this.#output.write(`${text}\n`);
  }

  #write(value: object): void {
    this.#output.write(`${JSON.stringify(value)}\n`);
  }
}

function finalHeight(status: Pick<NodeAnswer, "final"> | undefined): number {
  return status?.final?.height ?? 0;
}

function isAll(view: LanView, isSo: (status: NodeAnswer) => boolean): boolean {
  return view.every((status) => status !== undefined && isSo(status));
}

function stateOf(node: LanNode, status: NodeAnswer | undefined): string {
  if (!status)
    return `${node.name} ${node.isRunning ? "does not answer" : `has ended: ${node.stderr.trim()}`}`;
  const { head, peers, authorities } = status;
  const state = stateText(status);
  const reason = state === "" ? "" : `, ${state}`;
  return `${node.name} has height ${head.height}, final ${finalHeight(status)}, ${peers} peers, ${authorities.length} authorities${reason}`;
}
