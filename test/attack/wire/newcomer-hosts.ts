/** A process of fresh honest hosts: it makes them ahead, and lets them come one after another when it is told to. */
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import { createLibp2pHost, type Libp2pHost } from "../../../src/network/libp2p/libp2p-host.ts";
import {
  HandshakeType,
  handshakeProtocol,
  StatusType,
  statusProtocol,
} from "../../../src/network/messages.ts";
import type { ChainSpec } from "../../../src/protocol/genesis.ts";
import { keyPairFromSeed } from "../../../src/protocol/signing.ts";
import { patienceMs } from "../../support/patience.ts";
import { guestHandshake, guestStatus } from "./guest-words.ts";
import type { FromNewcomers, ToNewcomers } from "./orders.ts";
import { specOf } from "./spec.ts";

const tryEveryMs = 250;
/** A newcomer that is not in by then counts as refused. */
const giveUpMs = patienceMs(6_000);

interface Newcomer {
  readonly host: Libp2pHost;
  readonly handshake: Uint8Array;
}

class NewcomerHosts {
  #waiting: Newcomer[] = [];
  #isOver = false;

  async prepare({ spec: json, network, count }: Extract<ToNewcomers, { say: "prepare" }>): Promise<void> {
    const spec = specOf({ spec: json });
    this.#waiting = [];
    for (let index = 0; index < count; index += 1) this.#waiting.push(await newcomer(spec, network));
  }

  /** One after another; they go when the last one is in, or once the run has seen enough. */
  async come(address: string): Promise<void> {
    const came = this.#waiting;
    this.#waiting = [];
    this.#isOver = false;
    const tookMs: number[] = [];
    for (const { host, handshake } of came) {
      if (this.#isOver) break;
      tookMs.push(await greeted(host, address, handshake));
    }
    await Promise.all(came.map(({ host }) => host.stop()));
    tell({ say: "came", tookMs, ids: came.map(({ host }) => host.peerId) });
  }

  enough(): void {
    this.#isOver = true;
  }
}

async function newcomer(spec: ChainSpec, network: string): Promise<Newcomer> {
  const seed = randomBytes(32);
  const host = await createLibp2pHost(
    {
      privateKeySeed: seed,
      listenAddresses: ["/ip4/127.0.0.1/tcp/0"],
      mdns: { enabled: false, network, intervalMs: 60_000 },
      bootstrap: [],
      maxConnections: 20,
      agentVersion: "aurex/newcomer",
    },
    { clock: systemClock, logger: silentLogger },
  );
  const { publicKey } = keyPairFromSeed(seed);
  const handshake = () =>
    HandshakeType.serialize(guestHandshake({ spec, network, publicKey, name: "newcomer" }));
  serve(host, handshakeProtocol, handshake);
  serve(host, statusProtocol, () => StatusType.serialize(guestStatus(spec)));
  await host.start();
  return { host, handshake: handshake() };
}

/** Resolves to the milliseconds until the node had answered; infinite if it never did. */
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

function tell(message: FromNewcomers): void {
  if (process.connected) process.send?.(message);
}

const hosts = new NewcomerHosts();
// The run is gone, perhaps by kill -9.
process.on("disconnect", () => process.exit(0));
process.on("message", async (message: ToNewcomers) => {
  if (message.say === "enough") return hosts.enough();
  if (message.say === "come") return hosts.come(message.address);
  await hosts.prepare(message);
  tell({ say: "prepared" });
});
