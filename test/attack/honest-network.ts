/** Honest nodes as real processes: a few of one chain, each connected with every other. */
import { readFileSync } from "node:fs";
import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { toHex } from "../../src/base/bytes.ts";
import type { ChainSpecJson } from "../../src/protocol/chain-spec-json.ts";
import { chainSpecFrom, chainSpecToJson } from "../../src/protocol/chain-spec-json.ts";
import type { ChainSpec } from "../../src/protocol/genesis.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { type KeyPair, seedBytes } from "../../src/protocol/signing.ts";
import { loadOrCreateNodeKey } from "../../src/wallet/keystore.ts";
import { type NodeProcess, Stage } from "../e2e/processes.ts";
import { freePorts } from "../support/free-port.ts";
import { patienceMs, until } from "../support/patience.ts";
import { Newcomers } from "./newcomers.ts";
import { niceness, putBehind } from "./processor.ts";

/** What the honest nodes of a row are. */
export interface NetworkPlan {
  /** authorities: they take turns; pow: the first one mines, slowly. */
  readonly kind: "authorities" | "pow";
  readonly nodes: number;
  /** Authorities of the set whose keys attackers hold. */
  readonly byzantine?: number;
  /** Changes of the chain spec. */
  readonly spec?: Partial<ChainSpecJson>;
}

const names = ["north", "east", "south", "west", "middle", "coast", "hill"];
export const networkName = "aurex";

export class HonestNetwork {
  readonly stage: Stage;
  readonly spec: ChainSpec;
  readonly specFile: string;
  readonly nodes: readonly NodeProcess[];
  /** Hex seeds of the authorities that are no honest nodes. */
  readonly byzantineSeeds: readonly string[];
  /** Whether its nodes have done honest work: once is enough, and each time makes the chain longer that newcomers fetch. */
  hasWorked = false;
  /** Those that come to it. */
  readonly newcomers: Newcomers;

  private constructor(
    fields: Pick<HonestNetwork, "stage" | "spec" | "specFile" | "nodes" | "byzantineSeeds" | "newcomers">,
  ) {
    this.stage = fields.stage;
    this.spec = fields.spec;
    this.specFile = fields.specFile;
    this.nodes = fields.nodes;
    this.byzantineSeeds = fields.byzantineSeeds;
    this.newcomers = fields.newcomers;
  }

  /**
   * @param accounts get money in the chain's first block
   * @param pairComesFirst the first two nodes are measured, and all others take no time from them
   */
  static async open(
    plan: NetworkPlan,
    accounts: readonly KeyPair[],
    pairComesFirst: boolean,
  ): Promise<HonestNetwork> {
    const stage = await Stage.open();
    const started: NodeProcess[] = [];
    const newcomers = new Newcomers(pairComesFirst);
    // A run that is stopped leaves no node behind.
    process.once("exit", () => {
      for (const { child } of started) child.kill("SIGKILL");
    });
    try {
      const keys = await keysOf(stage, plan.nodes + (plan.byzantine ?? 0));
      const allocations = Object.fromEntries(
        accounts.map(({ publicKey }) => [addressOf(publicKey), "1000000"]),
      );
      const spec = chainSpecFrom({
        name: "attack",
        timestamp: new Date(Date.now() - 3_600_000).toISOString(),
        salt: "a7".repeat(32),
        allocations,
        ...(plan.kind === "pow"
          ? { consensus: "pow", difficulty: 2, targetBlockTimeMs: 1_000, minimumIntervalMs: 500 }
          : {
              consensus: "poa",
              authorities: keys.map(({ publicKey }) => addressOf(publicKey)),
              // A machine that is eight times slower has eight times as long for each block.
              ...{ periodMs: patienceMs(1_000), stepMs: patienceMs(500), heartbeatMs: patienceMs(2_000) },
            }),
        ...plan.spec,
      } as ChainSpecJson);
      if (!spec.ok) throw new Error(`${spec.fault.field} ${spec.fault.reason}`);
      const specFile = stage.place("chain.json");
      await writeFile(specFile, chainSpecToJson(spec.value));
      const ports = await freePorts(plan.nodes);
      const nodes = names.slice(0, plan.nodes).map((name, index) => {
        const others = ports.filter((port) => port !== ports[index]);
        return stage.launch(
          name,
          ...["--consensus", spec.value.consensus, "--chain", specFile, "--port", `${ports[index]}`],
          ...["--no-introductions", ...roleOf(plan.kind, index)],
          ...others.flatMap((port) => ["--bootstrap", `/ip4/127.0.0.1/tcp/${port}`]),
        );
      });
      started.push(...nodes);
      if (pairComesFirst) for (const { child } of nodes.slice(2)) putBehind(child.pid, niceness.others);
      await Promise.all(nodes.map((node) => node.ready()));
      const byzantineSeeds = keys
        .slice(plan.nodes)
        .map(({ secretKey }) => toHex(secretKey.subarray(0, seedBytes)));
      const network = new HonestNetwork({
        stage,
        spec: spec.value,
        specFile,
        nodes,
        byzantineSeeds,
        newcomers,
      });
      await until("the honest nodes are connected, and their chain goes on", async () => {
        const all = await Promise.all(nodes.map((node) => node.status()));
        return (await network.isConnected()) && all.every(({ head }) => head.height > 0);
      });
      return network;
    } catch (error) {
      await newcomers.close();
      await stage.close();
      throw error;
    }
  }

  /** How many authorities the set has; 0 on a chain without. */
  get authorities(): number {
    return this.spec.genesis.authorities.length;
  }

  get json(): string {
    return chainSpecToJson(this.spec);
  }

  get addresses(): string[] {
    return this.nodes.map(({ multiaddr }) => multiaddr);
  }

  /** Each honest node is connected with every other. */
  async isConnected(): Promise<boolean> {
    const ids = this.nodes.map(({ started }) => started.nodeId);
    const all = await Promise.all(this.nodes.map(({ api }) => api.peers().catch(() => undefined)));
    return all.every((answer, index) => {
      const known = new Set(answer?.peers.map(({ nodeId }) => nodeId));
      return ids.every((id, other) => other === index || known.has(id));
    });
  }

  get pids(): number[] {
    return this.nodes.map(({ child }) => child.pid ?? 0);
  }

  get names(): readonly string[] {
    return names.slice(0, this.nodes.length);
  }

  /** What each honest node has on disk. */
  diskBytes(): Promise<number[]> {
    return Promise.all(this.names.map((name) => bytesBelow(this.stage.place(name))));
  }

  async close(): Promise<void> {
    await this.newcomers.close();
    await this.stage.close();
  }
}

function roleOf(kind: NetworkPlan["kind"], index: number): string[] {
  if (kind === "authorities") return ["--authority"];
  return index === 0 ? ["--mine", "--mine-threads", "1", "--mine-empty"] : [];
}

/** Resident memory of a process, in bytes. */
export function residentBytes(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kilobytes ?? 0) * 1_024;
}

async function keysOf(stage: Stage, count: number): Promise<KeyPair[]> {
  const keys: KeyPair[] = [];
  for (const name of names.slice(0, count)) {
    await mkdir(stage.place(name), { recursive: true, mode: 0o700 });
    keys.push(await loadOrCreateNodeKey(stage.place(name)));
  }
  return keys;
}

async function bytesBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      // A file may be gone between the two looks.
      .map((entry) =>
        stat(path.join(entry.parentPath, entry.name)).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
