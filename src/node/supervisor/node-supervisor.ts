/** Runs a node on a machine: locks its data directory, opens its key, and gives the chain supervisor this directory, libp2p and `AurexNode`. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import net from "node:net";
import path from "node:path";
import type { NodeStatus } from "../../api/node-status.ts";
import { bytesEqual } from "../../base/bytes.ts";
import { type Clock, systemClock } from "../../base/clock.ts";
import { type Logger, silentLogger } from "../../base/logger.ts";
import type { Libp2pHost } from "../../network/libp2p/libp2p-host.ts";
import type { AdmissionPolicy, ChainSpec } from "../../protocol/genesis.ts";
import { addressOf, nodeIdOf } from "../../protocol/identity.ts";
import type { Invitation } from "../../protocol/invitation.ts";
import type { KeyPair } from "../../protocol/signing.ts";
import type { NotSealingReason } from "../../sealing/not-sealing.ts";
import { sealingStateOf } from "../../sealing/sealing-state.ts";
import type { DirectoryLock } from "../../store/directory-lock.ts";
import { type KeyAccess, loadOrCreateNodeKey } from "../../wallet/keystore.ts";
import { AurexNode } from "../aurex-node.ts";
import type { AurexNodeOptions } from "../aurex-node-options.ts";
import {
  changeChain,
  finishChainChange,
  leftChains,
  lockDataDirectory,
  pinChainSpec,
  pinnedChain,
} from "../data-directory.ts";
import { closeNetworkOf, createNetworkSecret, readJoinedInvitation } from "../network-secret.ts";
import type { ProcessControl } from "../node-admin.ts";
import { createNodeHost } from "../node-host.ts";
import { listenRefusal, OperatorError } from "../operator-error.ts";
import { ChainSupervisor } from "./chain-supervisor.ts";

export interface NodeSupervisorOptions extends Omit<AurexNodeOptions, "spec"> {
  /** Undefined: the chain that the data directory holds, else one that is founded or joined. */
  readonly spec: ChainSpec | undefined;
  /** Candidates to wait for before one founds, this node included. */
  readonly expect: number;
  /** Of the chain, where this node founds it. */
  readonly admission: AdmissionPolicy;
}

export interface NodeSupervisorModules {
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** How the node's key is opened; by default it has no passphrase. */
  readonly keyAccess?: KeyAccess;
  /** Of the process that is there for this node alone: what its operator may reach by the API. */
  readonly processControl?: ProcessControl;
  /** Called whenever a node has started on a chain; again after a change of chain. */
  readonly onStarted?: (node: AurexNode) => void;
}

export class NodeSupervisor {
  readonly #options: NodeSupervisorOptions;
  readonly #keyPair: KeyPair;
  readonly #lock: DirectoryLock;
  readonly #chains: ChainSupervisor<AurexNode>;
  #host: Libp2pHost | undefined;

  private constructor(
    options: NodeSupervisorOptions,
    onlyChain: Uint8Array | undefined,
    parts: { keyPair: KeyPair; lock: DirectoryLock },
    modules: NodeSupervisorModules,
  ) {
    const { clock = systemClock, logger = silentLogger, processControl, onStarted } = modules;
    const { dataDir, exportFile } = options;
    const { keyPair, lock } = parts;
    this.#options = options;
    this.#keyPair = keyPair;
    this.#lock = lock;
    this.#chains = new ChainSupervisor<AurexNode>(
      { ...options, publicKey: keyPair.publicKey, onlyChain },
      {
        repository: {
          pinned: () => pinnedChain(dataDir),
          pin: (spec, origin) => pinChainSpec(dataDir, spec, origin),
          change: (from, to) => changeChain({ dataDir, exportFile, from, to, nowMs: clock.nowMs() }),
          leave: (from) => changeChain({ dataDir, exportFile, from, to: undefined, nowMs: clock.nowMs() }),
          left: () => leftChains(dataDir),
        },
        openHost: async () => {
          // The founder of a closed network is closed from the start: candidates without the secret do not count.
          const { authority, admission } = options;
          if (authority && admission === "token" && !onlyChain) await createNetworkSecret(dataDir);
          this.#host = await createNodeHost(options, keyPair, { clock, logger });
          return this.#host;
        },
        openNode: ({ spec, origin }) => {
          // The Proof of Work chain is the same for all: its blocks are what can be begun anew.
          const mayLeaveChain = origin !== "given" || spec.consensus === "pow";
          const leaveChain = () => this.#chains.leaveChain();
          return AurexNode.open(
            { ...options, spec, mayLeaveChain, otherChains: "report" },
            { clock, logger, lock, keyPair, leaveChain, processControl },
          );
        },
        clock,
        logger,
        salt: () => new Uint8Array(randomBytes(32)),
        ...(onStarted ? { onStarted } : {}),
      },
    );
  }

  /**
   * Locks the data directory, which is created when missing; nothing runs yet.
   *
   * @throws OperatorError, StoreError or KeyError, each with what to do about it
   */
  static async open(
    options: NodeSupervisorOptions,
    modules: NodeSupervisorModules = {},
  ): Promise<NodeSupervisor> {
    const { clock = systemClock, logger = silentLogger } = modules;
    const { dataDir, name } = options;
    const lock = await lockDataDirectory(dataDir, name, clock);
    try {
      await finishChainChange(dataDir);
      const keyPair = await loadOrCreateNodeKey(dataDir, modules.keyAccess);
      const spec = options.spec ?? (await pinnedChain(dataDir))?.spec;
      if (spec) {
        const { publicKey } = keyPair;
        await closeNetworkOf(dataDir, spec, { publicKey, isAuthority: options.authority });
      }
      const invitation = await invitationTo(options.spec, dataDir);
      if (invitation && invitation.network !== options.network) {
        logger.info(
          {},
          `the invitation is to network ${invitation.network}, so this node joins that network`,
        );
      }
      const invited = invitation && {
        network: invitation.network,
        bootstrap: [...options.bootstrap, ...invitation.addresses],
      };
      const listenAddresses = options.spec
        ? options.listenAddresses
        : await Promise.all(options.listenAddresses.map(withPort));
      return new NodeSupervisor(
        { ...options, ...invited, listenAddresses },
        invitation?.chainId,
        { keyPair, lock },
        modules,
      );
    } catch (thrown) {
      await lock.release();
      throw thrown;
    }
  }

  /** The node that runs; undefined before there is a chain, and for a moment between two. */
  get node(): AurexNode | undefined {
    return this.#chains.node;
  }

  /**
   * Runs until `signal`, once; everything is stopped and the directory free when it resolves or rejects.
   *
   * @throws what AurexNode's `open` and `start` throw
   */
  async run(signal: AbortSignal): Promise<void> {
    try {
      await this.#chains.run(signal);
    } catch (thrown) {
      if (thrown instanceof OperatorError) throw thrown;
      throw listenRefusal(thrown, this.#options.listenAddresses.join(", "), "--port");
    } finally {
      await this.#lock.release();
    }
  }

  /** As of a running node; while there is no chain, everything about one is empty. */
  status(): NodeStatus {
    return this.node?.status() ?? this.#statusWithoutChain();
  }

  #statusWithoutChain(): NodeStatus {
    const { name, network, authority } = this.#options;
    const { publicKey } = this.#keyPair;
    const peers = this.#chains.foundingHost?.peers().length ?? 0;
    const waiting: NotSealingReason = peers === 0 ? "no peers" : "waiting for admission";
    return {
      nodeId: nodeIdOf(publicKey),
      name,
      network,
      chainId: "",
      consensus: this.#options.spec?.consensus ?? "poa",
      authority: false,
      mining: false,
      sealing: authority ? sealingStateOf(waiting) : "off",
      notSealingBecause: authority ? waiting : null,
      advice: [],
      dataDir: path.resolve(this.#options.dataDir),
      head: { height: 0, hash: "", timestampMs: 0 },
      final: null,
      established: false,
      quorum: null,
      clock: null,
      peers,
      addresses: this.#chains.foundingHost?.addresses() ?? [],
      bootstrap: this.#chains.foundingHost?.bootstrap() ?? [],
      mdnsFault: (this.#chains.foundingHost && this.#host?.discoveryFault()) ?? null,
      mempool: 0,
      authorities: [],
      address: addressOf(publicKey),
      syncing: null,
      hashesPerSecond: null,
      hashesTried: null,
      accountIndex: null,
      pool: null,
      export: null,
    };
  }
}

/** What `join` has left in the directory, if it is to the chain that was asked for, or none was. */
async function invitationTo(spec: ChainSpec | undefined, dataDir: string): Promise<Invitation | undefined> {
  const invitation = await readJoinedInvitation(dataDir);
  return spec && invitation && !bytesEqual(spec.chainId, invitation.chainId) ? undefined : invitation;
}

/** With a port in the place of "any free one": peers that met this node before it had a chain find it there again. */
async function withPort(listenAddress: string): Promise<string> {
  const ip = /^\/ip[46]\/([^/]+)\/tcp\/0$/.exec(listenAddress)?.[1];
  if (ip === undefined) return listenAddress;
  const server = net.createServer().listen(0, ip);
  await once(server, "listening").catch((thrown: unknown) => {
    throw listenRefusal(thrown, listenAddress, "--port");
  });
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, "close");
  return listenAddress.replace(/0$/, String(port));
}
