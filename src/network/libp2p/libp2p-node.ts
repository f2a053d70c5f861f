/** A libp2p node as configured for Aurex: TCP, noise, yamux, identify, ping, gossipsub and mDNS. */
import { noise } from "@chainsafe/libp2p-noise";
import { generateKeyPairFromSeed } from "@libp2p/crypto/keys";
import { type Identify, identify } from "@libp2p/identify";
import type { ConnectionGater, Libp2p, StreamMuxerFactory } from "@libp2p/interface";
import { ping } from "@libp2p/ping";
import { preSharedKey } from "@libp2p/pnet";
import { prometheusMetrics } from "@libp2p/prometheus-metrics";
import { yamux } from "@libp2p/yamux";
import type { LevelDatastore } from "datastore-level";
import { createLibp2p } from "libp2p";
import type { Registry } from "prom-client";
import { fromUtf8, toHex } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import { invariant } from "../../base/invariant.ts";
import { networkSecretBytes } from "../../protocol/invitation.ts";
import type { Gossip } from "./gossip.ts";
import { defaultInboundGate, type InboundGate } from "./inbound-gate.ts";
import type { Mdns } from "./mdns.ts";
import { endingWithItsConnection } from "./muxer-end.ts";
import { withRunRate } from "./stream-rate.ts";
import type { Transports } from "./transports.ts";

export interface Libp2pNodeOptions {
  /** 32 bytes; the Ed25519 key of the node is its identity on the network. */
  readonly privateKeySeed: Uint8Array;
  readonly listenAddresses: readonly string[];
  /** Multiaddrs from the operator, announced in addition to those on which the node listens. */
  readonly announceAddresses?: readonly string[];
  readonly maxConnections: number;
  readonly agentVersion: string;
  /** Where libp2p's own figures are collected. */
  readonly metrics?: Registry;
  /** 32 bytes: only nodes with the same secret can connect, and only to each other. Absent: an open network. */
  readonly networkSecret?: Uint8Array;
}

export interface Libp2pNodeModules {
  readonly gossip: Gossip;
  readonly transports: Transports;
  readonly mdns: Mdns | undefined;
  readonly gate: InboundGate;
  readonly gater: ConnectionGater;
  readonly datastore: LevelDatastore | undefined;
  readonly clock: Clock;
}

/** A paused stream buffers as much as the sender's window allows: less than the 4 MiB at which libp2p resets the stream. */
const streamWindowBytesMax = 2 * 2 ** 20;

/** Streams of one connection that the other end has opened and that are still open; more are reset. */
const inboundStreamsMax = 128;

/** Five seconds, libp2p's default, are too short for a machine that gives a process little time; without it there is no gossip. */
const identifyMaxMs = 15_000;

/** What a peer may say of itself in one message: an honest node says 1 KiB. */
const identifyBytesMax = 4 * 2 ** 10;

/** In place of libp2p's `yamux()`. */
function muxers(): StreamMuxerFactory {
  const factory = yamux({
    maxInboundStreams: inboundStreamsMax,
    streamOptions: { maxStreamWindowSize: streamWindowBytesMax },
  })();
  const create = factory.createStreamMuxer.bind(factory);
  factory.createStreamMuxer = (connection) => endingWithItsConnection(create(connection));
  return factory;
}

/** Builds the node without starting it. */
export async function createLibp2pNode(
  options: Libp2pNodeOptions,
  { gossip, transports, mdns, gate, gater, datastore, clock }: Libp2pNodeModules,
): Promise<Libp2p<{ identify: Identify }>> {
  const node = await createLibp2p({
    start: false,
    privateKey: await generateKeyPairFromSeed("Ed25519", options.privateKeySeed),
    nodeInfo: { userAgent: options.agentVersion },
    addresses: {
      listen: [...options.listenAddresses],
      // What libp2p would announce leaves out public addresses that no AutoNAT server has confirmed.
      announceFilter: () => transports.announcedWithId(),
    },
    transports: [gate.transport()],
    connectionEncrypters: [noise()],
    streamMuxers: [muxers],
    ...(options.networkSecret === undefined
      ? {}
      : { connectionProtector: preSharedKey({ psk: networkKey(options.networkSecret) }) }),
    connectionGater: gater,
    connectionManager: {
      // The gate bounds what is pending and the gater who may stay: limits of libp2p, which refuses newcomers, must not
      // come first.
      maxConnections: 2 * options.maxConnections + 1,
      maxIncomingPendingConnections: 2 * defaultInboundGate.pendingMax,
      // Five new connections a second from one address, the default, resets all others of a busy LAN or test.
      inboundConnectionThreshold: 50,
      // A dial gives up after five seconds: so a dialler with another secret sees this side hang up, and does not think the
      // host is down. A busy machine still finishes its handshake in four.
      inboundUpgradeTimeout: 4_000,
      // The dialler dials, and the dial loop reconnects.
      reconnectRetries: 0,
    },
    // The watchdog asks for signs of life: libp2p's monitor counts time in which this process itself stood still.
    connectionMonitor: { enabled: false },
    peerStore: { maxAddressAge: Infinity, maxPeerAge: Infinity },
    ...(datastore === undefined ? {} : { datastore }),
    ...(options.metrics === undefined
      ? {}
      : { metrics: prometheusMetrics({ registry: options.metrics, collectDefaultMetrics: false }) }),
    services: {
      identify: (components) =>
        identify({ timeout: identifyMaxMs, maxMessageSize: identifyBytesMax })(
          withRunRate(components, clock),
        ),
      ping: (components) => ping()(withRunRate(components, clock)),
      gossip: (components) => gossip.createService(components),
      transports: (components) => transports.createService(components),
      ...(mdns === undefined ? {} : { mdns: (components) => mdns.createService(components) }),
    },
  });
  return node as Libp2p<{ identify: Identify }>;
}

/** The secret in the format of a swarm key file: the library reads only that. */
function networkKey(secret: Uint8Array): Uint8Array {
  invariant(secret.length === networkSecretBytes, "a network secret has 32 bytes");
  return fromUtf8(`/key/swarm/psk/1.0.0/\n/base16/\n${toHex(secret)}\n`);
}
