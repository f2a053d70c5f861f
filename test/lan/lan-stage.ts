/** Nodes on the machines of one LAN for a test: started as by hand, watched all the time, gone when the test ends. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { NodeAnswer } from "../../src/api/node-status.ts";
import { Lan } from "../../src/demo/lan/lan.ts";
import { LanNode } from "../../src/demo/lan/lan-node.ts";
import { type LanEvent, type LanView, LanWatch } from "../../src/demo/lan/lan-watch.ts";
import type { Machine } from "../../src/demo/lan/machine.ts";
import { OperatorError } from "../../src/node/operator-error.ts";
import { patienceMs, until } from "../support/patience.ts";

const waitMaxMs = patienceMs(90_000);
const eventsShown = 60;

/** Why the tests of a LAN are skipped here; false where one can be made. */
export function whyNoLan(): string | false {
  try {
    Lan.open(["probe"]).close();
    return false;
  } catch (thrown) {
    if (thrown instanceof OperatorError) return `${thrown.message}: ${thrown.why}`;
    throw thrown;
  }
}

export interface Place {
  readonly name: string;
  readonly network?: string;
  readonly flags?: readonly string[];
}

export class LanStage {
  readonly lan: Lan;
  readonly folder: string;
  readonly nodes: readonly LanNode[];
  readonly watch: LanWatch;
  readonly #events: LanEvent[] = [];

  private constructor(lan: Lan, folder: string, places: readonly Place[]) {
    this.lan = lan;
    this.folder = folder;
    this.nodes = places.map(({ name, ...place }, index) => {
      return new LanNode(lan.machines[index] as Machine, { home: path.join(folder, name), ...place });
    });
    this.watch = new LanWatch(this.nodes, (event) => this.#events.push(event));
    this.watch.start();
  }

  static async open(...places: readonly Place[]): Promise<LanStage> {
    const lan = Lan.open(places.map(({ name }) => name));
    return new LanStage(lan, await mkdtemp(path.join(tmpdir(), "aurex-lan-test-")), places);
  }

  async close(): Promise<void> {
    this.lan.close();
    await this.watch.stop();
    // What was killed may still be on its way out.
    await rm(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }

  node(name: string): LanNode {
    const found = this.nodes.find((node) => node.name === name);
    assert.ok(found, name);
    return found;
  }

  machinesOf(...nodes: readonly LanNode[]): Machine[] {
    return nodes.map(({ machine }) => machine);
  }

  /** What a node said when it was last asked; undefined where it did not answer. */
  seen(node: LanNode, view: LanView = this.watch.view): NodeAnswer | undefined {
    return view[this.nodes.indexOf(node)];
  }

  /** Resolves when `isSo` of what each of these nodes says, all of them answering. */
  async until(
    what: string,
    nodes: readonly LanNode[],
    isSo: (status: NodeAnswer, all: readonly NodeAnswer[]) => boolean,
  ): Promise<NodeAnswer[]> {
    const statusesIn = (view: LanView) => nodes.flatMap((node) => this.seen(node, view) ?? []);
    const view = await this.watch.until((seen) => {
      const all = statusesIn(seen);
      return all.length === nodes.length && all.every((status) => isSo(status, all));
    }, waitMaxMs);
    this.checkPromise();
    if (view) return statusesIn(view);
    return assert.fail(`not in ${waitMaxMs / 1_000} s: ${what}\n${this.#story()}`);
  }

  /** One head, one final block, all connected with all; final beyond `above`. */
  untilAgreed(nodes: readonly LanNode[], above = 0): Promise<NodeAnswer[]> {
    return this.until("all have one head and one final block", nodes, (status, [first]) => {
      const { head, final, peers } = status;
      const isSame = head.hash === first?.head.hash && final?.hash === first.final?.hash;
      return isSame && peers >= nodes.length - 1 && finalHeight(status) > above;
    });
  }

  /** Sends a record from a node's own account; resolves to its id. */
  async send(from: LanNode, text: string): Promise<string> {
    return String((await this.command(from, "tx", "record", text, "--key", "node", "--json")).id);
  }

  /** Gives the others of the founder's money, so that each can pay for transactions. */
  async share(nodes: readonly LanNode[]): Promise<LanNode> {
    const accounts = await Promise.all(
      nodes.map(async (node) => {
        const { address } = await node.api.node();
        return { node, address, units: BigInt((await node.api.account(address)).balanceUnits) };
      }),
    );
    const founder = accounts.reduce((a, b) => (b.units > a.units ? b : a));
    for (const { node, address } of accounts) {
      if (node === founder.node) continue;
      const argv = ["tx", "send", "--to", address, "--amount", "100", "--key", "node", "--wait", "--json"];
      await this.command(founder.node, ...argv);
    }
    return founder.node;
  }

  async command(node: LanNode, ...argv: readonly string[]): Promise<Record<string, unknown>> {
    const { code, stdout, stderr } = await node.command(...argv);
    assert.equal(code, 0, `${argv.join(" ")} on ${node.name}: ${stderr}`);
    return JSON.parse(stdout) as Record<string, unknown>;
  }

  /** Resolves when all of these nodes have a transaction in one and the same final block. */
  async untilFinal(id: string, nodes: readonly LanNode[]): Promise<number> {
    const look = async () => {
      const blocks = await Promise.all(
        nodes.map(async (node) => {
          const answer = await node.api.transaction(id).catch(() => undefined);
          const status = await node.status();
          if (answer?.status !== "committed" || !status) return undefined;
          return answer.block.height <= finalHeight(status) ? answer.block : undefined;
        }),
      );
      this.checkPromise();
      const hashes = new Set(blocks.map((block) => block?.hash));
      const [first] = blocks;
      return hashes.size === 1 ? first?.height : undefined;
    };
    return until(`${id} is final everywhere`, look, { pollMs: 250, seen: () => this.#story() });
  }

  /** Every block up to the lowest final one is the same on all. */
  async checkSameHistory(nodes: readonly LanNode[]): Promise<void> {
    const statuses = await Promise.all(nodes.map((node) => node.api.node()));
    const lowest = Math.min(...statuses.map(finalHeight));
    for (let height = 0; height <= lowest; height += 1) {
      const blocks = await Promise.all(nodes.map((node) => node.api.block(String(height))));
      const hashes = blocks.map(({ hash }) => hash);
      assert.equal(new Set(hashes).size, 1, `block ${height}: ${hashes.join(", ")}`);
    }
  }

  /** No node has taken a final block back, and no two have different ones at one height. */
  checkPromise(): void {
    assert.equal(this.watch.broken, undefined, this.#story());
  }

  async log(node: LanNode): Promise<string> {
    return readFile(path.join(node.dataDir, "blockchain.log"), "utf8").catch(() => "");
  }

  /** Resolves when a node has logged this. */
  async untilLogged(node: LanNode, pattern: RegExp): Promise<void> {
    const isLogged = async () => pattern.test(await this.log(node));
    await until(`${node.name} logs ${pattern}`, isLogged, { seen: () => this.#story() });
  }

  #story(): string {
    const states = this.nodes.map((node) => {
      const status = this.seen(node);
      if (!status) return `${node.name}: ${node.isRunning ? "no answer" : `ended ${node.stderr}`}`;
      const { head, chainId, peers, authorities, notSealingBecause } = status;
      const at = `head ${head.height} ${head.hash.slice(0, 8)} final ${finalHeight(status)}`;
      return `${node.name}: chain ${chainId.slice(0, 8)} ${at} peers ${peers} authorities ${authorities.length} ${notSealingBecause}`;
    });
    const events = this.#events
      .slice(-eventsShown)
      .map(({ atMs, node, text }) => `${(atMs / 1_000).toFixed(1)} ${node} ${text}`);
    return [...states, "", ...events].join("\n");
  }
}

export function finalHeight({ final }: Pick<NodeAnswer, "final">): number {
  return final?.height ?? 0;
}
