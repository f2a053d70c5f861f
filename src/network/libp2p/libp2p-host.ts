/** The peer host over libp2p: puts node, gossip, streams, dial loop, limits and watchdog together. */
import type { Connection, PeerInfo } from "@libp2p/interface";
import { peerIdFromString } from "@libp2p/peer-id";
import type { Multiaddr } from "@multiformats/multiaddr";
import type { Clock } from "../../base/clock.ts";
import { guardedEvents } from "../../base/guarded-events.ts";
import { toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import { throttledLogger } from "../../base/throttled-logger.ts";
import { BootstrapList, defaultBootstrapList } from "../host/bootstrap-list.ts";
import { DialLoop, defaultDialLoop } from "../host/dial-loop.ts";
import { LeakyBucket } from "../host/leaky-bucket.ts";
import { type PeerLimitOptions, PeerLimits } from "../host/peer-limits.ts";
import { refusalText } from "../host/refusal-text.ts";
import { RequestError } from "../host/request-error.ts";
import { defaultVouchedPeers, VouchedPeers } from "../host/vouched-peers.ts";
import {
  bansToldMax,
  type ConnectedPeer,
  type PeerHost,
  type PeerHostEvents,
  type PeerId,
  type ProtocolOptions,
  type RequestOptions,
  type TopicOptions,
} from "../peer-host.ts";
import { type PeerOffence, PeerScore, peerScoreTable } from "../peers/score.ts";
import { dialableAddresses, parseAddress, peerIdOfAddress, withPeerId } from "./addresses.ts";
import { Connections, placeGiven } from "./connections.ts";
import { Dialler } from "./dialler.ts";
import { Gossip } from "./gossip.ts";
import { defaultInboundGate, InboundGate } from "./inbound-gate.ts";
import { createLibp2pNode, type Libp2pNodeOptions } from "./libp2p-node.ts";
import { reachableFrom } from "./listen-addresses.ts";
import { Mdns } from "./mdns.ts";
import { PeerDatastore } from "./peer-datastore.ts";
import { Serving } from "./serving.ts";
import { requestOverStream } from "./streams.ts";
import { Transports } from "./transports.ts";
import { WaitingBytes } from "./waiting-bytes.ts";
import { Watchdog } from "./watchdog.ts";

export interface Libp2pHostOptions extends Libp2pNodeOptions {
  readonly mdns: { readonly enabled: boolean; readonly network: string; readonly intervalMs: number };
  /** Multiaddrs, with or without `/p2p/`. */
  readonly bootstrap: readonly string[];
  /** The directory that remembers peers over restarts; without it they are remembered in memory. */
  readonly datastoreDirectory?: string;
  readonly limits?: Partial<PeerLimitOptions>;
}

export interface Libp2pHostModules {
  readonly clock: Clock;
  readonly logger: Logger;
  /** In [0, 1); for the jitter of the dial loop. */
  readonly random?: () => number;
}

export interface Libp2pHost extends PeerHost {
  /** Why mDNS can find no peer; undefined if mDNS is off or works as far as is known. */
  discoveryFault(): string | undefined;
}

/** Sightings that are taken at once, and again every ten seconds. More are dropped. */
const sightingsMax = 200;
const sightingsRefillMs = 10_000;
/** The pause after hanging up on a peer before the dial loop may try that peer again. */
const disconnectHoldMs = 60_000;

/**
 * Makes a host that does not run yet.
 *
 * @throws on `start()`, if a listen address is not free: an Error with the system's code, such as `EADDRINUSE`
 */
export async function createLibp2pHost(
  options: Libp2pHostOptions,
  { clock, logger: unthrottled, random = Math.random }: Libp2pHostModules,
): Promise<Libp2pHost> {
  const logger = throttledLogger(unthrottled, clock);
  const events = guardedEvents<PeerHostEvents>("host", logger);
  const limits = new PeerLimits(options.limits ?? {}, { clock });
  const score = new PeerScore(peerScoreTable, { clock });
  const isBanned = (peer: PeerId) => score.isBanned(peer);
  const protocols = new Map<string, ProtocolOptions>();
  const sightings = new LeakyBucket(sightingsMax, sightingsMax / sightingsRefillMs, clock.monotonicMs());
  let running = false;

  const serving = new Serving({ limits, clock, logger, isBanned, report });
  const pointsOf = (peer: PeerId) => score.standing(peer).points;
  const delivered = (peer: PeerId) => connections.delivered(peer);
  const connectionsOf = (peer: PeerId) => connections.of(peer);
  const gossip = new Gossip({
    ...{ limits, clock, logger, isBanned, pointsOf, report, delivered },
    connectionsOf,
  });
  const mdns = options.mdns.enabled ? new Mdns(options.mdns, { logger, onPeer: onSighting }) : undefined;
  const datastore =
    options.datastoreDirectory === undefined
      ? undefined
      : new PeerDatastore(options.datastoreDirectory, { clock, logger });
  const transports = new Transports(
    { listenAddresses: options.listenAddresses, announceAddresses: options.announceAddresses ?? [] },
    onAddressesChanged,
  );
  const dialler = new Dialler({
    transports,
    score,
    clock,
    hasSecret: options.networkSecret !== undefined,
    connectionsOf,
    worked: onWorked,
  });
  const gate = new InboundGate(defaultInboundGate, { clock });
  const connections = new Connections(options, {
    clock,
    score,
    authenticated: (connection) => gate.authenticated(connection),
    refusesDialled: (peer, address) => dialler.refuses(peer, address),
    connected: onConnected,
    disconnected: onDisconnected,
  });
  const node = await createLibp2pNode(options, {
    gossip,
    transports,
    mdns,
    gate,
    gater: connections.gater(),
    datastore,
    clock,
  });
  connections.watch(node);
  const peerId = node.peerId.toString();
  const knowledge = {
    clock,
    logger,
    random,
    isConnected: (peer: PeerId) => connections.isConnected(peer),
    isBanned,
    connections: () => connections.size,
  };
  const dial = async (addresses: readonly string[], peer: PeerId) =>
    (await dialler.dial(addresses, peer)).address;
  const dialLoop = new DialLoop(
    { ...defaultDialLoop, ownId: peerId },
    { ...knowledge, isFull: () => connections.isContent(), dial },
  );
  const vouched = new VouchedPeers({ ...defaultVouchedPeers, ownId: peerId }, { ...knowledge, dial });
  const bootstrap = new BootstrapList(defaultBootstrapList, {
    ...knowledge,
    isFull: () => connections.isFull(),
    dial: (address, expected) => dialler.dialBootstrap(address, expected),
  });
  const watchdog = new Watchdog({ node, clock, logger, reopen, disconnect: hangUpForFault });
  const waiting = new WaitingBytes({
    clock,
    connections: () => node.getConnections(),
    unfinishedOf: (peer) => gossip.unfinishedBytes(peer),
    disconnect: hangUpForFault,
  });

  /** The peer may not have been identified in time. */
  function reopen(connection: Connection): void {
    if (gossip.openStream(connection)) return;
    node.services.identify.identify(connection).catch((thrown: unknown) => {
      const peer = connection.remotePeer.toString();
      if (running) logger.debug({ peer, error: toError(thrown).message }, "a peer could not be identified");
    });
  }

  function onSighting({ id, multiaddrs }: PeerInfo): void {
    const peer = id.toString();
    if (!running || peer === peerId || !sightings.add(1, clock.monotonicMs())) return;
    const addresses = dialableAddresses(peer, multiaddrs, transports.announced());
    if (addresses.length === 0) return;
    dialLoop.sighted(peer, addresses);
    events.emit("peerSighted", peer, addresses);
  }

  /** An address that has just worked is remembered, over a restart, too. */
  function onWorked(peer: PeerId, address: Multiaddr): void {
    dialLoop.worked(peer, withPeerId(address, peer));
    node.peerStore.merge(peerIdFromString(peer), { multiaddrs: [address] }).catch((thrown: unknown) => {
      if (running) logger.debug({ peer, error: toError(thrown).message }, "an address could not be stored");
    });
  }

  /** Tells the connected peers: otherwise they would keep the old addresses until they connect again. */
  function onAddressesChanged(): void {
    const multiaddrs = transports.announced();
    logger.info({ addresses: multiaddrs.map(String) }, "the addresses of this node have changed");
    node.peerStore.patch(node.peerId, { multiaddrs }).catch((thrown: unknown) => {
      if (running) logger.debug({ error: toError(thrown).message }, "own addresses could not be stored");
    });
    events.emit("addressesChanged");
  }

  function onConnected(connected: ConnectedPeer): void {
    dialLoop.connected(connected.peerId);
    bootstrap.connected(connected.peerId);
    events.emit("peerConnected", connected);
  }

  function onDisconnected(peer: PeerId, reason: string | undefined): void {
    if (running) {
      dialLoop.disconnected(peer);
      // It comes back by itself if there is room. If this node dialled it, a stranger could win an outbound connection.
      if (reason === placeGiven) dialLoop.hold(peer, disconnectHoldMs);
      bootstrap.disconnected(peer, reason);
    }
    events.emit("peerDisconnected", peer, reason);
  }

  /** Does what the score says. */
  function report(peer: PeerId, offence: PeerOffence, reason: string = offence): void {
    const sanction = score.report(peer, offence, reason);
    if (sanction === "ban") banned(peer, reason);
    else if (sanction === "disconnect") hangUpForFault(peer, reason);
  }

  function banned(peer: PeerId, reason: string): void {
    logger.warn({ peer, durationMs: score.remainingMs(peer), reason }, "peer banned");
    bootstrap.refused(peer, refusalText(reason));
    connections.cut(peer, reason);
  }

  function hangUpForFault(peer: PeerId, reason: string): void {
    if (!connections.isConnected(peer)) return;
    logger.info({ peer, reason }, "hanging up on a peer");
    connections.cut(peer, reason);
  }

  function addBootstrap(address: string): boolean {
    const parsed = parseAddress(address);
    return bootstrap.add(address, parsed && peerIdOfAddress(parsed));
  }

  async function handle(protocol: string, protocolOptions: ProtocolOptions): Promise<void> {
    await node.handle(protocol, (stream, { remotePeer }) => {
      void serving.answer(protocol, protocolOptions, stream, remotePeer.toString());
    });
  }

  async function loadStoredPeers(): Promise<void> {
    for (const { id, addresses } of await node.peerStore.all()) {
      const claimed = addresses.map(({ multiaddr }) => multiaddr);
      dialLoop.sighted(id.toString(), dialableAddresses(id.toString(), claimed, transports.announced()));
    }
  }

  // Gossip goes on over the connection that is left.
  node.addEventListener("connection:close", ({ detail }) => {
    const [left] = connections.of(detail.remotePeer.toString());
    if (left) gossip.openStream(left);
  });

  node.addEventListener("peer:identify", ({ detail }) => {
    const peer = detail.peerId.toString();
    dialLoop.learned(peer, dialableAddresses(peer, detail.listenAddrs, transports.announced()));
  });

  return {
    peerId,
    events,
    addresses: () => transports.announced().map((address) => withPeerId(address, peerId)),
    bootstrap: () => bootstrap.status(),
    addBootstrap,
    removeBootstrap: (address) => bootstrap.remove(address),
    heardOf(peer, addresses, isWanted) {
      const parsed = addresses.flatMap((address) => parseAddress(address) ?? []);
      const own = transports.announced();
      vouched.heardOf(peer, dialableAddresses(peer, reachableFrom(own, parsed), own), isWanted);
    },
    discoveryFault: () => mdns?.fault,
    meshPeers: (topic) => gossip.meshPeers(topic),

    async start() {
      await datastore?.open();
      try {
        for (const [protocol, protocolOptions] of protocols) await handle(protocol, protocolOptions);
        await node.start();
      } catch (thrown) {
        await datastore?.close();
        throw listenError(thrown);
      }
      running = true;
      gossip.start();
      watchdog.start();
      waiting.start();
      dialler.start();
      for (const address of options.bootstrap) addBootstrap(address);
      bootstrap.start();
      await loadStoredPeers();
      dialLoop.start();
      vouched.start();
    },

    async stop() {
      if (running) {
        running = false;
        dialLoop.stop();
        bootstrap.stop();
        vouched.stop();
        dialler.stop();
        watchdog.stop();
        waiting.stop();
        gossip.stop();
        await node.stop();
        for (const { peerId: peer } of connections.peers()) connections.ended(peer);
      }
      // Even if the host never ran: the datastore opens by itself as soon as it is made.
      await datastore?.close();
    },

    peers: () => connections.peers(),
    valuePeersBy: (worth) => connections.valueBy(worth),

    async dial(address, signal) {
      if (!running) throw new Error("not started");
      const wanted = parseAddress(address);
      const peer = wanted === undefined ? undefined : peerIdOfAddress(wanted);
      if (peer !== undefined && connections.isConnected(peer)) return peer;
      return (await dialler.dial([address], undefined, signal)).peer;
    },

    dialAll() {
      if (!running) return;
      bootstrap.dialAll();
      dialLoop.dialAll();
    },

    isDialling: () => bootstrap.isDialling() || dialLoop.isDialling(),

    async disconnect(peer) {
      await connections.hangUp(peer);
      dialLoop.hold(peer, disconnectHoldMs);
    },

    report,
    standing: (peer) => score.standing(peer),

    async ban(peer, durationMs, reason) {
      score.ban(peer, durationMs, reason);
      banned(peer, reason);
    },

    unban(peer) {
      const wasBanned = score.unban(peer);
      if (wasBanned) bootstrap.readmitted(peer);
      return wasBanned;
    },

    bans: () => score.bans(bansToldMax),

    subscribe: (topic: string, topicOptions: TopicOptions) => gossip.subscribe(topic, topicOptions),
    publish: (topic, message) => gossip.publish(topic, message),
    topicPeers: (topic) => gossip.topicPeers(topic),

    serve(protocol, protocolOptions) {
      protocols.set(protocol, protocolOptions);
      if (!running) return;
      handle(protocol, protocolOptions).catch((thrown) => {
        logger.error({ protocol, error: toError(thrown) }, "serving a protocol failed");
      });
    },

    request(peer: PeerId, protocol: string, request: Uint8Array, requestOptions: RequestOptions) {
      const open = async (signal: AbortSignal) => {
        const [connection] = connections.of(peer);
        if (connection === undefined) {
          throw new RequestError("request/not-connected", `no connection to ${peer}`);
        }
        return connection.newStream(protocol, { signal });
      };
      return requestOverStream(open, request, requestOptions, clock);
    },
  };
}

/** Libp2p names the reason why it cannot listen only inside the text of its message. */
function listenError(thrown: unknown): Error {
  const error = toError(thrown);
  const code = /listen (EADDRINUSE|EADDRNOTAVAIL|EACCES)/.exec(error.message)?.[1];
  if (code === undefined) return error;
  return Object.assign(new Error(`the listen address cannot be had: ${code}`, { cause: error }), { code });
}
