/** Peers on the local network by mDNS, on every interface, apart from libp2p's own discovery, which reports a peer only once. */
import { randomBytes } from "node:crypto";
import type { ComponentLogger, PeerDiscovery, PeerInfo, Startable } from "@libp2p/interface";
import { type MulticastDNSComponents, mdns } from "@libp2p/mdns";
import type { Multiaddr } from "@multiformats/multiaddr";
import type { Packet } from "dns-packet";
import { toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import { MdnsSocket } from "./mdns-socket.ts";
import { type MulticastInterface, multicastInterfaces } from "./multicast-interfaces.ts";

export interface MdnsOptions {
  /** Only nodes of the same network name see each other. */
  readonly network: string;
  readonly intervalMs: number;
}

export interface MdnsModules {
  readonly logger: Logger;
  readonly onPeer: (peer: PeerInfo) => void;
}

const lookEveryMs = 2_000;
/** An answer goes to all nodes, so one answer is enough for all questions within this time. */
const answerEveryMs = 500;
/** Fits into one Ethernet packet. */
const answeredAddressesMax = 6;
const ttlSeconds = 120;
const peerNameBytes = 31;

/** Only nodes of one network name ask for and answer to it. */
export function mdnsServiceTag(network: string): string {
  return `_aurex-${network}._udp.local`;
}

/**
 * The library receives on all interfaces, but asks only on the interface of the default route, and its answers leave out
 * public addresses. So its answers are switched off: this class answers, and asks, on every interface that has multicast.
 */
export class Mdns implements Startable {
  readonly #tag: string;
  readonly #intervalMs: number;
  readonly #modules: MdnsModules;
  /** The library ignores an answer under its own name. */
  readonly #peerName = randomBytes(peerNameBytes).toString("hex");
  #components: MulticastDNSComponents | undefined;
  #discovery: (PeerDiscovery & Partial<Startable>) | undefined;
  #socket: MdnsSocket | undefined;
  /** The interfaces in use, as text: to notice a change. */
  #interfaces = "";
  #portFault: string | undefined;
  #nobodyFault: string | undefined;
  #sendFault: string | undefined;
  #said: string | undefined;
  #askTimer: NodeJS.Timeout | undefined;
  #lookTimer: NodeJS.Timeout | undefined;
  #changing: Promise<void> = Promise.resolve();
  #answeredMs = Number.NEGATIVE_INFINITY;
  #running = false;

  constructor(options: MdnsOptions, modules: MdnsModules) {
    this.#tag = mdnsServiceTag(options.network);
    this.#intervalMs = options.intervalMs;
    this.#modules = modules;
  }

  /** Why no peer can be found, or not on all interfaces; undefined if no reason is known. */
  get fault(): string | undefined {
    return this.#portFault ?? this.#nobodyFault ?? this.#sendFault;
  }

  /** The libp2p service. Its own class hides the discovery from libp2p, whose peer store would take in every claim. */
  createService(components: MulticastDNSComponents): this {
    this.#components = components;
    return this;
  }

  async start(): Promise<void> {
    this.#running = true;
    this.#interfaces = textOf(multicastInterfaces());
    await this.#open();
    this.#askTimer = setInterval(() => void this.#ask(), this.#intervalMs).unref();
    this.#lookTimer = setInterval(() => this.#look(), lookEveryMs).unref();
  }

  async stop(): Promise<void> {
    this.#running = false;
    clearInterval(this.#askTimer);
    clearInterval(this.#lookTimer);
    await this.#changing;
    await this.#close();
  }

  /** Interfaces come and go. A multicast membership that ended with its interface does not come back by itself. */
  #look(): void {
    const now = textOf(multicastInterfaces());
    if (now === this.#interfaces || !this.#running) return;
    this.#interfaces = now;
    this.#changing = this.#changing.then(async () => {
      if (!this.#running) return;
      await this.#close();
      await this.#open();
    });
  }

  async #open(): Promise<void> {
    const used = multicastInterfaces().filter(({ hasMulticast }) => hasMulticast);
    this.#portFault = undefined;
    const { addressManager } = this.#components ?? {};
    if (!addressManager) return;
    this.#discovery = mdns({
      serviceTag: this.#tag,
      interval: this.#intervalMs,
      peerName: this.#peerName,
      broadcast: false,
    })({ addressManager, logger: this.#faultLogger() });
    this.#discovery.addEventListener("peer", ({ detail }) => this.#modules.onPeer(detail));
    await this.#discovery.start?.();
    const socket = new MdnsSocket(used, (name) => {
      if (name === this.#tag) void this.#answer();
    });
    try {
      await socket.open();
      this.#socket = socket;
    } catch (thrown) {
      this.#portFault = toError(thrown).message;
      await socket.close();
    }
    const isAlone = used.every(({ address }) => address.startsWith("127."));
    this.#nobodyFault = isAlone
      ? "no interface of this machine but loopback has multicast and an IPv4 address"
      : undefined;
    this.#tellChange();
    await this.#ask();
  }

  async #close(): Promise<void> {
    await this.#discovery?.stop?.();
    await this.#socket?.close();
    this.#discovery = undefined;
    this.#socket = undefined;
  }

  async #ask(): Promise<void> {
    await this.#send(() => ({ type: "query", questions: [{ name: this.#tag, type: "PTR" }] }));
  }

  async #answer(): Promise<void> {
    const nowMs = performance.now();
    if (nowMs - this.#answeredMs < answerEveryMs) return;
    this.#answeredMs = nowMs;
    const addresses = this.#components?.addressManager.getAddresses() ?? [];
    if (addresses.length > 0) await this.#send((by) => this.#answerBy(by, addresses));
  }

  async #send(packetFor: (by: MulticastInterface) => Packet): Promise<void> {
    const socket = this.#socket;
    if (!socket) return;
    const faults = await socket.send(packetFor);
    if (socket !== this.#socket) return;
    const list = [...faults].map(([name, fault]) => `${name}: ${fault}`);
    this.#sendFault = list.length === 0 ? undefined : list.join("; ");
    this.#tellChange();
  }

  /** The library's answer with all addresses: those of the interface first, since peers there reach these best. */
  #answerBy(by: MulticastInterface, addresses: readonly Multiaddr[]): Packet {
    const name = `${this.#peerName}.${this.#tag}`;
    const isThere = (address: Multiaddr) => by.addresses.includes(address.getComponents()[0]?.value ?? "");
    const ordered = addresses.toSorted((a, b) => Number(isThere(b)) - Number(isThere(a)));
    return {
      type: "response",
      // Authoritative answer (RFC 1035, 4.1.1).
      flags: 0x0400,
      answers: [
        { type: "PTR", name: this.#tag, class: "IN", ttl: ttlSeconds, data: name },
        ...ordered.slice(0, answeredAddressesMax).map((address) => {
          return { type: "TXT", name, class: "IN", ttl: ttlSeconds, data: `dnsaddr=${address}` } as const;
        }),
      ],
    };
  }

  #tellChange(): void {
    const { logger } = this.#modules;
    if (this.fault === this.#said) return;
    this.#said = this.fault;
    if (this.fault === undefined) logger.info({}, "mDNS works here again");
    else
      logger.warn(
        { reason: this.fault },
        "mDNS is impaired here: peers may have to be named with --bootstrap",
      );
  }

  /** The library says only in its debug log that the port is not free. */
  #faultLogger(): ComponentLogger {
    const silent = () => {};
    const error = (format: unknown, ...details: unknown[]) => {
      const [first] = details;
      if (format !== "mdns error - %e" || !(first instanceof Error)) return;
      this.#portFault ??= first.message;
      this.#tellChange();
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

function textOf(interfaces: readonly MulticastInterface[]): string {
  return JSON.stringify(interfaces);
}
