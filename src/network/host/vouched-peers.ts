/** Peers named by signed records of others: dialled only while there are few connections, seldom, and given up after a few tries. */
import { BoundedMap } from "../../base/bounded-map.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import { toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import type { PeerId } from "../peer-host.ts";

export interface VouchedPeersOptions {
  readonly ownId: PeerId;
  /** With this many connections no vouched peer is dialled. */
  readonly connectionsMax: number;
  /** The pause between two dials. */
  readonly dialEveryMs: number;
  /** The pause between two dials of one address: an attacker can make many keys that all name the address of a victim. */
  readonly addressEveryMs: number;
  readonly peersMax: number;
  readonly addressesPerPeerMax: number;
  readonly triesMax: number;
  readonly retryMs: number;
  /** Of two nodes the one with the higher peer id waits this long before it dials. */
  readonly politeDelayMs: number;
}

export const defaultVouchedPeers = {
  connectionsMax: 32,
  dialEveryMs: 500,
  addressEveryMs: 30_000,
  peersMax: 64,
  addressesPerPeerMax: 4,
  triesMax: 3,
  retryMs: 30_000,
  politeDelayMs: 2_000,
};

export interface VouchedPeersModules {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Opens a connection with this peer by one of the addresses, or rejects. */
  readonly dial: (addresses: readonly string[], peer: PeerId) => Promise<unknown>;
  readonly isConnected: (peer: PeerId) => boolean;
  readonly isBanned: (peer: PeerId) => boolean;
  readonly connections: () => number;
}

const addressesRememberedMax = 1_024;

interface Vouched {
  readonly peer: PeerId;
  readonly addresses: readonly string[];
  readonly isWanted: () => boolean;
  readonly tries: number;
  /** Monotonic. */
  readonly dueMs: number;
}

export class VouchedPeers {
  readonly #options: VouchedPeersOptions;
  readonly #modules: VouchedPeersModules;
  readonly #peers: BoundedMap<PeerId, Vouched>;
  /** When each address was dialled last. The key is the address without the peer id. */
  readonly #dialledMs = new BoundedMap<string, number>(addressesRememberedMax);
  #timer: Timer | undefined;
  #running = false;

  constructor(options: VouchedPeersOptions, modules: VouchedPeersModules) {
    this.#options = options;
    this.#modules = modules;
    this.#peers = new BoundedMap(options.peersMax);
  }

  get size(): number {
    return this.#peers.size;
  }

  start(): void {
    this.#running = true;
    this.#arm();
  }

  stop(): void {
    this.#running = false;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Adds or refreshes a peer and its claimed addresses. `isWanted` is asked before each dial. */
  heardOf(peer: PeerId, addresses: readonly string[], isWanted: () => boolean): void {
    const { ownId, addressesPerPeerMax, politeDelayMs } = this.#options;
    const { isConnected, isBanned, clock } = this.#modules;
    if (peer === ownId || addresses.length === 0 || isConnected(peer) || isBanned(peer)) return;
    const known = this.#peers.get(peer);
    const politeMs = ownId < peer ? 0 : politeDelayMs;
    this.#peers.set(peer, {
      peer,
      addresses: [...new Set(addresses)].slice(0, addressesPerPeerMax),
      isWanted,
      tries: known?.tries ?? 0,
      dueMs: known?.dueMs ?? clock.monotonicMs() + politeMs,
    });
    this.#arm();
  }

  /** Keeps one timer while peers wait for a dial, and none otherwise. */
  #arm(): void {
    if (!this.#running || this.#timer !== undefined || this.#peers.size === 0) return;
    this.#timer = this.#modules.clock.schedule(this.#options.dialEveryMs, () => {
      this.#timer = undefined;
      this.#next();
      this.#arm();
    });
  }

  /** Dials one peer at most. */
  #next(): void {
    const { clock, connections } = this.#modules;
    if (connections() >= this.#options.connectionsMax) return;
    const nowMs = clock.monotonicMs();
    for (const vouched of [...this.#peers.values()]) {
      if (this.#modules.isConnected(vouched.peer) || this.#modules.isBanned(vouched.peer)) {
        this.#peers.delete(vouched.peer);
      } else if (vouched.dueMs <= nowMs && vouched.isWanted()) {
        const addresses = vouched.addresses.filter((address) => this.#mayDial(address, nowMs));
        if (addresses.length === 0) continue;
        for (const address of addresses) this.#dialledMs.set(placeOf(address), nowMs);
        this.#tried(vouched, nowMs);
        void this.#dial(vouched.peer, addresses);
        return;
      }
    }
  }

  #mayDial(address: string, nowMs: number): boolean {
    const dialledMs = this.#dialledMs.get(placeOf(address));
    return dialledMs === undefined || nowMs - dialledMs >= this.#options.addressEveryMs;
  }

  #tried(vouched: Vouched, nowMs: number): void {
    const { triesMax, retryMs } = this.#options;
    const tries = vouched.tries + 1;
    if (tries >= triesMax) this.#peers.delete(vouched.peer);
    else this.#peers.set(vouched.peer, { ...vouched, tries, dueMs: nowMs + retryMs * 2 ** (tries - 1) });
  }

  async #dial(peer: PeerId, addresses: readonly string[]): Promise<void> {
    try {
      await this.#modules.dial(addresses, peer);
      this.#peers.delete(peer);
    } catch (thrown) {
      this.#modules.logger.debug(
        { peer, error: toError(thrown).message },
        "a peer that another one vouches for cannot be reached",
      );
    }
  }
}

function placeOf(address: string): string {
  return address.replace(/\/p2p\/[^/]+$/, "");
}
