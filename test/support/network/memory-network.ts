/** A network in memory: who reaches whom, how late and how surely, decided by a seed and a simulated clock alone. */
import type { Clock } from "../../../src/base/clock.ts";
import { invariant } from "../../../src/base/invariant.ts";
import { type Logger, silentLogger } from "../../../src/base/logger.ts";
import type { PeerLimitOptions } from "../../../src/network/host/peer-limits.ts";
import type { PeerHost, PeerId } from "../../../src/network/peer-host.ts";
import { MemoryHost } from "./memory-host.ts";

export interface LinkOptions {
  /** Shortest and longest way of a packet; packets of one direction never overtake each other. */
  readonly latencyMs: readonly [number, number];
  /** Share of packets lost, in [0, 1]: a gossip message is gone, a dial or an answer times out. */
  readonly loss: number;
}

export interface MemoryNetworkOptions extends LinkOptions {
  /** How long both ends of a cut connection believe in it. */
  readonly cutNoticedMs?: number;
}

export interface MemoryNetworkModules {
  readonly clock: Clock;
  /** In [0, 1), from the seed. */
  readonly random: () => number;
}

export interface MemoryHostOptions {
  /** Where the host is, in the place of its id: another host may be there once this one has stopped. */
  readonly place?: string;
  /** Addresses dialled at once and for ever: `/memory/PLACE`, with or without `/p2p/ID`. */
  readonly bootstrap?: readonly string[];
  readonly limits?: Partial<PeerLimitOptions>;
  readonly maxConnections?: number;
  readonly logger?: Logger;
}

export interface MemoryNetwork {
  /** A host that does not run yet. An id is free again once its host has stopped: that is a restart. */
  createHost(peerId: PeerId, options?: MemoryHostOptions): PeerHost;
  /** Sets both directions between two peers apart from the rest. */
  setLink(a: PeerId, b: PeerId, options: LinkOptions): void;
  /** Nothing passes between the groups; peers in none of them form one together. */
  partition(groups: readonly (readonly PeerId[])[]): void;
  heal(): void;
}

const cutNoticedDefaultMs = 10_000;

export function createMemoryNetwork(
  options: MemoryNetworkOptions,
  modules: MemoryNetworkModules,
): MemoryNetwork {
  const hub = new MemoryHub(options, modules);
  return {
    createHost: (peerId, hostOptions = {}) =>
      new MemoryHost(peerId, hostOptions, { ...modules, hub, logger: hostOptions.logger ?? silentLogger }),
    setLink: (a, b, link) => hub.setLink(a, b, link),
    partition: (groups) => hub.partition(groups),
    heal: () => hub.partition([]),
  };
}

/** One connection, known to both ends. */
export interface MemoryConnection {
  readonly dialer: PeerId;
  readonly listener: PeerId;
  /** One end has closed it; the other will hear of it. */
  closed: boolean;
}

/** What all hosts of one network share. */
export class MemoryHub {
  readonly #options: MemoryNetworkOptions;
  readonly #modules: MemoryNetworkModules;
  readonly #hosts = new Map<PeerId, MemoryHost>();
  readonly #places = new Map<string, MemoryHost>();
  readonly #links = new Map<string, LinkOptions>();
  readonly #lastDeliveryMs = new Map<string, number>();
  /** By both ids in order: two peers that dial each other at once end up with one connection. */
  readonly #connections = new Map<string, MemoryConnection>();
  readonly #groupOf = new Map<PeerId, number>();

  constructor(options: MemoryNetworkOptions, modules: MemoryNetworkModules) {
    this.#options = options;
    this.#modules = modules;
  }

  register(host: MemoryHost, place: string): void {
    invariant(!this.#hosts.has(host.peerId), `${host.peerId} runs already`);
    invariant(!this.#places.has(place), `${place} is taken`);
    this.#hosts.set(host.peerId, host);
    this.#places.set(place, host);
  }

  unregister(host: MemoryHost, place: string): void {
    this.#hosts.delete(host.peerId);
    this.#places.delete(place);
  }

  /** The host that listens at a place. */
  at(place: string): MemoryHost | undefined {
    return this.#places.get(place);
  }

  hostOf(peer: PeerId): MemoryHost | undefined {
    return this.#hosts.get(peer);
  }

  setLink(a: PeerId, b: PeerId, options: LinkOptions): void {
    this.#links.set(pairOf(a, b), options);
  }

  /** The open connection of two peers, or a new one. */
  connect(dialer: PeerId, listener: PeerId): MemoryConnection {
    const pair = pairOf(dialer, listener);
    const existing = this.#connections.get(pair);
    if (existing !== undefined && !existing.closed) return existing;
    const connection = { dialer, listener, closed: false };
    this.#connections.set(pair, connection);
    return connection;
  }

  /** Delivers at the far end after the link's latency, in order; false where the packet is lost on the way. */
  send(from: PeerId, to: PeerId, deliver: (host: MemoryHost | undefined) => void): boolean {
    if (this.#isCut(from, to)) return false;
    const link = this.#links.get(pairOf(from, to)) ?? this.#options;
    if (link.loss > 0 && this.#modules.random() < link.loss) return false;
    this.#schedule(from, to, link, deliver);
    return true;
  }

  /** As {@link send} on a link that loses nothing: what TCP would repeat until it arrives. */
  sendSurely(from: PeerId, to: PeerId, deliver: (host: MemoryHost | undefined) => void): void {
    if (this.#isCut(from, to)) return;
    this.#schedule(from, to, this.#links.get(pairOf(from, to)) ?? this.#options, deliver);
  }

  partition(groups: readonly (readonly PeerId[])[]): void {
    this.#groupOf.clear();
    for (const [index, group] of groups.entries()) {
      for (const peer of group) this.#groupOf.set(peer, index);
    }
    const noticedMs = this.#options.cutNoticedMs ?? cutNoticedDefaultMs;
    for (const connection of this.#connections.values()) {
      const { dialer, listener } = connection;
      if (!this.#isCut(dialer, listener)) continue;
      this.#modules.clock.schedule(noticedMs, () => {
        // One end may have closed it meanwhile, and the other could not be told.
        if (!connection.closed && !this.#isCut(dialer, listener)) return;
        connection.closed = true;
        this.#hosts.get(dialer)?.onClosed(connection);
        this.#hosts.get(listener)?.onClosed(connection);
      });
    }
  }

  #schedule(
    from: PeerId,
    to: PeerId,
    link: LinkOptions,
    deliver: (host: MemoryHost | undefined) => void,
  ): void {
    const { clock, random } = this.#modules;
    const [shortestMs, longestMs] = link.latencyMs;
    const nowMs = clock.monotonicMs();
    const direction = `${from}>${to}`;
    const atMs = Math.max(
      this.#lastDeliveryMs.get(direction) ?? 0,
      nowMs + shortestMs + random() * (longestMs - shortestMs),
    );
    this.#lastDeliveryMs.set(direction, atMs);
    clock.schedule(atMs - nowMs, () => {
      if (!this.#isCut(from, to)) deliver(this.#hosts.get(to));
    });
  }

  #isCut(a: PeerId, b: PeerId): boolean {
    return this.#groupOf.get(a) !== this.#groupOf.get(b);
  }
}

function pairOf(a: PeerId, b: PeerId): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
