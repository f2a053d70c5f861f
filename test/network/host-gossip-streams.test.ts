/** Two hosts with two connections, of which one ends: gossip goes on over the other. Real TCP on loopback. */
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { fromUtf8, toHex } from "../../src/base/bytes.ts";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import type { Libp2pHost } from "../../src/network/libp2p/libp2p-host.ts";
import { BreakableProxy } from "../client/breakable-proxy.ts";
import { suiteMaxMs, until } from "../support/patience.ts";
import { libp2pHost } from "./host-rigs.ts";

let words = 0;
const topic = "/aurex/test/1";

/** Without the watchdog, which would open a lost stream again after five seconds. */
const clockThatNeverRings: Clock = { ...systemClock, schedule: () => ({ cancel() {} }) };

interface Talker {
  readonly host: Libp2pHost;
  readonly heard: Set<string>;
}

describe("gossip between two hosts with several connections", { timeout: suiteMaxMs }, () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function talker(seed: string): Promise<Talker> {
    const host = await libp2pHost(seed, {}, undefined, clockThatNeverRings);
    const heard = new Set<string>();
    host.subscribe(topic, {
      messageBytesMax: 1_000,
      queueMax: 64,
      judge: (message) => {
        heard.add(toHex(message));
        return "accept";
      },
    });
    cleanups.push(() => host.stop());
    await host.start();
    return { host, heard };
  }

  /** Opens one more connection, since the address does not say whose it is. */
  async function dial({ host }: Talker, port: string): Promise<void> {
    await host.dial(`/ip4/127.0.0.1/tcp/${port}`);
  }

  function portOf({ host }: Talker): string {
    return /tcp\/(\d+)/.exec(host.addresses()[0] ?? "")?.[1] ?? "";
  }

  const isTold = ({ host }: Talker, other: Talker) => host.topicPeers(topic).includes(other.host.peerId);

  /** What is said in either direction is heard; what is said while a connection ends may go with it. */
  async function talk(one: Talker, other: Talker): Promise<void> {
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const) {
      const before = to.heard.size;
      await until("a word is heard", async () => {
        await from.host.publish(topic, fromUtf8(`word ${words++}`));
        return to.heard.size > before;
      });
    }
  }

  async function pair(): Promise<[Talker, Talker]> {
    const near = await talker("near");
    const far = await talker("far");
    await dial(near, portOf(far));
    await until("both know the topic", () => isTold(near, far) && isTold(far, near));
    await talk(near, far);
    return [near, far];
  }

  it("goes on if the newest connection takes the place of the oldest, again and again", async () => {
    const [near, far] = await pair();
    for (let index = 0; index < 6; index += 1) {
      await dial(near, portOf(far));
      await talk(near, far);
      assert.ok(isTold(near, far) && isTold(far, near), "neither has forgotten the other's topics");
    }
  });

  for (const later of [false, true]) {
    it(`goes on if the ${later ? "second" : "first"} of two connections breaks`, async () => {
      const near = await talker("near");
      const far = await talker("far");
      const proxy = await BreakableProxy.open(`http://127.0.0.1:${portOf(far)}`);
      cleanups.push(() => proxy.close());
      const ports = [portOf(far), new URL(proxy.url).port];
      for (const port of later ? ports : ports.toReversed()) {
        await dial(near, port);
        await until("both know the topic", () => isTold(near, far) && isTold(far, near));
      }
      await talk(near, far);
      proxy.cut();
      await until("the connection is gone", () => proxy.open === 0);
      await talk(near, far);
      assert.ok(isTold(near, far) && isTold(far, near), "neither has forgotten the other's topics");
    });
  }
});
