/** Fresh honest hosts that come while an attack goes on, and how long each took until the node had greeted it. */
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { createLibp2pHost, type Libp2pHost } from "../../src/network/libp2p/libp2p-host.ts";
import { HandshakeType, handshakeProtocol, StatusType, statusProtocol } from "../../src/network/messages.ts";
import type { ChainSpec } from "../../src/protocol/genesis.ts";
import { keyPairFromSeed } from "../../src/protocol/signing.ts";
import { patienceMs } from "../support/patience.ts";
import { networkName } from "./honest-network.ts";
import { guestHandshake, guestStatus } from "./wire/guest-words.ts";

const tryEveryMs = 250;
/** A newcomer that is not in by then counts as refused. */
const giveUpMs = patienceMs(6_000);

export interface Newcomers {
  /** Milliseconds until each had been greeted; infinite if it never was. */
  readonly tookMs: readonly number[];
  readonly ids: readonly string[];
}

/** Lets `count` newcomers come one after another, and go again when the last one is in. */
export async function letNewcomersIn(
  address: string,
  count: number,
  { spec, signal }: { readonly spec: ChainSpec; readonly signal: AbortSignal },
): Promise<Newcomers> {
  const hosts: Libp2pHost[] = [];
  const tookMs: number[] = [];
  try {
    for (let index = 0; index < count && !signal.aborted; index += 1) {
      const seed = randomBytes(32);
      const host = await createLibp2pHost(
        {
          privateKeySeed: seed,
          listenAddresses: ["/ip4/127.0.0.1/tcp/0"],
          mdns: { enabled: false, network: networkName, intervalMs: 60_000 },
          bootstrap: [],
          maxConnections: 20,
          agentVersion: "aurex/newcomer",
        },
        { clock: systemClock, logger: silentLogger },
      );
      hosts.push(host);
      const { publicKey } = keyPairFromSeed(seed);
      const guest = { spec, network: networkName, publicKey, name: "newcomer" };
      const handshake = () => HandshakeType.serialize(guestHandshake(guest));
      const own = handshake();
      serve(host, handshakeProtocol, handshake);
      serve(host, statusProtocol, () => StatusType.serialize(guestStatus(spec)));
      await host.start();
      tookMs.push(await greeted(host, address, own));
    }
    return { tookMs, ids: hosts.map(({ peerId }) => peerId) };
  } finally {
    await Promise.all(hosts.map((host) => host.stop()));
  }
}

async function greeted(host: Libp2pHost, address: string, own: Uint8Array): Promise<number> {
  const beganMs = performance.now();
  while (performance.now() - beganMs < giveUpMs) {
    try {
      const peer = await host.dial(address, AbortSignal.timeout(giveUpMs));
      const options = { timeoutMs: 5_000, chunkBytesMax: HandshakeType.maxSize, chunksMax: 1 };
      for await (const answer of host.request(peer, handshakeProtocol, own, options)) {
        HandshakeType.deserialize(answer);
        return performance.now() - beganMs;
      }
    } catch {
      // Refused, or lost again: an honest node dials once more.
    }
    await delay(tryEveryMs);
  }
  return Number.POSITIVE_INFINITY;
}

function serve(host: Libp2pHost, protocol: string, answer: () => Uint8Array): void {
  host.serve(protocol, {
    requestBytesMax: 1_024,
    chunkBytesMax: 1_024,
    timeoutMs: 5_000,
    rateLimit: { requests: 20, perMs: 10_000 },
    handle: () => [answer()],
  });
}
