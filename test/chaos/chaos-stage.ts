/** Four authorities of one chain, on machines of a LAN if this system has namespaces, else on loopback. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Lan } from "../../src/demo/lan/lan.ts";
import { OperatorError } from "../../src/node/operator-error.ts";
import { chainSpecFrom, chainSpecToJson } from "../../src/protocol/chain-spec-json.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import { loadOrCreateNodeKey } from "../../src/wallet/keystore.ts";
import { freePorts } from "../support/free-port.ts";
import { AuthorityProcess } from "./authority-process.ts";

const names = ["north", "east", "south", "west"];
const peerPort = 13246;

export class ChaosStage {
  readonly folder: string;
  readonly chainId: Uint8Array;
  readonly nodes: readonly AuthorityProcess[];
  /** Why no cable can be cut here; undefined if it can. */
  readonly whyNoCuts: string | undefined;
  readonly #lan: Lan | undefined;

  private constructor(
    folder: string,
    chainId: Uint8Array,
    nodes: readonly AuthorityProcess[],
    lan: LanOrWhy,
  ) {
    this.folder = folder;
    this.chainId = chainId;
    this.nodes = nodes;
    this.#lan = lan.lan;
    this.whyNoCuts = lan.why;
  }

  /** @param accounts get money in the chain's first block */
  static async open(accounts: readonly KeyPair[]): Promise<ChaosStage> {
    const folder = await mkdtemp(path.join(tmpdir(), "aurex-chaos-"));
    const lan = openLan();
    try {
      const dirs = names.map((name) => path.join(folder, name));
      const keys = await Promise.all(dirs.map((dir) => loadOrCreateNodeKey(dir)));
      const spec = chainSpecFrom({
        name: "chaos",
        consensus: "poa",
        timestamp: "2026-01-01T00:00:00.000Z",
        salt: "c5".repeat(32),
        authorities: keys.map(({ publicKey }) => addressOf(publicKey)),
        periodMs: 1_000,
        stepMs: 500,
        heartbeatMs: 2_000,
        allocations: Object.fromEntries(accounts.map(({ publicKey }) => [addressOf(publicKey), "1000000"])),
      });
      if (!spec.ok) throw new Error(`${spec.fault.field} ${spec.fault.reason}`);
      const chain = path.join(folder, "chain.json");
      await writeFile(chain, chainSpecToJson(spec.value));
      const ports = lan.lan ? [] : await freePorts(2 * names.length);
      const hosts = names.map((_, index) => {
        const machine = lan.lan?.machines[index];
        return machine
          ? { ip: machine.address, port: peerPort, apiPort: 13280 }
          : { ip: "127.0.0.1", port: ports[2 * index] ?? 0, apiPort: ports[2 * index + 1] ?? 0 };
      });
      const nodes = names.map((name, index) => {
        const { ip, port, apiPort } = hosts[index] as (typeof hosts)[number];
        const others = hosts.filter((_, other) => other !== index);
        const machine = lan.lan?.machines[index];
        return new AuthorityProcess({
          name,
          dataDir: path.join(folder, name),
          outputFile: path.join(folder, `${name}.log`),
          apiUrl: `http://127.0.0.1:${apiPort}`,
          place: lan.lan && machine ? { lan: lan.lan, machine } : undefined,
          flags: [
            ...["--consensus", "poa", "--authority", "--chain", chain, "--no-mdns", "--log-format", "json"],
            ...["--listen-address", ip, "--port", `${port}`, "--api-port", `${apiPort}`],
            ...others.flatMap((other) => ["--bootstrap", `/ip4/${other.ip}/tcp/${other.port}`]),
          ],
        });
      });
      return new ChaosStage(folder, spec.value.chainId, nodes, lan);
    } catch (error) {
      lan.lan?.close();
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Ends every process; `keep` leaves the nodes' data and logs for a look. */
  async close(keep: boolean): Promise<void> {
    for (const node of this.nodes) node.resume();
    await Promise.all(this.nodes.map((node) => node.kill()));
    this.#lan?.close();
    if (!keep) await rm(this.folder, { recursive: true, force: true });
  }
}

interface LanOrWhy {
  readonly lan?: Lan;
  readonly why?: string;
}

function openLan(): LanOrWhy {
  try {
    return { lan: Lan.open(names) };
  } catch (thrown) {
    if (thrown instanceof OperatorError) return { why: `${thrown.message}: ${thrown.why}` };
    throw thrown;
  }
}
