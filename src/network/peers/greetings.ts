/** Who is greeted when: the handshake once, then the status in rounds, and what a peer's answers set going. */
import type { EventEmitter } from "node:events";
import { bytesEqual, fromUtf8, toHex } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import { toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import type { Chain } from "../../chain/chain.ts";
import { authoritiesOf } from "../../consensus/engine.ts";
import { zeroBytes32 } from "../../protocol/hashing.ts";
import type { Presence } from "../../protocol/presence.ts";
import type { KeyPair } from "../../protocol/signing.ts";
import type { BlockFetcher } from "../fetch/block-fetcher.ts";
import type { NodeRecords } from "../gossip/nodes.ts";
import type { TransactionGossip } from "../gossip/transactions.ts";
import type { FinalityGossip } from "../gossip/votes.ts";
import type { Candidacy, CandidacyMessage, Handshake, Status } from "../messages.ts";
import type { ConnectedPeer, PeerHost, PeerId } from "../peer-host.ts";
import { Schedule } from "../schedule.ts";
import { reportBadAnswer } from "./bad-answer.ts";
import { CandidacyExchange } from "./candidacy-exchange.ts";
import { ClockComparison, clockOffsetMs } from "./clock-comparison.ts";
import type { KnownPeer, PeerDirectory } from "./directory.ts";
import { Doppelgangers } from "./doppelgangers.ts";
import { type Answer, Exchange } from "./exchange.ts";
import { chainFacts, Handshakes, relate } from "./handshake.ts";
import type { PeerLog } from "./peer-log.ts";
import { chainStatus, noStatus, statusKind } from "./status.ts";

export interface GreetingsOptions {
  readonly network: string;
  readonly name: string;
  readonly keyPair: KeyPair;
  /** What the node tells its peers while it asks to become an authority. */
  readonly candidacy?: () => Candidacy | undefined;
  /** 32 random bytes of this process, if it signs blocks and votes: the peers notice a second process with its key. */
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
   * that the listener can find out which of the two chains is to go on; `refuseChain` parts from it. Comes with each
   * status of the peer.
   */
  otherChain: [KnownPeer];
  /** A peer of our chain has answered with its status, and what it knows of votes and evidence has been taken in. */
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
  /** Fetches the votes and evidence that gossip lost: with each status. */
  readonly finality: Pick<FinalityGossip, "fetchFrom">;
  /** Fetches pending transactions: at the connection, and once gossip has settled. */
  readonly transactions: Pick<TransactionGossip, "fetchFrom">;
  /** Fetches the node records that a peer of our chain knows. */
  readonly records: Pick<NodeRecords, "askOnce">;
  readonly peerLog: Pick<PeerLog, "heard">;
}

/** A candidate tells its peers in each round, and statuses are exchanged with all peers in every fourth round. */
const roundMs = 2_000;
const allEveryRounds = 4;
/** A node that has just started has much to hear: above all, whether another process runs with its key. */
const allFirstRounds = 8;
const gossipSettledMs = 2_000;
const allSoonMs = 1_000;
/** Between two peers of a round: a status costs three streams, and a hundred peers at once keep everything else waiting. */
const betweenPeersMs = 20;
const partDelayMs = 1_000;

export class Greetings {
  /** This machine's clock and those of the other authorities. */
  readonly clocks: ClockComparison;
  readonly #options: GreetingsOptions;
  readonly #modules: GreetingsModules;
  readonly #handshakes: Handshakes;
  readonly #statuses: Exchange<Status>;
  readonly #candidacies: CandidacyExchange;
  readonly #doppelgangers: Doppelgangers;
  readonly #schedule: Schedule;
  /** Connected peers whose handshake is awaited. */
  readonly #shaking = new Set<PeerId>();
  /** Connected peers that were asked for their pending transactions. */
  readonly #mempoolAsked = new Set<PeerId>();
  /** Connected peers whose last status was of a branch that loses against ours. */
  readonly #onLostBranch = new Set<PeerId>();

  constructor(options: GreetingsOptions, modules: GreetingsModules) {
    const { chain, clock, events } = modules;
    const { keyPair, instance, candidacy = () => undefined } = options;
    const { chainId } = chain.spec;
    this.#options = options;
    this.#modules = modules;
    this.#schedule = new Schedule(clock);
    this.#handshakes = new Handshakes({
      ...modules,
      own: () => this.#ownHandshake(),
      heard: (peer, handshake) => this.#heardHandshake(peer, handshake),
      refused: (peer, fault) => {
        if (fault.code === "message/key-wrong") reportBadAnswer(modules, peer, fault);
      },
    });
    this.#statuses = new Exchange(statusKind, {
      ...modules,
      own: () => chainStatus(chain, clock),
      heard: (peer, status) => this.#heardStatus(peer, status),
    });
    this.#candidacies = new CandidacyExchange({
      ...modules,
      candidacy,
      heard: (peer, message) => this.#heardCandidacy(peer, message),
    });
    const keyOf = (peer: PeerId) => this.#onOurChain(peer)?.publicKey;
    const onTwin = (twin: Presence) => void events.emit("twin", twin);
    this.#doppelgangers = new Doppelgangers({ chainId, keyPair, instance }, { ...modules, keyOf, onTwin });
    this.clocks = new ClockComparison({
      clock,
      ownKey: keyPair.publicKey,
      authorities: () => (chain.final ? authoritiesOf(chain.engine, chain.head) : undefined),
    });
  }

  /** Answers peers and greets whoever connects; before the host is started. */
  serve(): void {
    const { host, chain, directory } = this.#modules;
    this.#handshakes.serve();
    this.#statuses.serve();
    if (chain.spec.admission) {
      this.#candidacies.serve();
      this.#doppelgangers.serve();
    }
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
      this.#candidacies.forget(peerId);
      this.#doppelgangers.forget(peerId);
      this.#mempoolAsked.delete(peerId);
      this.#onLostBranch.delete(peerId);
    });
  }

  startRounds(): void {
    let round = 0;
    this.#schedule.repeat(roundMs, () => {
      round += 1;
      if (round % allEveryRounds === 0 || round <= allFirstRounds) this.#greetAll();
      else this.#tellCandidacy();
    });
  }

  /** Between the rounds: there is something that only a status can tell. */
  greetAllSoon(): void {
    this.#schedule.soon("greet all", allSoonMs, () => this.#greetAll());
  }

  close(): void {
    this.#schedule.close();
    this.#doppelgangers.close();
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

  #ownHandshake(): Handshake {
    const { network, name, keyPair } = this.#options;
    const { chain, clock } = this.#modules;
    return {
      ...chainFacts(network, chain),
      publicKey: keyPair.publicKey,
      mayFound: 0,
      clockMs: clock.nowMs(),
      name: fromUtf8(name),
    };
  }

  /** The handshake of a connected peer that is on our chain. */
  #onOurChain(peer: PeerId): Handshake | undefined {
    const identified = this.#modules.directory.identified(peer);
    return identified?.sameChain ? identified.handshake : undefined;
  }

  #greetAll(): void {
    const { host } = this.#modules;
    host.peers().forEach(({ peerId }, index) => {
      this.#schedule.soon(`greet ${peerId}`, index * betweenPeersMs, () => void this.#greet(peerId));
    });
  }

  /** While this node waits to become an authority, what the others know of its wish must not be ten seconds old. */
  #tellCandidacy(): void {
    for (const { peerId } of this.#modules.host.peers()) {
      if (this.#onOurChain(peerId)) this.#candidacies.tell(peerId);
    }
  }

  async #greet(peer: PeerId): Promise<void> {
    const { directory, logger } = this.#modules;
    try {
      if (!directory.identified(peer)) await this.#shakeHands(peer);
      const handshake = directory.identified(peer)?.handshake;
      // A peer without a chain stands nowhere.
      if (handshake && !bytesEqual(handshake.chainId, zeroBytes32)) await this.#exchangeStatus(peer);
    } catch (thrown) {
      logger.debug({ peer, reason: toError(thrown).message }, "a peer could not be greeted");
    }
  }

  async #shakeHands(peer: PeerId): Promise<void> {
    if (this.#shaking.has(peer)) return;
    this.#shaking.add(peer);
    try {
      this.#measured(peer, await this.#handshakes.ask(peer));
    } finally {
      this.#shaking.delete(peer);
    }
  }

  /** With each status of a peer on our chain comes what else is asked and told again and again. */
  async #exchangeStatus(peer: PeerId): Promise<void> {
    const { host, directory, events, finality, transactions } = this.#modules;
    const handshake = this.#onOurChain(peer);
    if (handshake) {
      this.#doppelgangers.tell(peer);
      this.#candidacies.tell(peer);
    }
    const answer = await this.#statuses.ask(peer);
    this.#measured(peer, answer);
    const known = directory.peer(peer);
    if (!handshake || !known) return;
    const connected = host.peers().find(({ peerId }) => peerId === peer);
    if (connected) this.clocks.answered(handshake, answer, connected.address);
    if (await finality.fetchFrom(peer)) events.emit("caughtUpOnVotes", known);
    if (this.#mempoolAsked.has(peer)) return;
    this.#mempoolAsked.add(peer);
    try {
      await transactions.fetchFrom(peer);
    } catch (thrown) {
      this.#mempoolAsked.delete(peer);
      throw thrown;
    }
  }

  #measured(peer: PeerId, answer: Answer<{ readonly clockMs: number }>): void {
    const { roundTripMs } = answer;
    this.#modules.directory.setMeasured(peer, { roundTripMs, clockOffsetMs: clockOffsetMs(answer) });
  }

  #heardHandshake(peer: PeerId, handshake: Handshake): void {
    const { host, chain, logger, directory } = this.#modules;
    const relation = relate(chainFacts(this.#options.network, chain), handshake);
    if (relation.kind === "other-network") {
      const { ours, theirs } = relation;
      logger.info({ peer, ours, theirs }, "a peer of another network");
      this.#part(peer, relation.kind);
      return;
    }
    if (!host.peers().some(({ peerId }) => peerId === peer)) return;
    directory.setHandshake({ peerId: peer, handshake, sameChain: relation.kind === "same-chain" });
    if (bytesEqual(handshake.chainId, zeroBytes32)) directory.setStatus(peer, noStatus);
  }

  #heardStatus(peer: PeerId, status: Status): void {
    const { host, chain, clock, events, directory, fetcher, records, peerLog } = this.#modules;
    const connected = host.peers().find(({ peerId }) => peerId === peer);
    const known = connected && directory.setStatus(peer, status);
    if (!known) return;
    const { handshake, sameChain } = known;
    if (relate(chainFacts(this.#options.network, chain), handshake).kind === "other-chain") {
      this.#heardOtherChain(known);
    }
    if (!sameChain) return;
    this.#heardBranch(peer, status);
    directory.keyHeard(handshake.publicKey, clock.monotonicMs());
    fetcher.headClaimed(peer, status);
    peerLog.heard(connected);
    void records.askOnce(peer);
    events.emit("status", connected, known);
  }

  #heardOtherChain(known: KnownPeer): void {
    if (this.#options.otherChains === "report") this.#modules.events.emit("otherChain", known);
    else this.refuseChain(known.peerId);
  }

  /** A peer that comes over to our branch may be the only one that knows the transactions of its own branch. */
  #heardBranch(peer: PeerId, { head, cumulativeWeight }: Status): void {
    const { chain } = this.#modules;
    const record = chain.headerOf(head);
    if (record && chain.isCanonical(record)) {
      if (this.#onLostBranch.delete(peer)) this.#mempoolAsked.delete(peer);
    } else if (cumulativeWeight <= chain.head.cumulativeWeight) {
      this.#onLostBranch.add(peer);
    }
  }

  #heardCandidacy(peer: PeerId, message: CandidacyMessage): void {
    const { host, events } = this.#modules;
    const connected = host.peers().find(({ peerId }) => peerId === peer);
    const handshake = this.#onOurChain(peer);
    if (connected && handshake) events.emit("candidacy", connected, handshake, message);
  }

  /** After our own message has left, so that the other side can name the mismatch, too. */
  #part(peer: PeerId, offence: "other-chain" | "other-network"): void {
    const { host } = this.#modules;
    this.#schedule.soon(`part from ${peer}`, partDelayMs, () => host.report(peer, offence));
  }
}
