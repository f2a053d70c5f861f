/** Greets peers in rounds and takes in what their hellos say: whose chain, which head, which key, and from which process. */

import type { EventEmitter } from "node:events";
import { bytesEqual, toHex } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import { toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import type { Chain } from "../../chain/chain.ts";
import { authoritiesOf } from "../../consensus/engine.ts";
import type { Fault } from "../../protocol/faults.ts";
import { type Presence, signPresence, verifyPresence } from "../../protocol/presence.ts";
import type { KeyPair } from "../../protocol/signing.ts";
import type { BlockFetcher } from "../fetch/block-fetcher.ts";
import type { Candidacy, CandidacyMessage, Handshake, Hello } from "../messages.ts";
import type { ConnectedPeer, PeerHost, PeerId } from "../peer-host.ts";
import { Schedule } from "../schedule.ts";
import { ClockComparison, clockOffsetMs } from "./clock-comparison.ts";
import type { KnownPeer, PeerDirectory } from "./directory.ts";
import { chainFacts, chainHello, type Greeting, Handshakes, HelloRefused, relate } from "./handshake.ts";
import { Presences } from "./presences.ts";

export interface GreetingsOptions {
  readonly network: string;
  readonly name: string;
  readonly keyPair: KeyPair;
  /** What the node says in each hello while it asks to become an authority. */
  readonly candidacy?: () => Candidacy | undefined;
  /** 32 random bytes of this process, where it signs blocks and votes: the others notice a second one with its key. */
  readonly instance?: Uint8Array;
  /**
   * What becomes of a peer of this network and engine that is on another chain. "refuse": the node parts from the peer at
   * once; the default. "report": the peer stays connected, and whoever listens to `otherChain` decides.
   */
  readonly otherChains?: "refuse" | "report";
}

export interface GreetingEvents {
  /** A peer has heard this node's key from another process, since this one started; signed by the key. */
  twin: [Presence];
  /**
   * A peer of this network and engine is on another chain, and `otherChains` is "report". The peer stays connected, so
   * that the listener can find out which of the two chains is to go on; `refuseChain` parts from it.
   */
  otherChain: [KnownPeer];
  /** A peer of our chain was greeted, and what it knows of votes and evidence has been taken in. */
  caughtUpOnVotes: [KnownPeer];
  /** A peer of our chain has said where its chain stands, asked or not. */
  status: [peer: ConnectedPeer, KnownPeer];
  /** A peer of our chain asks to become an authority, or no longer does. */
  candidacy: [peer: ConnectedPeer, Handshake, CandidacyMessage];
}

export interface GreetingsModules {
  readonly host: PeerHost;
  readonly chain: Chain;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: Pick<EventEmitter<GreetingEvents>, "emit">;
  readonly directory: PeerDirectory;
  readonly fetcher: BlockFetcher;
  /** A peer sent something that nobody who follows the rules has. */
  readonly penalise: (peer: PeerId, fault: Fault) => void;
  /** Asks a peer for the votes and evidence that gossip lost: with each greeting. False if the peer did not answer. */
  readonly fetchFinality: (peer: PeerId) => Promise<boolean>;
  /** Asks a peer for its pending transactions: at the connection, and once gossip has settled. */
  readonly fetchMempool: (peer: PeerId) => Promise<void>;
}

/** In each round those are greeted with whom something is pending, in every fourth all. */
const roundMs = 2_000;
const allEveryRounds = 4;
/** A node that has just started has much to hear: whether its key is at work elsewhere, above all. */
const allFirstRounds = 8;
const gossipSettledMs = 2_000;
const allSoonMs = 1_000;
const partDelayMs = 1_000;
const mismatchBanMs = 5 * 60_000;

export class Greetings {
  /** This machine's clock and those of the other authorities. */
  readonly clocks: ClockComparison;
  readonly #options: GreetingsOptions;
  readonly #modules: GreetingsModules;
  readonly #handshake: Handshakes;
  readonly #presences = new Presences();
  readonly #schedule: Schedule;
  readonly #startedMs: number;
  /** Connected peers that were asked for their pending transactions. */
  readonly #mempoolAsked = new Set<PeerId>();
  /** Connected peers whose last word was of a branch that loses against ours. */
  readonly #onLostBranch = new Set<PeerId>();
  /** Connected peers that ask to become an authority. */
  readonly #candidates = new Set<PeerId>();

  constructor(options: GreetingsOptions, modules: GreetingsModules) {
    const { host, chain, clock } = modules;
    this.#options = options;
    this.#modules = modules;
    this.#startedMs = clock.nowMs();
    this.#schedule = new Schedule(clock);
    this.#handshake = new Handshakes({ host, clock, ownHello: (to) => this.#helloTo(to) });
    this.clocks = new ClockComparison({
      clock,
      ownKey: options.keyPair.publicKey,
      authorities: () => (chain.final ? authoritiesOf(chain.engine, chain.head) : undefined),
    });
  }

  /** Answers hellos and greets whoever connects; before the host is started. */
  serve(): void {
    const { host, directory, penalise } = this.#modules;
    this.#handshake.serve((peer, hello) => {
      if (hello.ok) this.#heardHello(peer, hello.value);
      else if (hello.fault.code === "message/key-wrong") penalise(peer, hello.fault);
    });
    host.events.on("peerConnected", ({ peerId }) => {
      void this.#greet(peerId);
      // What is published before gossip knows who listens is lost to the newcomer: a second look finds it.
      this.#schedule.after(gossipSettledMs, () => {
        this.#mempoolAsked.delete(peerId);
        void this.#greet(peerId);
      });
    });
    host.events.on("peerDisconnected", (peerId) => {
      directory.remove(peerId);
      this.#mempoolAsked.delete(peerId);
      this.#onLostBranch.delete(peerId);
      this.#candidates.delete(peerId);
    });
  }

  startRounds(): void {
    let round = 0;
    this.#schedule.repeat(roundMs, () => {
      round += 1;
      if (round % allEveryRounds === 0 || round <= allFirstRounds) this.#greetAll();
      else this.#greetPending();
    });
  }

  /** Between the rounds: there is something that only a hello can tell. */
  greetAllSoon(): void {
    this.#schedule.soon("greet all", allSoonMs, () => this.#greetAll());
  }

  close(): void {
    this.#schedule.close();
  }

  /** Parts from a peer of another chain, for a while; both ids are in the log. */
  refuseChain(peer: PeerId): void {
    const { chain, clock, directory, logger } = this.#modules;
    const known = directory.peer(peer);
    if (!known) return;
    directory.chainRefused(known, clock.nowMs());
    logger.error(
      { peer, ours: toHex(chain.spec.chainId), theirs: toHex(known.handshake.chainId) },
      "genesis mismatch: this peer has another chain of the same network, and the two never merge; compare the chain specs (--chain), give one network another name (--network), or move the data directory of the node that is to change aside",
    );
    this.#part(peer, "other-chain");
  }

  #ownHello(twin: Presence | undefined): Hello {
    const { network, name, keyPair, candidacy } = this.#options;
    const presence = this.#presence();
    const options = { network, name, publicKey: keyPair.publicKey, candidacy: candidacy?.(), presence, twin };
    return chainHello(options, this.#modules.chain, this.#modules.clock);
  }

  #helloTo(peer: PeerId): Hello {
    const { clock, directory } = this.#modules;
    const key = directory.peer(peer)?.handshake.publicKey;
    return this.#ownHello(key && this.#presences.twinOf(key, clock.monotonicMs()));
  }

  #presence(): Presence | undefined {
    const { instance, keyPair } = this.#options;
    if (!instance) return undefined;
    const { chain, clock } = this.#modules;
    const said = { instance, startedMs: this.#startedMs, timestampMs: clock.nowMs() };
    return signPresence(chain.spec.chainId, said, keyPair);
  }

  async #greet(peer: PeerId): Promise<void> {
    const { logger, penalise } = this.#modules;
    try {
      await this.#greeted(peer, await this.#handshake.greet(peer));
    } catch (thrown) {
      if (thrown instanceof HelloRefused && thrown.fault.code === "message/key-wrong") {
        penalise(peer, thrown.fault);
      }
      logger.debug({ peer, reason: toError(thrown).message }, "a peer could not be greeted");
    }
  }

  /** What is asked with each greeting of a peer on our chain. */
  async #greeted(peer: PeerId, greeting: Greeting): Promise<void> {
    const { host, directory, fetchFinality, fetchMempool } = this.#modules;
    this.#heardHello(peer, greeting.hello);
    directory.setMeasured(peer, {
      roundTripMs: greeting.roundTripMs,
      clockOffsetMs: clockOffsetMs(greeting),
    });
    const known = directory.peer(peer);
    if (!known?.sameChain) return;
    const connected = host.peers().find(({ peerId }) => peerId === peer);
    if (connected) this.clocks.greeted(greeting, connected.address);
    if (await fetchFinality(peer)) this.#modules.events.emit("caughtUpOnVotes", known);
    if (this.#mempoolAsked.has(peer)) return;
    this.#mempoolAsked.add(peer);
    try {
      await fetchMempool(peer);
    } catch (thrown) {
      this.#mempoolAsked.delete(peer);
      throw thrown;
    }
  }

  /** While somebody waits to become an authority, what the others know of it should not be ten seconds old. */
  #greetPending(): void {
    const { host } = this.#modules;
    const isCandidate = this.#options.candidacy?.() !== undefined;
    for (const { peerId } of host.peers()) {
      if (isCandidate || this.#candidates.has(peerId)) void this.#greet(peerId);
    }
  }

  #greetAll(): void {
    for (const { peerId } of this.#modules.host.peers()) void this.#greet(peerId);
  }

  #heardHello(peer: PeerId, hello: Hello): void {
    const { host, chain, clock, logger, events, directory, fetcher } = this.#modules;
    const relation = relate(chainFacts(this.#options.network, chain), hello);
    if (relation.kind === "other-network") {
      const { ours, theirs } = relation;
      logger.info({ peer, ours, theirs }, "a peer of another network");
      this.#part(peer, relation.kind);
      return;
    }
    const connected = host.peers().find(({ peerId }) => peerId === peer);
    if (!connected) return;
    const known = {
      peerId: peer,
      handshake: hello,
      status: hello,
      sameChain: relation.kind === "same-chain",
    };
    directory.setPeer(known);
    if (relation.kind === "other-chain") this.#heardOtherChain(known);
    if (relation.kind !== "same-chain") return;
    if (hello.candidacy.length > 0) this.#candidates.add(peer);
    else this.#candidates.delete(peer);
    this.#heardPresence(peer, hello);
    this.#heardBranch(peer, hello);
    directory.keyHeard(hello.publicKey, clock.monotonicMs());
    fetcher.headClaimed(peer, hello);
    events.emit("status", connected, known);
    events.emit("candidacy", connected, hello, hello);
  }

  #heardOtherChain(known: KnownPeer): void {
    if (this.#options.otherChains === "report") this.#modules.events.emit("otherChain", known);
    else this.refuseChain(known.peerId);
  }

  /** Whoever comes over to our branch may be the only one that knows of the transactions that its own had held. */
  #heardBranch(peer: PeerId, { head, cumulativeWeight }: Hello): void {
    const { chain } = this.#modules;
    const record = chain.headerOf(head);
    if (record && chain.isCanonical(record)) {
      if (this.#onLostBranch.delete(peer)) this.#mempoolAsked.delete(peer);
    } else if (cumulativeWeight <= chain.head.cumulativeWeight) {
      this.#onLostBranch.add(peer);
    }
  }

  /** Both ends of it: who speaks is noted, and what it says about ourselves is looked at. */
  #heardPresence(peer: PeerId, { publicKey, presence: [presence], twin: [twin] }: Hello): void {
    const { chain, clock, events } = this.#modules;
    if (presence && this.#presences.heard(publicKey, presence, clock.monotonicMs())) {
      // Whichever of the two answers, its word is then as fresh as can be.
      this.#schedule.soon(`ask ${peer} again`, 0, () => void this.#greet(peer));
    }
    const { instance, keyPair } = this.#options;
    if (!twin || !instance || bytesEqual(twin.instance, instance)) return;
    if (twin.timestampMs < this.#startedMs) return;
    if (verifyPresence(chain.spec.chainId, twin, keyPair.publicKey)) events.emit("twin", twin);
  }

  /** After our own hello has left, so that the other side can name the mismatch, too. */
  #part(peer: PeerId, reason: string): void {
    const { host } = this.#modules;
    this.#schedule.soon(`part from ${peer}`, partDelayMs, () => void host.ban(peer, mismatchBanMs, reason));
  }
}
