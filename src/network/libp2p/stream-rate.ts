/** Bounds what the other end of a connection makes this one do: streams, each of which is negotiated, and pings, each of which is answered. */
import type { Connection } from "@libp2p/interface";
import type { Clock } from "../../base/clock.ts";
import { invariant } from "../../base/invariant.ts";
import { LeakyBucket } from "../host/leaky-bucket.ts";

/** What libp2p's classes have and their published types lack. */
interface ConnectionInternals extends Connection {
  readonly muxer?: { incomingStream(id: number): void; handlePing(header: unknown): void };
}

/** The part of libp2p's registrar that is bounded here. */
interface Registrar {
  handle(protocol: string, handler: Handler, options?: object): Promise<void>;
}
type Handler = (stream: Aborts, connection: Connection) => unknown;
interface Aborts {
  abort(error: Error): void;
}

/** Streams of one connection: as many at once, then so many a second. Catching up takes 100 requests a second at most. */
const streamsBurst = 512;
const streamsPerSecond = 128;
/** Pings of the muxer and answers to ours: an honest peer has two in ten seconds. Answers to who does not read would pile up. */
const pingsBurst = 64;
const pingsPerSecond = 4;
/** Runs of identify, and of libp2p's ping, on one connection. An honest peer identifies once, and other programs ping. */
const runsBurst = 20;
const runsPerSecond = 1;

/** Ends a connection whose other end opens or asks more. */
export function boundStreams(connection: Connection, clock: Clock): void {
  const { muxer } = connection as ConnectionInternals;
  invariant(muxer, "libp2p's connection has a muxer");
  const bucket = new LeakyBucket(streamsBurst, streamsPerSecond / 1_000, clock.monotonicMs());
  const open = muxer.incomingStream.bind(muxer);
  muxer.incomingStream = (id) => {
    if (bucket.add(1, clock.monotonicMs())) open(id);
    else if (connection.status === "open") connection.abort(new Error("too many streams"));
  };
  const pings = new LeakyBucket(pingsBurst, pingsPerSecond / 1_000, clock.monotonicMs());
  const answer = muxer.handlePing.bind(muxer);
  muxer.handlePing = (header) => {
    if (pings.add(1, clock.monotonicMs())) answer(header);
    else if (connection.status === "open") connection.abort(new Error("too many pings"));
  };
}

/** For a service of libp2p: its registrar, so that streams of its protocols over the rate are reset before it sees them. */
export function withRunRate<Components extends { readonly registrar: Registrar }>(
  components: Components,
  clock: Clock,
): Components {
  const { registrar } = components;
  const buckets = new WeakMap<Connection, LeakyBucket>();
  const mayRun = (connection: Connection) => {
    const nowMs = clock.monotonicMs();
    const bucket = buckets.get(connection) ?? new LeakyBucket(runsBurst, runsPerSecond / 1_000, nowMs);
    buckets.set(connection, bucket);
    return bucket.add(1, nowMs);
  };
  const handle: Registrar["handle"] = (protocol, handler, options) =>
    registrar.handle(
      protocol,
      (stream, connection) => {
        if (mayRun(connection)) return handler(stream, connection);
        return stream.abort(new Error("too often"));
      },
      options,
    );
  const bounded = Object.assign(Object.create(registrar), { handle });
  return Object.create(components, { registrar: { value: bounded } });
}
