/** The one answer to "may this node sign now?", for the producer, the voter and admission. */
import type { Clock, Timer } from "../base/clock.ts";
import { guardedEvents } from "../base/guarded-events.ts";
import type { Logger } from "../base/logger.ts";
import type { Chain, HeadChange } from "../chain/chain.ts";
import type { Network } from "../network/network.ts";
import type { NotSealingReason } from "../sealing/not-sealing.ts";
import type { KeyWatch } from "../sealing/poa/key-watch.ts";
import type { SigningPermission, SigningPermissionEvents } from "../sealing/signing-permission.ts";
import type { OwnCandidacy } from "./own-candidacy.ts";
import { notSigningReason, type SigningSituation } from "./signing-reason.ts";
import type { Standings } from "./standings.ts";

export interface SigningGateOptions {
  /** For how long after its start the node only listens: an authority may have to hear first what it missed. */
  readonly listenFirstMs: number;
}

export interface SigningGateModules {
  readonly chain: Pick<Chain, "head" | "engine">;
  readonly network: Pick<Network, "events" | "isBehind" | "clocks">;
  /** Absent in Proof of Work. */
  readonly authority?: {
    readonly watch: KeyWatch;
    readonly candidacy: OwnCandidacy;
    readonly standings: Standings;
  };
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * No event tells that the wall clock was set, that a peer's claim of a better head or the measurement of a clock is too
 * old, or that the time to listen is over.
 */
const lookMs = 1_000;

/**
 * Computes the reason anew with each event that can change it, and by one timer. A state that is read between two such
 * events is at most as old as the timer.
 */
export class SigningGate implements SigningPermission {
  readonly events;
  readonly #options: SigningGateOptions;
  readonly #modules: SigningGateModules;
  #reason: NotSealingReason | undefined = "stopped";
  #isRunning = false;
  /** Of the time to listen, what is left. */
  #listenLeftMs = 0;
  #tickedMs = 0;
  #timer: Timer | undefined;

  constructor(options: SigningGateOptions, modules: SigningGateModules) {
    this.#options = options;
    this.#modules = modules;
    this.events = guardedEvents<SigningPermissionEvents>("signing gate", modules.logger);
  }

  get reason(): NotSealingReason | undefined {
    return this.#reason;
  }

  start(): void {
    const { network, clock, authority } = this.#modules;
    this.#isRunning = true;
    this.#listenLeftMs = this.#options.listenFirstMs;
    this.#tickedMs = clock.monotonicMs();
    network.events.on("behindChanged", this.look);
    network.clocks.events.on("measured", this.look);
    authority?.watch.events.on("seenElsewhere", this.look);
    this.#tick();
  }

  /** From here on nothing may be signed. */
  stop(): void {
    const { network, authority } = this.#modules;
    this.#isRunning = false;
    this.#reason = "stopped";
    this.#timer?.cancel();
    network.events.off("behindChanged", this.look);
    network.clocks.events.off("measured", this.look);
    authority?.watch.events.off("seenElsewhere", this.look);
  }

  /** To be called on each new head before anybody acts on that head. */
  headChanged({ connected }: Pick<HeadChange, "connected">): void {
    for (const { header } of connected) this.#modules.authority?.standings.blockConnected(header);
    this.look();
  }

  /** Computes the reason anew; to be called after an event that may have changed it. */
  readonly look = (): void => {
    if (!this.#isRunning) return;
    this.#modules.authority?.standings.look();
    const reason = notSigningReason(this.#situation());
    if (reason === this.#reason) return;
    this.#reason = reason;
    // Not in the midst of what has caused it: the mempool may not be on the new head yet, from which a producer drafts.
    queueMicrotask(() => this.events.emit("changed"));
  };

  readonly #tick = (): void => {
    const { clock } = this.#modules;
    // While this process stands still it hears nobody: of the time since the last look no more counts than was planned.
    const nowMs = clock.monotonicMs();
    this.#listenLeftMs -= Math.min(nowMs - this.#tickedMs, lookMs);
    this.#tickedMs = nowMs;
    this.look();
    const left = this.#listenLeftMs;
    this.#timer = clock.schedule(left > 0 ? Math.min(left, lookMs) : lookMs, this.#tick);
  };

  #situation(): SigningSituation {
    const { chain, network, authority, clock } = this.#modules;
    return {
      authority: authority && {
        isKeySeenElsewhere: authority.watch.seenElsewhere !== undefined,
        isClockOff: network.clocks.verdict().isOff,
        place: authority.candidacy.place,
        isAnotherReached: authority.standings.isAnotherReached,
      },
      isChainAhead: isAheadOf(clock.nowMs(), chain),
      isListening: this.#listenLeftMs > 0,
      isSyncing: network.isBehind,
    };
  }
}

/** Whether the newest block is further ahead of a clock than a block may be. */
export function isAheadOf(nowMs: number, { head, engine }: Pick<Chain, "head" | "engine">): boolean {
  return head.header.timestampMs > nowMs + engine.aheadDoubtMs;
}
