/** Keeps trying to reach every peer that was met or seen and is not connected: backoff with jitter, no last attempt. */
import type { Clock, Timer } from "../../base/clock.ts";
import { toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import type { PeerId } from "../peer-host.ts";

export interface DialLoopOptions {
  readonly ownId: PeerId;
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  /** Of two nodes the one with the higher peer id waits this long: if both dialled, there would be two connections. */
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
  /** Opens a connection with this peer by one of the addresses, resolves to that one, or rejects. */
  readonly dial: (addresses: readonly string[], peer: PeerId) => Promise<string>;
  readonly isConnected: (peer: PeerId) => boolean;
  readonly isBanned: (peer: PeerId) => boolean;
  /** No place for another outbound connection. */
  readonly isFull: () => boolean;
}

/** Addresses kept for one peer. Forged sightings can push out true addresses, and the next true sighting brings them back. */
const addressesPerPeerMax = 8;
/** A connection that ends sooner than this counts as a failed attempt: otherwise a peer that hangs up would be dialled without pause. */
const steadyMs = 10_000;
/** One peer is not dialled more often, however many sightings of it come. */
const attemptGapMs = 1_000;
const retryWhenFullMs = 5_000;

interface Candidate {
  readonly peerId: PeerId;
  addresses: readonly string[];
  /** The address that worked last. It is tried first, and no other address pushes it out. */
  worked: string | undefined;
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

  /** A peer is said to be there now (mDNS), or was there in an earlier run (the peer store). */
  sighted(peer: PeerId, addresses: readonly string[]): void {
    if (peer === this.#options.ownId || addresses.length === 0) return;
    const candidate = this.#admit(peer, addresses);
    if (candidate === undefined || this.#modules.isConnected(peer)) return;
    const soonestMs = this.#modules.clock.monotonicMs() + this.#politeDelayMs(peer);
    candidate.dueMs = Math.min(candidate.dueMs, Math.max(soonestMs, candidate.attemptedMs + attemptGapMs));
    this.#arm();
  }

  /** Addresses on which a connected peer says it listens: kept for the time after the connection. */
  learned(peer: PeerId, addresses: readonly string[]): void {
    if (peer === this.#options.ownId || addresses.length === 0) return;
    const candidate = this.#admit(peer, addresses);
    if (candidate !== undefined && this.#modules.isConnected(peer)) this.#markConnected(candidate);
  }

  /** An address by which a peer has just been reached: the first one to try the next time. */
  worked(peer: PeerId, address: string): void {
    const candidate = this.#admit(peer, [address]);
    if (candidate !== undefined) this.#preferred(candidate, address);
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

  /** Dials every candidate that is neither connected nor was dialled a moment ago, whether or not its turn has come. */
  dialAll(): void {
    const nowMs = this.#modules.clock.monotonicMs();
    for (const candidate of this.#candidates.values()) {
      if (this.#modules.isConnected(candidate.peerId)) continue;
      candidate.dueMs = Math.min(candidate.dueMs, Math.max(nowMs, candidate.attemptedMs + attemptGapMs));
    }
    this.#run();
  }

  /** Whether a dial is under way or due. */
  isDialling(): boolean {
    const nowMs = this.#modules.clock.monotonicMs();
    return (
      this.#running &&
      [...this.#candidates.values()].some(({ dialling, dueMs }) => dialling || dueMs <= nowMs)
    );
  }

  #markConnected(candidate: Candidate): void {
    if (candidate.dueMs !== Infinity) candidate.connectedMs = this.#modules.clock.monotonicMs();
    candidate.dueMs = Infinity;
  }

  #admit(peerId: PeerId, addresses: readonly string[]): Candidate | undefined {
    const known = this.#candidates.get(peerId);
    if (known !== undefined) {
      const first = known.worked === undefined ? [] : [known.worked];
      known.addresses = [...new Set([...first, ...addresses, ...known.addresses])].slice(
        0,
        addressesPerPeerMax,
      );
      return known;
    }
    if (this.#candidates.size >= this.#options.candidatesMax && !this.#forgetOne()) return undefined;
    const candidate: Candidate = {
      peerId,
      addresses: [...new Set(addresses)].slice(0, addressesPerPeerMax),
      worked: undefined,
      failures: 0,
      dueMs: this.#modules.clock.monotonicMs() + this.#options.backoffMaxMs,
      attemptedMs: -Infinity,
      connectedMs: -Infinity,
      dialling: false,
    };
    this.#candidates.set(peerId, candidate);
    return candidate;
  }

  /**
   * Drops the oldest candidate that was never connected, and if there is none, the oldest that is not connected: forged
   * sightings must not push out peers that this node has met.
   */
  #forgetOne(): boolean {
    const idle = [...this.#candidates.values()].filter(
      ({ peerId, dialling }) => !dialling && !this.#modules.isConnected(peerId),
    );
    const leaving = idle.find(({ connectedMs }) => connectedMs === -Infinity) ?? idle[0];
    return leaving !== undefined && this.#candidates.delete(leaving.peerId);
  }

  #politeDelayMs(peer: PeerId): number {
    return this.#options.ownId < peer ? 0 : this.#options.politeDelayMs;
  }

  /** Doubles from the minimum to the maximum, then varies by up to a half, so that peers do not dial in step. */
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
      if (this.#modules.isConnected(peerId)) this.#markConnected(candidate);
      else if (this.#modules.isBanned(peerId)) {
        candidate.dueMs = nowMs + this.#options.backoffMaxMs;
      } else if (this.#modules.isFull()) candidate.dueMs = nowMs + retryWhenFullMs;
      else void this.#attempt(candidate);
    }
    this.#arm();
  }

  async #attempt(candidate: Candidate): Promise<void> {
    const { peerId } = candidate;
    candidate.dialling = true;
    candidate.attemptedMs = this.#modules.clock.monotonicMs();
    this.#dialling += 1;
    try {
      this.#reached(candidate, await this.#modules.dial(candidate.addresses, peerId));
    } catch (thrown) {
      this.#failed(candidate);
      this.#modules.logger.debug(
        { peer: peerId, failures: candidate.failures, error: toError(thrown).message },
        "dial failed",
      );
    } finally {
      candidate.dialling = false;
      this.#dialling -= 1;
      this.#arm();
    }
  }

  #reached(candidate: Candidate, address: string): void {
    this.#preferred(candidate, address);
    if (this.#modules.isConnected(candidate.peerId)) this.#markConnected(candidate);
    // The connection was opened, and is closed again already.
    else this.#failed(candidate);
  }

  #preferred(candidate: Candidate, address: string): void {
    candidate.worked = address;
    candidate.addresses = [address, ...candidate.addresses.filter((each) => each !== address)];
  }

  #failed(candidate: Candidate): void {
    candidate.failures += 1;
    candidate.dueMs = this.#modules.clock.monotonicMs() + this.#backoffMs(candidate.failures);
  }
}
