/** The time before there is a chain: greets peers, listens, and ends with a chain that was founded or is joined. */
import { bytesEqual, fromUtf8, toHex } from "../../base/bytes.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import { toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import { type AdmissionPolicy, type ChainSpec, engineNumbers } from "../../protocol/genesis.ts";
import { zeroBytes32 } from "../../protocol/hashing.ts";
import { addressOf } from "../../protocol/identity.ts";
import { firstAnswer } from "../fetch/source-race.ts";
import type { Handshake, Status } from "../messages.ts";
import type { PeerHost, PeerId } from "../peer-host.ts";
import { plausibleFromMs } from "../peers/clock-comparison.ts";
import { Exchange } from "../peers/exchange.ts";
import { Handshakes } from "../peers/handshake.ts";
import { noStatus, statusKind } from "../peers/status.ts";
import { fetchGenesis } from "./fetch-genesis.ts";
import { foundedSpec } from "./founded-spec.ts";
import {
  FoundingDecision,
  type FoundingStep,
  type FoundingWait,
  hasChain,
  listenMs,
} from "./founding-decision.ts";

export interface FoundingOptions {
  readonly network: string;
  readonly name: string;
  readonly publicKey: Uint8Array;
  /** Runs with `--authority`: may found. */
  readonly authority: boolean;
  /** Candidates to wait for before one founds, this node included; 1: none. */
  readonly expect: number;
  /** Of the chain, where this node founds it. */
  readonly admission: AdmissionPolicy;
  /** The only chain to join, where an invitation names one; nothing is founded then. */
  readonly onlyChain?: Uint8Array | undefined;
  /** Ids of chains that are not joined: the operator had this node leave them. */
  readonly leftChains?: readonly Uint8Array[];
}

export interface FoundingModules {
  /** Made for this founding: it is started and stopped here. */
  readonly host: PeerHost;
  readonly clock: Clock;
  readonly logger: Logger;
  /** 32 random bytes. */
  readonly salt: () => Uint8Array;
}

export interface FoundedChain {
  readonly spec: ChainSpec;
  readonly origin: "founded" | "joined";
}

const greetEveryMs = 1_000;
/** An address that refuses does so within milliseconds, and nothing tells of it. */
const lookEveryMs = 100;
/** Others that have the same chain are asked beside a peer that does not serve its genesis in time. */
const genesisRules = { patienceMs: 1_000, msPerUnit: () => 0, sourcesMax: 4 };
/** Waiting without end is said again this often. */
const sayAgainMs = 30_000;

/**
 * Runs until there is a chain; undefined where `signal` ended it before. The host is stopped when this resolves.
 *
 * @throws what the host's start throws, such as a taken port
 */
export async function foundOrJoin(
  options: FoundingOptions,
  modules: FoundingModules,
  signal: AbortSignal,
): Promise<FoundedChain | undefined> {
  const founding = new Founding(options, modules);
  try {
    return await founding.run(signal);
  } finally {
    await modules.host.stop();
  }
}

class Founding {
  readonly #options: FoundingOptions;
  readonly #host: PeerHost;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #salt: () => Uint8Array;
  readonly #handshakes: Handshakes;
  readonly #statuses: Exchange<Status>;
  /** Of connected peers. */
  readonly #identified = new Map<PeerId, Handshake>();
  readonly #decision: FoundingDecision;
  readonly #ended = new AbortController();
  readonly #outcome = Promise.withResolvers<FoundedChain | undefined>();
  /** Peers whose answer is awaited, so that a silent one is not asked again and again. */
  readonly #greeting = new Set<PeerId>();
  /** Connected peers whose first greeting has neither been answered nor failed. */
  readonly #meeting = new Set<PeerId>();
  /** Every address has been dialled once more since this node is the one to found. */
  #hasLooked = false;
  #looking: Timer | undefined;
  #timer: Timer | undefined;
  #isFetching = false;
  #said = { text: "", atMs: 0 };

  constructor(options: FoundingOptions, { host, clock, logger, salt }: FoundingModules) {
    this.#options = options;
    this.#host = host;
    this.#clock = clock;
    this.#logger = logger;
    this.#salt = salt;
    this.#handshakes = new Handshakes({
      ...{ host, clock, logger },
      own: () => this.#ownHandshake(),
      heard: (peer, handshake) => this.#heardHandshake(peer, handshake),
    });
    this.#statuses = new Exchange(statusKind, {
      ...{ host, clock, logger },
      own: () => noStatus,
      heard: (peer, status) => this.#heardStatus(peer, status),
    });
    const { network, publicKey, expect, onlyChain, leftChains } = options;
    const isCandidate = this.#isCandidate;
    this.#decision = new FoundingDecision({
      ...{ network, ownKey: publicKey, isCandidate, expect, onlyChain, leftChains },
    });
  }

  get #isCandidate(): boolean {
    return this.#options.authority && !this.#options.onlyChain;
  }

  async run(signal: AbortSignal): Promise<FoundedChain | undefined> {
    const onAbort = () => this.#finish(undefined);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) return undefined;
    this.#handshakes.serve();
    this.#host.events.on("peerConnected", ({ peerId }) => {
      this.#meeting.add(peerId);
      void this.#greet(peerId);
    });
    this.#host.events.on("peerDisconnected", (peer) => {
      this.#meeting.delete(peer);
      this.#identified.delete(peer);
      this.#decision.gone(peer, this.#clock.monotonicMs());
      this.#consider();
    });
    try {
      await this.#host.start();
      this.#decision.listen(this.#clock.monotonicMs());
      this.#tick();
      return await this.#outcome.promise;
    } finally {
      this.#finish(undefined);
      signal.removeEventListener("abort", onAbort);
    }
  }

  #finish(outcome: FoundedChain | undefined): void {
    this.#ended.abort();
    this.#looking?.cancel();
    this.#timer?.cancel();
    this.#outcome.resolve(outcome);
  }

  #tick(): void {
    if (this.#ended.signal.aborted) return;
    for (const { peerId } of this.#host.peers()) void this.#greet(peerId);
    this.#timer = this.#clock.schedule(greetEveryMs, () => this.#tick());
    this.#consider();
  }

  #consider(): void {
    if (this.#ended.signal.aborted || this.#isFetching) return;
    const step = this.#nextStep();
    if (step.kind === "wait") this.#say(step.because);
    else if (step.kind === "join") void this.#join(step.peer, step.chainId, step.apart);
    else if (this.#clock.nowMs() < plausibleFromMs) this.#say({ kind: "clock", nowMs: this.#clock.nowMs() });
    else this.#found();
  }

  #nextStep(): FoundingStep {
    const step = this.#stepNow();
    if (step.kind === "wait" && step.because.kind !== "listening") this.#hasLooked = false;
    if (step.kind !== "found" || this.#hasLooked) return step;
    // Who refused a moment ago may be there now: a founder listens nowhere while it starts with its new chain.
    this.#hasLooked = true;
    this.#host.dialAll();
    this.#look();
    return this.#stepNow();
  }

  /** Goes on as soon as the dials have ended: the next tick may be a second away. */
  #look(): void {
    this.#looking?.cancel();
    this.#looking = this.#clock.schedule(lookEveryMs, () => {
      if (this.#host.isDialling()) this.#look();
      else this.#consider();
    });
  }

  #stepNow(): FoundingStep {
    const isMeeting = this.#meeting.size > 0 || this.#host.isDialling();
    return this.#decision.next(this.#clock.monotonicMs(), isMeeting);
  }

  #found(): void {
    const { network, publicKey, admission } = this.#options;
    const nowMs = this.#clock.nowMs();
    const spec = foundedSpec({ network, founder: publicKey, admission, nowMs, salt: this.#salt() });
    this.#logger.info({ chainId: toHex(spec.chainId) }, `this node founds network ${network}`);
    this.#finish({ spec, origin: "founded" });
  }

  async #join(peer: PeerId, chainId: Uint8Array, apart: readonly Uint8Array[]): Promise<void> {
    this.#isFetching = true;
    const chain = toHex(chainId);
    const clock = this.#clock;
    try {
      const { from, answer: spec } = await firstAnswer<ChainSpec>({
        rules: genesisRules,
        clock,
        signal: this.#ended.signal,
        next: (asked) =>
          asked.has(peer)
            ? this.#decision.sourcesOf(chainId, clock.monotonicMs()).find((source) => !asked.has(source))
            : peer,
        ask: (source, signal) => this.#genesisFrom(source, chainId, signal),
        lost: (source, reason, isLate) => {
          this.#logger.info({ peer: source, chainId: chain, reason }, "a genesis could not be fetched");
          if (isLate) this.#decision.genesisLate(source, clock.monotonicMs());
          else this.#decision.genesisFailed(source, clock.monotonicMs());
        },
        givesWay: () => this.#decision.hasOtherThan(chainId, clock.monotonicMs()),
      });
      if (apart.length > 0) {
        this.#logger.warn(
          { peer: from, chainId: chain, others: apart.map(toHex) },
          `network ${this.#options.network} has several established chains here; this node joins the one that it heard of first (--chain names another)`,
        );
      }
      this.#logger.info({ peer: from, chainId: chain }, `this node joins network ${this.#options.network}`);
      this.#finish({ spec, origin: "joined" });
    } catch {
      // Why each peer was of no use is in the log.
    } finally {
      this.#isFetching = false;
    }
  }

  /** @throws if the peer does not answer, or not with what it should have */
  async #genesisFrom(peer: PeerId, chainId: Uint8Array, signal: AbortSignal): Promise<ChainSpec> {
    const spec = await fetchGenesis(this.#host, peer, { chainId, consensus: "poa" }, signal);
    if (spec.ok) return spec.value;
    this.#logger.warn({ peer, chainId: toHex(chainId), reason: spec.fault }, "a peer's genesis is refused");
    this.#host.report(peer, "wrong genesis");
    throw new Error(spec.fault);
  }

  /** The handshake once, and with each tick the status of a peer that has a chain. */
  async #greet(peer: PeerId): Promise<void> {
    if (this.#greeting.has(peer)) return;
    this.#greeting.add(peer);
    try {
      if (!this.#identified.has(peer)) await this.#handshakes.ask(peer);
      const handshake = this.#identified.get(peer);
      if (handshake && this.#isOurs(handshake) && hasChain(handshake)) await this.#statuses.ask(peer);
    } catch (thrown) {
      this.#logger.debug({ peer, reason: toError(thrown).message }, "a peer could not be greeted");
    } finally {
      this.#greeting.delete(peer);
      if (this.#meeting.delete(peer)) this.#consider();
    }
  }

  #heardHandshake(peer: PeerId, handshake: Handshake): void {
    if (!this.#host.peers().some(({ peerId }) => peerId === peer)) return;
    this.#identified.set(peer, handshake);
    if (!this.#isOurs(handshake)) return;
    if (hasChain(handshake)) void this.#greet(peer);
    else this.#heard(peer, handshake, false);
  }

  #heardStatus(peer: PeerId, { established }: Status): void {
    const handshake = this.#identified.get(peer);
    if (handshake) this.#heard(peer, handshake, established === 1);
  }

  #heard(peer: PeerId, { publicKey, chainId, mayFound }: Handshake, established: boolean): void {
    this.#decision.heard(peer, { publicKey, chainId, established, isCandidate: mayFound === 1 });
    this.#consider();
  }

  /** What a peer of another network or engine says does not matter here. */
  #isOurs({ network, engine }: Handshake): boolean {
    return bytesEqual(network, fromUtf8(this.#options.network)) && engine === engineNumbers.poa;
  }

  #ownHandshake(): Handshake {
    const { network, name, publicKey } = this.#options;
    return {
      network: fromUtf8(network),
      engine: engineNumbers.poa,
      chainId: zeroBytes32,
      publicKey,
      mayFound: this.#isCandidate ? 1 : 0,
      clockMs: this.#clock.nowMs(),
      name: fromUtf8(name),
    };
  }

  /** Logs what is waited for: when it changes, and now and then. */
  #say(because: FoundingWait): void {
    const text = waitText(because, this.#options.network);
    const nowMs = this.#clock.monotonicMs();
    if (text === this.#said.text && nowMs - this.#said.atMs < sayAgainMs) return;
    this.#said = { text, atMs: nowMs };
    this.#logger.info({ peers: this.#host.peers().length }, text);
  }
}

function waitText(because: FoundingWait, network: string): string {
  switch (because.kind) {
    case "listening":
      return `listening for network ${network} for ${listenMs / 1_000} s`;
    case "candidates":
      return `${because.present} of ${because.expected} expected candidates are here to found network ${network}`;
    case "clock":
      return `this machine's clock says ${new Date(because.nowMs).toISOString().slice(0, 10)}: a chain founded now would be of no use once it is set right (sudo timedatectl set-ntp true)`;
    case "founder":
      return `waiting for ${addressOf(because.publicKey)} to found network ${network}`;
    case "chain":
      return `waiting for a chain of network ${network}: nobody has one here yet, or its genesis is not to be had`;
  }
}
