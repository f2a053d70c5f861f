/** Doppelganger protection: a signing process says that it runs, and hears of another process that runs with its key. */
import { bytesEqual } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import { type Presence, signPresence, verifyPresence } from "../../protocol/presence.ts";
import type { KeyPair } from "../../protocol/signing.ts";
import { type PresenceMessage, PresenceMessageType, presenceProtocol } from "../messages.ts";
import type { PeerHost, PeerId } from "../peer-host.ts";
import { Schedule } from "../schedule.ts";
import { Exchange } from "./exchange.ts";
import { Presences } from "./presences.ts";

export interface DoppelgangersOptions {
  readonly chainId: Uint8Array;
  readonly keyPair: KeyPair;
  /** 32 random bytes of this process; undefined if this node signs nothing. */
  readonly instance: Uint8Array | undefined;
}

export interface DoppelgangersModules {
  readonly host: PeerHost;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The key of a connected peer, if the peer is on our chain. */
  readonly keyOf: (peer: PeerId) => Uint8Array | undefined;
  /** Another process runs with this node's key, which has signed that. */
  readonly onTwin: (twin: Presence) => void;
}

/**
 * Peers know a node by its key, so they take two processes with one key for one node, and neither process is sure to
 * hear the other. Each signing process therefore tells its presence to every peer of its chain. A peer that hears two
 * processes under one key tells each of them what the other has signed.
 */
export class Doppelgangers {
  readonly #options: DoppelgangersOptions;
  readonly #modules: DoppelgangersModules;
  readonly #exchange: Exchange<PresenceMessage>;
  readonly #presences = new Presences();
  /** Connected peers that have begun an exchange since our last one: theirs stands for our next one. */
  readonly #begunByPeer = new Set<PeerId>();
  readonly #schedule: Schedule;
  readonly #startedMs: number;

  constructor(options: DoppelgangersOptions, modules: DoppelgangersModules) {
    this.#options = options;
    this.#modules = modules;
    this.#schedule = new Schedule(modules.clock);
    this.#startedMs = modules.clock.nowMs();
    this.#exchange = new Exchange(
      { protocol: presenceProtocol, what: "presence", type: PresenceMessageType },
      {
        ...modules,
        own: (to) => this.#messageTo(to),
        heard: (peer, message, begunBy) => {
          if (begunBy === "peer" && message.own.length > 0 && modules.keyOf(peer))
            this.#begunByPeer.add(peer);
          this.#heard(peer, message);
        },
      },
    );
  }

  serve(): void {
    this.#exchange.serve();
  }

  /** Tells a peer of our chain that this process runs, if this process signs. */
  tell(peer: PeerId): void {
    if (this.#options.instance && !this.#begunByPeer.delete(peer)) this.#exchange.tell(peer);
  }

  forget(peer: PeerId): void {
    this.#begunByPeer.delete(peer);
  }

  close(): void {
    this.#schedule.close();
  }

  #messageTo(peer: PeerId): PresenceMessage {
    const { clock, keyOf } = this.#modules;
    const { chainId, keyPair, instance } = this.#options;
    const key = keyOf(peer);
    const twin = key && this.#presences.twinOf(key, clock.monotonicMs());
    const said = instance && { instance, startedMs: this.#startedMs, timestampMs: clock.nowMs() };
    return { own: said ? [signPresence(chainId, said, keyPair)] : [], twin: twin ? [twin] : [] };
  }

  #heard(peer: PeerId, { own: [own], twin: [twin] }: PresenceMessage): void {
    const { clock, keyOf, onTwin } = this.#modules;
    const key = keyOf(peer);
    if (!key) return;
    if (own && this.#presences.heard(key, own, clock.monotonicMs())) {
      // Whichever of the two processes answers, it hears of the other one now, and its own word is fresh.
      this.#schedule.soon(`ask ${peer} again`, 0, () => this.#exchange.tell(peer));
    }
    const { chainId, instance, keyPair } = this.#options;
    if (!twin || !instance || bytesEqual(twin.instance, instance)) return;
    // What was signed before this process started may be of the process that ran here before.
    if (twin.timestampMs < this.#startedMs) return;
    if (verifyPresence(chainId, twin, keyPair.publicKey)) onTwin(twin);
  }
}
