/** Peers on the local network by mDNS, apart from libp2p's own discovery, which reports a peer only once. */
import { createSocket } from "node:dgram";
import type { ComponentLogger, PeerDiscovery, PeerInfo, Startable } from "@libp2p/interface";
import { type MulticastDNSComponents, mdns } from "@libp2p/mdns";
import type { Logger } from "../../base/logger.ts";

export interface MdnsOptions {
  /** Only nodes of the same network name see each other. */
  readonly network: string;
  readonly intervalMs: number;
}

export interface MdnsModules {
  readonly logger: Logger;
  readonly onPeer: (peer: PeerInfo) => void;
}

export const mdnsGroup = "224.0.0.251";
export const mdnsPort = 5353;
const routeCheckEveryMs = 10_000;

/** Only nodes of one network name ask for and answer to it. */
export function mdnsServiceTag(network: string): string {
  return `_aurex-${network}._udp.local`;
}

export class Mdns implements Startable {
  readonly #options: MdnsOptions;
  readonly #modules: MdnsModules;
  #discovery: (PeerDiscovery & Partial<Startable>) | undefined;
  /** Of the port: what cannot be had at the start is not tried again. */
  #portFault: string | undefined;
  /** Of the way to the group, which comes and goes with networks and tunnels. */
  #routeFault: string | undefined;
  #routeTimer: NodeJS.Timeout | undefined;

  constructor(options: MdnsOptions, modules: MdnsModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** Why nobody can be found; undefined as far as is known. */
  get fault(): string | undefined {
    return this.#portFault ?? this.#routeFault;
  }

  /** The libp2p service. Its own class hides the discovery from libp2p, whose peer store would take in every claim. */
  createService({ addressManager }: MulticastDNSComponents): this {
    this.#discovery = mdns({
      serviceTag: mdnsServiceTag(this.#options.network),
      interval: this.#options.intervalMs,
    })({ addressManager, logger: this.#faultLogger() });
    this.#discovery.addEventListener("peer", ({ detail }) => this.#modules.onPeer(detail));
    return this;
  }

  async start(): Promise<void> {
    await this.#discovery?.start?.();
    this.#routeTimer = setInterval(() => void this.#checkRoute(), routeCheckEveryMs).unref();
    await this.#checkRoute();
  }

  async stop(): Promise<void> {
    clearInterval(this.#routeTimer);
    await this.#discovery?.stop?.();
  }

  async #checkRoute(): Promise<void> {
    const before = this.fault;
    this.#routeFault = await multicastFault();
    this.#tellChange(before);
  }

  #tellChange(before: string | undefined): void {
    const { logger } = this.#modules;
    if (this.fault === before) return;
    if (this.fault === undefined) logger.info({}, "mDNS works here again");
    else
      logger.warn(
        { reason: this.fault },
        "mDNS is impaired here: peers may have to be named with --bootstrap",
      );
  }

  /** The module tells of a port that it cannot have in its debug log only. */
  #faultLogger(): ComponentLogger {
    const silent = () => {};
    const error = (format: unknown, ...details: unknown[]) => {
      const [first] = details;
      if (format !== "mdns error - %e" || !(first instanceof Error)) return;
      const before = this.fault;
      this.#portFault ??= first.message;
      this.#tellChange(before);
    };
    const logger = Object.assign(silent, {
      error,
      trace: silent,
      enabled: false,
      newScope: () => logger,
    }) as ReturnType<ComponentLogger["forComponent"]>;
    return { forComponent: () => logger };
  }
}

/** Sends an empty datagram to the group: without a route for it the system says so here, and nowhere else. */
function multicastFault(): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    const done = (error: Error | null) => {
      socket.close();
      resolve(error?.message);
    };
    socket.once("error", done);
    socket.send(new Uint8Array(0), mdnsPort, mdnsGroup, done);
  });
}
