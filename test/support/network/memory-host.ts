/** The peer host in memory: gossip floods to subscribed neighbours, requests and limits are as over libp2p. */
import { EventEmitter } from "node:events";
import { BoundedMap } from "../../../src/base/bounded-map.ts";
import { toHex } from "../../../src/base/bytes.ts";
import type { Clock } from "../../../src/base/clock.ts";
import { toError } from "../../../src/base/invariant.ts";
import type { Logger } from "../../../src/base/logger.ts";
import { AcceptanceBudget } from "../../../src/network/host/acceptance-budget.ts";
import {
  BootstrapFailure,
  BootstrapList,
  defaultBootstrapList,
} from "../../../src/network/host/bootstrap-list.ts";
import { DialLoop, defaultDialLoop } from "../../../src/network/host/dial-loop.ts";
import { JudgingQueue } from "../../../src/network/host/judging-queue.ts";
import { messageId } from "../../../src/network/host/message-id.ts";
import { PeerLimits } from "../../../src/network/host/peer-limits.ts";
import { refusalText } from "../../../src/network/host/refusal-text.ts";
import { RequestError } from "../../../src/network/host/request-error.ts";
import { defaultVouchedPeers, VouchedPeers } from "../../../src/network/host/vouched-peers.ts";
import {
  type BannedPeer,
  type BootstrapStatus,
  bansToldMax,
  type ConnectedPeer,
  type PeerHost,
  type PeerHostEvents,
  type PeerId,
  type ProtocolOptions,
  type RequestOptions,
  type TopicOptions,
} from "../../../src/network/peer-host.ts";
import {
  type PeerOffence,
  PeerScore,
  type PeerStanding,
  peerScoreTable,
} from "../../../src/network/peers/score.ts";
import { MemoryExchange } from "./memory-exchange.ts";
import type { MemoryConnection, MemoryHostOptions, MemoryHub } from "./memory-network.ts";

export interface MemoryHostModules {
  readonly hub: MemoryHub;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

interface GossipPacket {
  readonly id: string;
  readonly topic: string;
  readonly message: Uint8Array;
}

interface Neighbour {
  readonly connection: MemoryConnection;
  readonly peer: ConnectedPeer;
  /** Requests of ours under way; they fail when the connection does. */
  readonly exchanges: Set<MemoryExchange>;
}

interface Subscription {
  readonly options: TopicOptions;
  readonly queue: JudgingQueue;
  readonly budget: AcceptanceBudget | undefined;
}

const dialTimeoutMs = 5_000;
const seenMax = 16_384;
const seenMs = 300_000;
const disconnectHoldMs = 60_000;
const maxConnectionsDefault = 100;

export class MemoryHost implements PeerHost {
  readonly peerId: PeerId;
  readonly events = new EventEmitter<PeerHostEvents>();
  readonly #options: MemoryHostOptions;
  readonly #hub: MemoryHub;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #limits: PeerLimits;
  readonly #score: PeerScore;
  readonly #dialLoop: DialLoop;
  readonly #bootstrap: BootstrapList;
  readonly #vouched: VouchedPeers;
  readonly #neighbours = new Map<PeerId, Neighbour>();
  readonly #topics = new Map<string, Subscription>();
  readonly #protocols = new Map<string, ProtocolOptions>();
  readonly #seenAtMs = new BoundedMap<string, number>(seenMax);
  readonly #place: string;
  #running = false;

  constructor(peerId: PeerId, options: MemoryHostOptions, modules: MemoryHostModules) {
    this.peerId = peerId;
    this.#place = `/memory/${options.place ?? peerId}`;
    this.#options = options;
    this.#hub = modules.hub;
    this.#clock = modules.clock;
    this.#logger = modules.logger;
    this.#limits = new PeerLimits(options.limits ?? {}, modules);
    this.#score = new PeerScore(peerScoreTable, modules);
    const { clock, random, logger } = modules;
    const knowledge = {
      clock,
      random,
      logger,
      isConnected: (peer: PeerId) => this.#neighbours.has(peer),
      isBanned: (peer: PeerId) => this.#score.isBanned(peer),
      isFull: () => this.#isFull(),
      connections: () => this.#neighbours.size,
    };
    const dial = async ([address]: readonly string[], peer: PeerId) => {
      await this.#dial(address!, peer);
      return address!;
    };
    this.#dialLoop = new DialLoop({ ...defaultDialLoop, ownId: peerId }, { ...knowledge, dial });
    this.#vouched = new VouchedPeers({ ...defaultVouchedPeers, ownId: peerId }, { ...knowledge, dial });
    this.#bootstrap = new BootstrapList(defaultBootstrapList, {
      ...knowledge,
      dial: (address, expected) => this.#dialBootstrap(address, expected),
    });
  }

  addresses(): readonly string[] {
    return [`${this.#place}/p2p/${this.peerId}`];
  }

  bootstrap(): readonly BootstrapStatus[] {
    return this.#bootstrap.status();
  }

  addBootstrap(address: string): boolean {
    return this.#bootstrap.add(address, peerIdOf(address));
  }

  removeBootstrap(address: string): boolean {
    return this.#bootstrap.remove(address);
  }

  heardOf(peer: PeerId, addresses: readonly string[], isWanted: () => boolean): void {
    this.#vouched.heardOf(
      peer,
      addresses.filter((address) => (peerIdOf(address) ?? peer) === peer),
      isWanted,
    );
  }

  async start(): Promise<void> {
    this.#hub.register(this, this.#place);
    this.#running = true;
    for (const address of this.#options.bootstrap ?? []) this.addBootstrap(address);
    this.#bootstrap.start();
    this.#dialLoop.start();
    this.#vouched.start();
  }

  async stop(): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    this.#dialLoop.stop();
    this.#bootstrap.stop();
    this.#vouched.stop();
    for (const peer of [...this.#neighbours.keys()]) this.#hangUp(peer);
    this.#hub.unregister(this, this.#place);
  }

  /** Nothing to do: a host in memory refuses no inbound connection. */
  valuePeersBy(): void {}

  peers(): readonly ConnectedPeer[] {
    return [...this.#neighbours.values()].map(({ peer }) => peer);
  }

  dial(address: string, signal?: AbortSignal): Promise<PeerId> {
    return this.#dial(address, peerIdOf(address), signal);
  }

  dialAll(): void {
    if (!this.#running) return;
    this.#bootstrap.dialAll();
    this.#dialLoop.dialAll();
  }

  isDialling(): boolean {
    return this.#bootstrap.isDialling() || this.#dialLoop.isDialling();
  }

  async #dialBootstrap(address: string, expected: PeerId | undefined): Promise<PeerId> {
    try {
      const peer = this.#hub.at(placeOf(address) ?? "")?.peerId;
      if (peer === this.peerId) throw new BootstrapFailure("it is this node's own address", { isOwn: true });
      if (peer !== undefined && expected !== undefined && peer !== expected) {
        throw new BootstrapFailure(`node ${peer} answers there, and the address names ${expected}`);
      }
      if (peer !== undefined && this.#score.isBanned(peer)) {
        throw new BootstrapFailure(`node ${peer} is refused for a while`, { refused: peer });
      }
      return await this.#dial(address, expected);
    } catch (thrown) {
      throw thrown instanceof BootstrapFailure ? thrown : new BootstrapFailure(toError(thrown).message);
    }
  }

  async #dial(address: string, expected: PeerId | undefined, signal?: AbortSignal): Promise<PeerId> {
    const place = placeOf(address);
    if (place === undefined) throw new Error(`no address in memory: ${address}`);
    const peer = expected ?? this.#hub.at(place)?.peerId;
    if (peer === undefined) throw new Error(`nobody is at ${place}`);
    if (peer === this.peerId) throw new Error("dialled ourselves");
    if (!this.#running) throw new Error("not started");
    if (this.#score.isBanned(peer)) throw new Error(`${peer} is banned`);
    if (this.#neighbours.has(peer)) return peer;
    const { promise, resolve, reject } = Promise.withResolvers<PeerId>();
    const timeout = this.#clock.schedule(dialTimeoutMs, () => reject(new Error(`${peer} does not answer`)));
    const onAbort = () => reject(toError(signal?.reason));
    signal?.addEventListener("abort", onAbort, { once: true });
    if (signal?.aborted) onAbort();
    this.#hub.send(this.peerId, peer, (listener) => {
      const connection = listener?.listensAt(place) ? listener.accept(this.peerId) : undefined;
      this.#hub.sendSurely(peer, this.peerId, (dialer) => {
        if (connection === undefined) reject(new Error(`${peer} refuses the connection`));
        else if (dialer === this && this.#open(connection, "outbound")) resolve(peer);
        else reject(new Error("the connection is closed again"));
      });
    });
    try {
      return await promise;
    } finally {
      timeout.cancel();
      signal?.removeEventListener("abort", onAbort);
    }
  }

  async disconnect(peer: PeerId): Promise<void> {
    this.#hangUp(peer, "hung up");
    this.#dialLoop.hold(peer, disconnectHoldMs);
  }

  async ban(peer: PeerId, durationMs: number, reason: string): Promise<void> {
    this.#score.ban(peer, durationMs, reason);
    this.#banned(peer, reason);
  }

  report(peer: PeerId, offence: PeerOffence, reason: string = offence): void {
    const sanction = this.#score.report(peer, offence, reason);
    if (sanction === "ban") this.#banned(peer, reason);
    else if (sanction === "disconnect") this.#hangUp(peer);
  }

  standing(peer: PeerId): PeerStanding {
    return this.#score.standing(peer);
  }

  unban(peer: PeerId): boolean {
    const wasBanned = this.#score.unban(peer);
    if (wasBanned) this.#bootstrap.readmitted(peer);
    return wasBanned;
  }

  bans(): readonly BannedPeer[] {
    return this.#score.bans(bansToldMax);
  }

  subscribe(topic: string, options: TopicOptions): void {
    const modules = {
      isBanned: (peer: PeerId) => this.#score.isBanned(peer),
      isStopped: () => !this.#running,
      clock: this.#clock,
      logger: this.#logger,
    };
    const budget = options.acceptance && new AcceptanceBudget(options.acceptance, { clock: this.#clock });
    this.#topics.set(topic, { options, queue: new JudgingQueue(topic, options, modules), budget });
  }

  async publish(topic: string, message: Uint8Array): Promise<number> {
    const subscription = this.#topics.get(topic);
    if (subscription === undefined) throw new Error(`not subscribed to ${topic}`);
    if (message.length > subscription.options.messageBytesMax) {
      throw new Error(`${message.length} bytes are over the limit of ${topic}`);
    }
    const id = toHex(messageId(topic, message));
    if (!this.#running || this.#isSeen(id)) return 0;
    return this.#flood({ id, topic, message: message.slice() }, undefined);
  }

  /** In memory a subscription is known at once. */
  topicPeers(topic: string): readonly PeerId[] {
    return [...this.#neighbours.keys()].filter(
      (peer) => this.#hub.hostOf(peer)?.isSubscribed(topic) === true,
    );
  }

  /** It floods: to everybody who is subscribed. */
  meshPeers(topic: string): readonly PeerId[] {
    return this.topicPeers(topic);
  }

  isSubscribed(topic: string): boolean {
    return this.#topics.has(topic);
  }

  serve(protocol: string, options: ProtocolOptions): void {
    this.#protocols.set(protocol, options);
  }

  async *request(
    peer: PeerId,
    protocol: string,
    request: Uint8Array,
    options: RequestOptions,
  ): AsyncGenerator<Uint8Array> {
    const neighbour = this.#neighbours.get(peer);
    if (neighbour === undefined) {
      throw new RequestError("request/not-connected", `no connection to ${peer}`);
    }
    const exchange = new MemoryExchange(options.chunksMax);
    const onTimeout = () =>
      exchange.fail(new RequestError("request/timeout", `no answer within ${options.timeoutMs} ms`));
    const onAbort = () => exchange.fail(new RequestError("request/aborted", "the request was given up"));
    options.signal?.addEventListener("abort", onAbort, { once: true });
    if (options.signal?.aborted) onAbort();
    neighbour.exchanges.add(exchange);
    let deadline = this.#clock.schedule(options.timeoutMs, onTimeout);
    try {
      this.#hub.send(this.peerId, peer, (host) => {
        void host?.answer(neighbour.connection, this.peerId, protocol, request.slice(), exchange);
      });
      for (;;) {
        const chunk = await exchange.next();
        deadline.cancel();
        if (chunk === undefined) return;
        if (chunk.length > options.chunkBytesMax) {
          throw new RequestError(
            "request/chunk-too-long",
            `${chunk.length} bytes, ${options.chunkBytesMax} allowed`,
          );
        }
        if (exchange.isSurplus) {
          throw new RequestError("request/too-many-chunks", `more than ${options.chunksMax} chunks`);
        }
        yield chunk;
        deadline = this.#clock.schedule(options.timeoutMs, onTimeout);
      }
    } finally {
      deadline.cancel();
      options.signal?.removeEventListener("abort", onAbort);
      neighbour.exchanges.delete(exchange);
      exchange.cancel();
    }
  }

  listensAt(place: string): boolean {
    return this.#place === place;
  }

  /** The far end of `dial`: a connection, or undefined where this host wants none. */
  accept(from: PeerId): MemoryConnection | undefined {
    if (!this.#running || this.#score.isBanned(from)) return undefined;
    if (!this.#neighbours.has(from) && this.#isFull()) return undefined;
    const connection = this.#hub.connect(from, this.peerId);
    this.#open(connection, "inbound");
    return connection;
  }

  /** The other end has closed this connection, or a cut was noticed. */
  onClosed(connection: MemoryConnection): void {
    const peer = connection.dialer === this.peerId ? connection.listener : connection.dialer;
    if (this.#neighbours.get(peer)?.connection === connection) this.#drop(peer);
  }

  /** The far end of `request`. */
  async answer(
    connection: MemoryConnection,
    from: PeerId,
    protocol: string,
    request: Uint8Array,
    exchange: MemoryExchange,
  ): Promise<void> {
    const reply = (deliver: () => void) => {
      if (connection.closed) return;
      if (!this.#hub.send(this.peerId, from, deliver)) exchange.stall();
    };
    const reset = (error: RequestError) => reply(() => exchange.fail(error));
    if (this.#neighbours.get(from)?.connection !== connection) return;
    const options = this.#protocols.get(protocol);
    if (options === undefined) {
      return reset(new RequestError("request/unsupported", `${protocol} is not served`));
    }
    if (
      !this.#limits.mayRequest(from, protocol, options.rateLimit) ||
      request.length > options.requestBytesMax
    ) {
      return reset(new RequestError("request/reset", "the stream was reset"));
    }
    let late = false;
    let deadline = this.#clock.schedule(options.timeoutMs, () => onLate());
    const onLate = () => {
      late = true;
      exchange.cancel();
      reset(new RequestError("request/reset", "the stream was reset"));
    };
    try {
      for await (const chunk of options.handle(request, from)) {
        await exchange.room();
        if (late || exchange.cancelled || !this.#running || connection.closed) return;
        reply(() => exchange.deliver(chunk));
        deadline.cancel();
        deadline = this.#clock.schedule(options.timeoutMs, onLate);
      }
      reply(() => exchange.finish());
    } catch (thrown) {
      this.#logger.warn({ from, protocol, error: toError(thrown) }, "answering a request failed");
      reset(new RequestError("request/reset", "the stream was reset"));
    } finally {
      deadline.cancel();
    }
  }

  /** The far end of a gossip message. */
  async receive(connection: MemoryConnection, from: PeerId, packet: GossipPacket): Promise<void> {
    const { id, topic, message } = packet;
    if (this.#neighbours.get(from)?.connection !== connection) return;
    if (!this.#limits.spendBytes(from, message.length) || !this.#limits.spendItems(from, 1)) {
      this.report(from, "gossip item budget", "gossip budget");
      return;
    }
    const subscription = this.#topics.get(topic);
    if (subscription === undefined) return;
    const ahead = { count: 0, bytes: 0 };
    if (subscription.budget?.admits(from, message.length, ahead) === false) return;
    if (subscription.options.hasRoomFor?.(message, from) === false) return;
    if (!subscription.queue.hasRoomFor(from, message.length, ahead) || this.#isSeen(id)) return;
    subscription.budget?.judging(from, message.length);
    const verdict = await subscription.queue.judge(message, from);
    if (verdict === "accept") subscription.budget?.accepted(from, message.length);
    if (!this.#running) return;
    if (verdict === "accept") this.#flood(packet, from);
    if (verdict === "reject") this.report(from, "rejected message", `rejected messages on ${topic}`);
  }

  #flood(packet: GossipPacket, except: PeerId | undefined): number {
    let recipients = 0;
    for (const [peer, { connection }] of this.#neighbours) {
      if (peer === except || this.#hub.hostOf(peer)?.isSubscribed(packet.topic) !== true) continue;
      recipients += 1;
      this.#hub.send(this.peerId, peer, (host) => void host?.receive(connection, this.peerId, packet));
    }
    return recipients;
  }

  /** True where the message came before; remembers it otherwise. */
  #isSeen(id: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    const seenAtMs = this.#seenAtMs.get(id);
    if (seenAtMs !== undefined && nowMs - seenAtMs < seenMs) return true;
    this.#seenAtMs.set(id, nowMs);
    return false;
  }

  #isFull(): boolean {
    return this.#neighbours.size >= (this.#options.maxConnections ?? maxConnectionsDefault);
  }

  /** Takes up a connection as ours; false where it is over before it began. */
  #open(connection: MemoryConnection, direction: "inbound" | "outbound"): boolean {
    const peerId = connection.dialer === this.peerId ? connection.listener : connection.dialer;
    if (!this.#running || connection.closed || this.#score.isBanned(peerId)) return false;
    const known = this.#neighbours.get(peerId);
    if (known?.connection === connection) return true;
    if (known !== undefined) this.#drop(peerId);
    const place = this.#hub.hostOf(peerId)?.addresses()[0] ?? `/memory/${peerId}/p2p/${peerId}`;
    const connectedAtMs = this.#clock.nowMs();
    const peer: ConnectedPeer = { peerId, address: place, direction, connectedAtMs };
    this.#neighbours.set(peerId, { connection, peer, exchanges: new Set() });
    this.#dialLoop.learned(peerId, [peer.address]);
    this.#bootstrap.connected(peerId);
    this.events.emit("peerConnected", peer);
    return true;
  }

  #hangUp(peer: PeerId, reason?: string): void {
    const connection = this.#neighbours.get(peer)?.connection;
    if (connection === undefined) return;
    connection.closed = true;
    this.#hub.sendSurely(this.peerId, peer, (host) => host?.onClosed(connection));
    this.#drop(peer, reason);
  }

  #drop(peer: PeerId, reason?: string): void {
    const neighbour = this.#neighbours.get(peer);
    if (neighbour === undefined) return;
    this.#neighbours.delete(peer);
    for (const exchange of neighbour.exchanges) {
      exchange.fail(new RequestError("request/reset", "the connection closed"));
    }
    if (this.#running) {
      this.#dialLoop.disconnected(peer);
      this.#bootstrap.disconnected(peer, reason);
    }
    this.events.emit("peerDisconnected", peer, reason);
  }

  #banned(peer: PeerId, reason: string): void {
    this.#logger.warn({ peer, durationMs: this.#score.remainingMs(peer), reason }, "peer banned");
    this.#bootstrap.refused(peer, refusalText(reason));
    this.#hangUp(peer, reason);
  }
}

/** Where a host of an address is: `/memory/NAME`. */
function placeOf(address: string): string | undefined {
  return /^\/memory\/[^/]+/.exec(address)?.[0];
}

function peerIdOf(address: string): PeerId | undefined {
  return /^\/memory\/[^/]+\/p2p\/([^/]+)$/.exec(address)?.[1];
}
