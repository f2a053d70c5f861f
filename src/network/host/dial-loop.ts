/** Keeps trying to reach every peer that is known and not connected: backoff with jitter, and no last attempt. */
import type { Clock, Timer } from "../../base/clock.ts";
import { toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import type { PeerId } from "../peer-host.ts";

export interface DialLoopOptions {
  readonly ownId: PeerId;
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  /** The higher peer id of two lets the lower one dial first, for this long: both dialling leaves two connections. */
  readonly politeDelayMs: number;
  readonly candidatesMax: number;
  readonly dialsMax: number;
}

export const defaultDialLoop = {
  backoffMinMs: 1_000,
  backoffMaxMs: 60_000,
  politeDelayMs: 3_000,
  candidatesMax: 256,
  dialsMax: 8,
};

export interface DialLoopModules {
  readonly clock: Clock;
  readonly logger: Logger;
  /** In [0, 1). */
  readonly random: () => number;
  /** Opens a connection by one of the addresses, or rejects. */
  readonly dial: (addresses: readonly string[]) => Promise<PeerId>;
  readonly isConnected: (peer: PeerId) => boolean;
  readonly isBanned: (peer: PeerId) => boolean;
  /** No place for another outbound connection. */
  readonly isFull: () => boolean;
}

/** Addresses of one peer: a forged sighting can push out but a few, and the next true one brings them back. */
const addressesPerPeerMax = 8;
/** A connection that ends sooner than this counts as a failed attempt, or a peer that hangs up would be hammered. */
const steadyMs = 10_000;
/** However many sightings come, one peer is not dialled more often. */
const attemptGapMs = 1_000;
const retryWhenFullMs = 5_000;

interface Candidate {
  readonly key: string;
  peerId: PeerId | undefined;
  addresses: readonly string[];
  /** Named by the operator: never forgotten. */
  permanent: boolean;
  failures: number;
  /** Monotonic; Infinity while connected. */
  dueMs: number;
  attemptedMs: number;
  connectedMs: number;
  dialling: boolean;
}

export class DialLoop {
  readonly #options: DialLoopOptions;
  readonly #modules: DialLoopModules;
  readonly #candidates = new Map<string, Candidate>();
  #dialling = 0;
  #timer: Timer | undefined;
  #running = false;

  constructor(options: DialLoopOptions, modules: DialLoopModules) {
    this.#options = options;
    this.#modules = modules;
  }

  start(): void {
    this.#running = true;
    this.#arm();
  }

  stop(): void {
    this.#running = false;
    this.#timer?.cancel();
  }

  /** Candidates known, connected ones included. */
  get size(): number {
    return this.#candidates.size;
  }

  /** An address from the operator; its peer id may be unknown. Dialled at once and for ever. */
  addBootstrap(address: string, peer: PeerId | undefined): void {
    if (peer === this.#options.ownId) return;
    const candidate = this.#admit(peer ?? address, peer, [address]);
    if (candidate === undefined) return;
    candidate.permanent = true;
    candidate.dueMs = this.#modules.clock.monotonicMs();
    this.#arm();
  }

  /** A peer that is said to be alive there just now (mDNS), or that we knew before (the peer store). */
  sighted(peer: PeerId, addresses: readonly string[]): void {
    if (peer === this.#options.ownId || addresses.length === 0) return;
    const candidate = this.#admit(peer, peer, addresses);
    if (candidate === undefined || this.#modules.isConnected(peer)) return;
    const soonestMs = this.#modules.clock.monotonicMs() + this.#politeDelayMs(peer);
    candidate.dueMs = Math.min(candidate.dueMs, Math.max(soonestMs, candidate.attemptedMs + attemptGapMs));
    this.#arm();
  }

  /** Addresses that a connected peer says it listens on: kept for when the connection is gone. */
  learned(peer: PeerId, addresses: readonly string[]): void {
    if (peer === this.#options.ownId || addresses.length === 0) return;
    const candidate = this.#admit(peer, peer, addresses);
    if (candidate !== undefined && this.#modules.isConnected(peer)) this.#markConnected(candidate);
  }

  connected(peer: PeerId): void {
    const candidate = this.#candidates.get(peer);
    if (candidate !== undefined) this.#markConnected(candidate);
  }

  disconnected(peer: PeerId): void {
    const candidate = this.#candidates.get(peer);
    if (candidate === undefined) return;
    const nowMs = this.#modules.clock.monotonicMs();
    const steady = nowMs - candidate.connectedMs >= steadyMs;
    candidate.failures = steady ? 0 : candidate.failures + 1;
    const delayMs = steady ? 0 : this.#backoffMs(candidate.failures);
    candidate.dueMs = nowMs + delayMs + this.#politeDelayMs(peer);
    this.#arm();
  }

  /** Leaves a peer alone for a while: we ourselves hung up on it. */
  hold(peer: PeerId, durationMs: number): void {
    const candidate = this.#candidates.get(peer);
    if (candidate === undefined) return;
    candidate.dueMs = this.#modules.clock.monotonicMs() + durationMs;
    this.#arm();
  }

  #markConnected(candidate: Candidate): void {
    if (candidate.dueMs !== Infinity) candidate.connectedMs = this.#modules.clock.monotonicMs();
    candidate.dueMs = Infinity;
  }

  #admit(key: string, peerId: PeerId | undefined, addresses: readonly string[]): Candidate | undefined {
    const known = this.#candidates.get(key);
    if (known !== undefined) {
      known.addresses = [...new Set([...addresses, ...known.addresses])].slice(0, addressesPerPeerMax);
      return known;
    }
    if (this.#candidates.size >= this.#options.candidatesMax && !this.#forgetOne()) return undefined;
    const candidate: Candidate = {
      key,
      peerId,
      addresses: [...new Set(addresses)].slice(0, addressesPerPeerMax),
      permanent: false,
      failures: 0,
      dueMs: this.#modules.clock.monotonicMs() + this.#options.backoffMaxMs,
      attemptedMs: -Infinity,
      connectedMs: -Infinity,
      dialling: false,
    };
    this.#candidates.set(key, candidate);
    return candidate;
  }

  /** The oldest that is neither the operator's nor connected has to go. */
  #forgetOne(): boolean {
    for (const candidate of this.#candidates.values()) {
      const connected = candidate.peerId !== undefined && this.#modules.isConnected(candidate.peerId);
      if (candidate.permanent || candidate.dialling || connected) continue;
      return this.#candidates.delete(candidate.key);
    }
    return false;
  }

  #politeDelayMs(peer: PeerId): number {
    return this.#options.ownId < peer ? 0 : this.#options.politeDelayMs;
  }

  /** Doubles from the minimum to the maximum, then varies by up to a half, so that peers do not knock in step. */
  #backoffMs(failures: number): number {
    const { backoffMinMs, backoffMaxMs } = this.#options;
    const wholeMs = Math.min(backoffMaxMs, backoffMinMs * 2 ** Math.min(failures - 1, 16));
    return wholeMs * (0.5 + this.#modules.random() / 2);
  }

  #arm(): void {
    this.#timer?.cancel();
    if (!this.#running || this.#dialling >= this.#options.dialsMax) return;
    let dueMs = Infinity;
    for (const candidate of this.#candidates.values()) {
      if (!candidate.dialling) dueMs = Math.min(dueMs, candidate.dueMs);
    }
    if (dueMs === Infinity) return;
    this.#timer = this.#modules.clock.schedule(dueMs - this.#modules.clock.monotonicMs(), () => this.#run());
  }

  #run(): void {
    const nowMs = this.#modules.clock.monotonicMs();
    for (const candidate of [...this.#candidates.values()]) {
      if (this.#dialling >= this.#options.dialsMax) break;
      if (candidate.dialling || candidate.dueMs > nowMs) continue;
      const { peerId } = candidate;
      if (peerId !== undefined && this.#modules.isConnected(peerId)) this.#markConnected(candidate);
      else if (peerId !== undefined && this.#modules.isBanned(peerId)) {
        candidate.dueMs = nowMs + this.#options.backoffMaxMs;
      } else if (this.#modules.isFull()) candidate.dueMs = nowMs + retryWhenFullMs;
      else void this.#attempt(candidate);
    }
    this.#arm();
  }

  async #attempt(candidate: Candidate): Promise<void> {
    candidate.dialling = true;
    candidate.attemptedMs = this.#modules.clock.monotonicMs();
    this.#dialling += 1;
    try {
      this.#reached(candidate, await this.#modules.dial(candidate.addresses));
    } catch (thrown) {
      candidate.failures += 1;
      candidate.dueMs = this.#modules.clock.monotonicMs() + this.#backoffMs(candidate.failures);
      this.#modules.logger.debug(
        { peer: candidate.key, failures: candidate.failures, error: toError(thrown).message },
        "dial failed",
      );
    } finally {
      candidate.dialling = false;
      this.#dialling -= 1;
      this.#arm();
    }
  }

  /** A bootstrap address without a peer id has shown its id: from now on it goes by that. */
  #reached(candidate: Candidate, peer: PeerId): void {
    let named: Candidate | undefined = candidate;
    if (candidate.key !== peer) {
      this.#candidates.delete(candidate.key);
      named = this.#admit(peer, peer, candidate.addresses);
      if (named === undefined) return;
      named.permanent = candidate.permanent;
    }
    if (this.#modules.isConnected(peer)) {
      this.#markConnected(named);
    } else {
      // Opened, and closed again already.
      named.failures += 1;
      named.dueMs = this.#modules.clock.monotonicMs() + this.#backoffMs(named.failures);
    }
  }
}
