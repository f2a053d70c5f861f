/** The addresses that the operator wrote: each is tried for ever and on its own, whichever peer answers there. */
import { BoundedMap } from "../../base/bounded-map.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import { toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import type { BootstrapStatus, PeerId } from "../peer-host.ts";

export interface BootstrapListOptions {
  readonly retryMinMs: number;
  /** The pause between two tries of one address. */
  readonly retryMaxMs: number;
  readonly dialsMax: number;
}

export const defaultBootstrapList = { retryMinMs: 1_000, retryMaxMs: 15_000, dialsMax: 8 };

export interface BootstrapListModules {
  readonly clock: Clock;
  readonly logger: Logger;
  /** In [0, 1). */
  readonly random: () => number;
  /**
   * Opens a connection by this address; if `expected` is given, only with that peer.
   *
   * @throws BootstrapFailure, which says what is wrong in words for the operator
   */
  readonly dial: (address: string, expected: PeerId | undefined) => Promise<PeerId>;
  readonly isConnected: (peer: PeerId) => boolean;
  /** No place for another outbound connection. */
  readonly isFull: () => boolean;
}

/** Why a bootstrap address cannot be used right now, in words for the operator. */
export class BootstrapFailure extends Error {
  /** The address leads to this node itself. This is no mistake: operators give one list to all nodes. */
  readonly isOwn: boolean;
  /** This peer answers there, and this node refuses it for a while. */
  readonly refused: PeerId | undefined;

  constructor(message: string, details: { readonly isOwn?: boolean; readonly refused?: PeerId } = {}) {
    super(message);
    this.isOwn = details.isOwn === true;
    this.refused = details.refused;
  }
}

/** A connection that ends sooner than this counts as a failed attempt. */
const steadyMs = 10_000;
/** The peer can influence the text of a failure, and must not fill the log with it. */
const failuresToldMax = 32;
/** Reasons for which this node itself hung up on a peer. */
const refusalsMax = 64;

interface Entry {
  readonly address: string;
  /** Named in the address. */
  readonly expected: PeerId | undefined;
  /** The peer that answered there last. */
  peer: PeerId | undefined;
  failures: number;
  /** Monotonic; Infinity while connected. */
  dueMs: number;
  connectedMs: number;
  dialling: boolean;
  error: string | undefined;
  /** Wall clock. */
  failedAtMs: number | undefined;
  /** The log has named a failure, and has not yet said that the address works again. */
  isSaid: boolean;
  /** Failures that the log has named since a connection lasted. Each is named once: two that alternate would fill the log. */
  readonly told: Set<string>;
}

export class BootstrapList {
  readonly #options: BootstrapListOptions;
  readonly #modules: BootstrapListModules;
  readonly #entries: Entry[] = [];
  readonly #refusals = new BoundedMap<PeerId, string>(refusalsMax);
  #dialling = 0;
  #timer: Timer | undefined;
  #running = false;

  constructor(options: BootstrapListOptions, modules: BootstrapListModules) {
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

  /**
   * Takes up an address from the operator; `expected` is the peer id in it. Tried at once and for ever.
   *
   * @returns false if it is there already
   */
  add(address: string, expected: PeerId | undefined): boolean {
    if (this.#entries.some((entry) => entry.address === address)) return false;
    this.#entries.push({
      address,
      expected,
      peer: expected,
      failures: 0,
      dueMs: this.#modules.clock.monotonicMs(),
      connectedMs: -Infinity,
      dialling: false,
      error: undefined,
      failedAtMs: undefined,
      isSaid: false,
      told: new Set(),
    });
    this.#arm();
    return true;
  }

  /** Stops trying an address. A dial that is under way may still connect. @returns false if the list lacks the address */
  remove(address: string): boolean {
    const at = this.#entries.findIndex((entry) => entry.address === address);
    if (at < 0) return false;
    this.#entries.splice(at, 1);
    this.#arm();
    return true;
  }

  /** Tries every address that is not connected, whether or not its turn has come. */
  dialAll(): void {
    const nowMs = this.#modules.clock.monotonicMs();
    for (const entry of this.#entries) if (!this.#isConnected(entry)) entry.dueMs = nowMs;
    this.#run();
  }

  /** Whether a try is under way or due. */
  isDialling(): boolean {
    const nowMs = this.#modules.clock.monotonicMs();
    return this.#running && this.#entries.some(({ dialling, dueMs }) => dialling || dueMs <= nowMs);
  }

  /** The ban of a peer has ended: its addresses are tried at once. */
  readmitted(peer: PeerId): void {
    this.#refusals.delete(peer);
    const nowMs = this.#modules.clock.monotonicMs();
    for (const entry of this.#of(peer)) if (!this.#isConnected(entry)) entry.dueMs = nowMs;
    this.#arm();
  }

  /** Each address, in the order in which they were added. */
  status(): BootstrapStatus[] {
    return this.#entries.map((entry) => {
      const connected = this.#isConnected(entry);
      return {
        address: entry.address,
        connected,
        peerId: entry.peer ?? null,
        error: connected ? null : (entry.error ?? null),
        failedAtMs: connected ? null : (entry.failedAtMs ?? null),
      };
    });
  }

  connected(peer: PeerId): void {
    this.#refusals.delete(peer);
    for (const entry of this.#of(peer)) this.#markConnected(entry);
  }

  /** @param reason why, as far as it is known */
  disconnected(peer: PeerId, reason: string | undefined): void {
    const nowMs = this.#modules.clock.monotonicMs();
    for (const entry of this.#of(peer)) {
      const steady = nowMs - entry.connectedMs >= steadyMs;
      entry.failures = steady ? 0 : entry.failures + 1;
      if (steady) entry.told.clear();
      entry.dueMs = nowMs + (steady ? 0 : this.#backoffMs(entry.failures));
      const refusal = this.#refusals.get(peer);
      // The peer was connected for a while and has gone. The log says so elsewhere, and the next try tells the reason.
      this.#failed(entry, refusal ?? `the connection ended${reason ? `: ${reason}` : ""}`, !steady);
    }
    this.#arm();
  }

  /** This node has hung up on a peer for good or for a while, and why. */
  refused(peer: PeerId, reason: string): void {
    this.#refusals.set(peer, reason);
  }

  #of(peer: PeerId): Entry[] {
    return this.#entries.filter((entry) => entry.peer === peer);
  }

  #isConnected({ peer }: Entry): boolean {
    return peer !== undefined && this.#modules.isConnected(peer);
  }

  #markConnected(entry: Entry): void {
    if (entry.dueMs !== Infinity) entry.connectedMs = this.#modules.clock.monotonicMs();
    entry.dueMs = Infinity;
    entry.error = undefined;
    if (!entry.isSaid) return;
    entry.isSaid = false;
    const { address, peer } = entry;
    this.#modules.logger.info({ address, peer }, "a bootstrap address works again");
  }

  /** Doubles up to the limit, then varies by up to a half, so that nodes do not dial in step. */
  #backoffMs(failures: number): number {
    const { retryMinMs, retryMaxMs } = this.#options;
    const wholeMs = Math.min(retryMaxMs, retryMinMs * 2 ** Math.min(failures - 1, 16));
    return wholeMs * (0.5 + this.#modules.random() / 2);
  }

  #arm(): void {
    this.#timer?.cancel();
    if (!this.#running || this.#dialling >= this.#options.dialsMax) return;
    const waiting = this.#entries.filter(({ dialling }) => !dialling);
    if (waiting.length === 0) return;
    const dueMs = Math.min(...waiting.map((entry) => entry.dueMs));
    const delayMs = Math.min(dueMs - this.#modules.clock.monotonicMs(), this.#options.retryMaxMs);
    this.#timer = this.#modules.clock.schedule(delayMs, () => this.#run());
  }

  #run(): void {
    const nowMs = this.#modules.clock.monotonicMs();
    for (const entry of this.#entries) {
      if (this.#dialling >= this.#options.dialsMax) break;
      // A connection may end without an event, as on a suspended machine. So it is checked now and then.
      const isLost = entry.dueMs === Infinity && !this.#isConnected(entry);
      if (entry.dialling || (entry.dueMs > nowMs && !isLost)) continue;
      if (this.#isConnected(entry)) this.#markConnected(entry);
      else if (this.#modules.isFull())
        this.#retryLater(entry, "this node has all the connections that it may have");
      else void this.#attempt(entry);
    }
    this.#arm();
  }

  async #attempt(entry: Entry): Promise<void> {
    entry.dialling = true;
    this.#dialling += 1;
    try {
      this.#reached(entry, await this.#modules.dial(entry.address, entry.expected));
    } catch (thrown) {
      if (this.#running) this.#notReached(entry, toError(thrown));
    } finally {
      entry.dialling = false;
      this.#dialling -= 1;
      this.#arm();
    }
  }

  #reached(entry: Entry, peer: PeerId): void {
    const before = entry.peer;
    entry.peer = peer;
    if (before !== undefined && before !== peer) {
      this.#modules.logger.info(
        { address: entry.address, before, now: peer },
        "another node answers at this bootstrap address now",
      );
    }
    if (this.#modules.isConnected(peer)) this.#markConnected(entry);
    else this.#retryLater(entry, this.#refusals.get(peer) ?? "the connection was closed again at once");
  }

  #notReached(entry: Entry, error: Error): void {
    const { isOwn, refused } = error instanceof BootstrapFailure ? error : new BootstrapFailure("");
    const refusal = refused === undefined ? undefined : this.#refusals.get(refused);
    this.#retryLater(entry, refusal ?? error.message, isOwn ? "info" : "warn");
  }

  #retryLater(entry: Entry, error: string, level: "warn" | "info" = "warn"): void {
    entry.failures += 1;
    entry.dueMs = this.#modules.clock.monotonicMs() + this.#backoffMs(entry.failures);
    this.#failed(entry, error, true, level);
  }

  /** Logs a new failure once. The same failure comes again every few seconds. */
  #failed(entry: Entry, error: string, isNews: boolean, level: "warn" | "info" = "warn"): void {
    entry.error = error;
    entry.failedAtMs = this.#modules.clock.nowMs();
    if (!isNews || entry.told.has(error) || entry.told.size >= failuresToldMax) return;
    entry.told.add(error);
    entry.isSaid = true;
    const { address } = entry;
    const text =
      level === "info"
        ? `a bootstrap address is not used: ${error}`
        : `a bootstrap address does not work: ${error}`;
    this.#modules.logger[level]({ address }, text);
  }
}
