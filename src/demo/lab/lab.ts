/** The lab: the demo's nodes as processes, the lines between them, and the trouble that is made for them. */
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import path from "node:path";
import type { LabAction, LabState } from "../../api/lab.ts";
import { compareBytes } from "../../base/bytes.ts";
import { makeDirectory } from "../../base/make-directory.ts";
import { pinnedChainSpec } from "../../node/data-directory.ts";
import { localChainSpec } from "../../node/local-chain.ts";
import { chainSpecToJson } from "../../protocol/chain-spec-json.ts";
import type { ChainSpec, ConsensusName } from "../../protocol/genesis.ts";
import { addressOf } from "../../protocol/identity.ts";
import type { KeyPair } from "../../protocol/signing.ts";
import { loadOrCreateNodeKey } from "../../wallet/keystore.ts";
import { freePorts } from "./free-ports.ts";
import { type Acted, type ActionInput, LabActions } from "./lab-actions.ts";
import { LabFloor } from "./lab-floor.ts";
import { LabNode } from "./lab-node.ts";
import { stateOf } from "./lab-state.ts";
import { Line } from "./line.ts";

export interface LabOptions {
  readonly powNodes: number;
  readonly poaNodes: number;
  /** TCP ports for peers, in the order of the nodes; 0 or none: any free one. */
  readonly ports: readonly number[];
  /** Each node has a directory of its own below it. */
  readonly dataDir: string;
  /** Public keys of accounts besides the nodes' own that a new chain gives AUR to. */
  readonly funded: readonly Uint8Array[];
  /** The SQLite file that the first node of each chain keeps up to date. */
  readonly exportFile: string;
  readonly logLevel: string;
}

/** Handshakes take a tenth of it on a busy machine. */
const handshakeMs = 3_000;

export class Lab extends LabFloor {
  readonly #decoys: readonly Server[];
  readonly #actions = new LabActions(this);

  private constructor(nodes: readonly LabNode[], lines: readonly Line[], decoys: readonly Server[]) {
    super(nodes, lines);
    this.#decoys = decoys;
  }

  /** Lays out keys, chains and lines. No node runs yet. */
  static async open(options: LabOptions): Promise<Lab> {
    const names = [
      ...Array.from({ length: options.powNodes }, (_, index) => ["pow", `PoW_${index + 1}`] as const),
      ...Array.from({ length: options.poaNodes }, (_, index) => ["poa", `PoA_${index + 1}`] as const),
    ];
    makeDirectory(options.dataDir);
    const directoryOf = (name: string) => path.join(options.dataDir, name);
    const keys = new Map<string, KeyPair>();
    for (const [, name] of names) keys.set(name, await loadOrCreateNodeKey(directoryOf(name)));
    const chains = new Map<ConsensusName, { readonly spec: ChainSpec; readonly specFile: string }>();
    for (const consensus of ["pow", "poa"] as const) {
      const members = names.filter(([engine]) => engine === consensus).map(([, name]) => name);
      if (members.length === 0) continue;
      const spec = await specOf(consensus, members, { keys, directoryOf, funded: options.funded });
      const specFile = path.join(options.dataDir, `${spec.name}.json`);
      await writeFile(specFile, chainSpecToJson(spec));
      chains.set(consensus, { spec, specFile });
    }
    const free = await freePorts(2 * names.length);
    const decoys = await Promise.all(names.map(() => openDecoy()));
    let lab: Lab | undefined;
    const nodes = names.map(([consensus, name], index) => {
      const isFirst = names.findIndex(([engine]) => engine === consensus) === index;
      const node: LabNode = new LabNode(
        {
          name,
          consensus,
          ...(chains.get(consensus) as { readonly spec: ChainSpec; readonly specFile: string }),
          dataDir: directoryOf(name),
          keyPair: keys.get(name) as KeyPair,
          port: options.ports[index] || (free[2 * index] as number),
          apiPort: free[2 * index + 1] as number,
          announcedPort: portOf(decoys[index] as Server),
          home: options.dataDir,
          exportFile: isFirst ? options.exportFile : undefined,
          logLevel: options.logLevel,
        },
        {
          changed: () => lab?.changed(node),
          noticed: (text) => lab?.note("noticed", text, node),
        },
      );
      return node;
    });
    const lines: Line[] = [];
    for (const [index, from] of nodes.entries()) {
      const own: string[] = [];
      for (const to of nodes.slice(index + 1)) {
        const line = await Line.open({ from: from.name, to: to.name, targetPort: to.plan.port, handshakeMs });
        lines.push(line);
        own.push(`/ip4/127.0.0.1/tcp/${line.port}/p2p/${to.nodeId}`);
      }
      from.bootstrap = own;
    }
    lab = new Lab(nodes, lines, decoys);
    return lab;
  }

  /** @throws LabError with the reason if that cannot be done to the node right now */
  act(name: string, action: LabAction, input: ActionInput = {}): Promise<Acted> {
    return this.#actions.act(this.node(name), action, input);
  }

  state(mayAct: boolean): LabState {
    return stateOf(this, this.notices, mayAct);
  }

  /** Stops every node, side by side, then closes the lines. */
  async close(): Promise<void> {
    for (const withholding of this.withholdings.values()) withholding.end();
    await Promise.all(this.nodes.map((node) => node.stop()));
    await Promise.all(this.lines.map((line) => line.close()));
    for (const decoy of this.#decoys) decoy.close();
  }
}

interface Members {
  readonly keys: ReadonlyMap<string, KeyPair>;
  readonly directoryOf: (name: string) => string;
  readonly funded: readonly Uint8Array[];
}

/** The chain that the nodes' directories hold, or a new one that funds them. */
async function specOf(
  consensus: ConsensusName,
  members: readonly string[],
  { keys, directoryOf, funded }: Members,
): Promise<ChainSpec> {
  for (const name of members) {
    const pinned = await pinnedChainSpec(directoryOf(name));
    if (pinned) return pinned;
  }
  const own = members.map((name) => (keys.get(name) as KeyPair).publicKey);
  return localChainSpec(consensus, {
    authorities: consensus === "poa" ? own.toSorted(compareBytes).map(addressOf) : [],
    funded: [...own, ...funded],
  });
}

/** Hangs up on whoever comes: see `announcedPort`. */
async function openDecoy(): Promise<Server> {
  const decoy = createServer((socket) => socket.on("error", () => {}).destroy());
  decoy.listen(0, "127.0.0.1");
  await once(decoy, "listening");
  return decoy;
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
