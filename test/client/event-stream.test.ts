/** Following a real node's events through cuts, restarts and silence. */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { EventParser } from "../../src/client/event-parser.ts";
import {
  ApiProblem,
  ApiUnreachable,
  type ConnectionState,
  createApiClient,
  type FollowOptions,
  followEvents,
  type NodeEvent,
} from "../../src/client/index.ts";
import { BlockBuilder, testSpec } from "../chain/block-builder.ts";
import { type ApiRig, openApiRig } from "../http/api-rig.ts";
import { until } from "../support/patience.ts";
import { BreakableProxy } from "./breakable-proxy.ts";

const pow = new BlockBuilder(testSpec("pow"));
const blocks = pow.branch(pow.genesis, 40);

/** Reads on its own until it is told to end. */
class Follower {
  readonly events: NodeEvent[] = [];
  readonly connections: ConnectionState[] = [];
  readonly #abort = new AbortController();
  readonly ended: Promise<unknown>;

  constructor(url: string, options: FollowOptions = {}) {
    const api = createApiClient(url, { retries: 0 });
    this.ended = this.#follow(api, options).catch((thrown: unknown) => thrown);
  }

  get heights(): number[] {
    return this.events.flatMap((event) => (event.event === "head" ? [event.data.height] : []));
  }

  named(name: NodeEvent["event"]): NodeEvent[] {
    return this.events.filter(({ event }) => event === name);
  }

  async end(): Promise<unknown> {
    this.#abort.abort(new Error("the test is over"));
    return this.ended;
  }

  async #follow(api: ReturnType<typeof createApiClient>, options: FollowOptions): Promise<void> {
    const { signal } = this.#abort;
    const onConnection = (state: ConnectionState) => this.connections.push(state);
    for await (const event of followEvents(api, { signal, onConnection, retryMaxMs: 50, ...options }))
      this.events.push(event);
  }
}

async function give(rig: ApiRig, from: number, to: number): Promise<void> {
  for (const { block } of blocks.slice(from, to)) assert.ok((await rig.chain.importBlock(block)).ok);
}

describe("following a node's events", () => {
  const closing: (() => Promise<unknown>)[] = [];
  const openRig = async () => {
    const rig = await openApiRig({ spec: pow.spec });
    closing.push(() => rig.close());
    return rig;
  };
  const openProxy = async (url: string) => {
    const proxy = await BreakableProxy.open(url);
    closing.push(() => proxy.close());
    return proxy;
  };
  const follow = (url: string, options?: FollowOptions) => {
    const follower = new Follower(url, options);
    closing.push(() => follower.end());
    return follower;
  };
  after(async () => {
    for (const close of closing.reverse()) await close();
  });

  it("misses nothing and repeats nothing through cuts, and says of a restart that there is a gap", async () => {
    const rig = await openRig();
    const proxy = await openProxy(rig.url);
    const follower = follow(proxy.url);
    await until("it is connected", () => follower.named("snapshot").length === 1);
    for (let cuts = 0; cuts < 3; cuts += 1) {
      await give(rig, cuts * 10, cuts * 10 + 5);
      await until("it has seen them", () => follower.heights.includes(cuts * 10 + 5));
      proxy.cut();
      await give(rig, cuts * 10 + 5, cuts * 10 + 10);
      await until("it is back", () => follower.named("snapshot").length === cuts + 2);
    }
    // A head that came while it connected is told behind the snapshot.
    await until("it has the newest", () => follower.heights.includes(30));
    assert.deepEqual(
      follower.heights,
      Array.from({ length: 30 }, (_, index) => index + 1),
    );
    assert.equal(follower.named("gap").length, 0);
    assert.equal(follower.connections.filter(({ connected }) => !connected).length, 3);

    const restarted = await openRig();
    proxy.pointAt(restarted.url);
    proxy.cut();
    await until("it is back", () => follower.named("snapshot").length === 5);
    const [gap] = follower.named("gap");
    assert.equal(gap?.event === "gap" && gap.data.reason, "other-process");
    const reason = await follower.end();
    assert.equal((reason as Error).message, "the test is over");
    await until("its connection is gone", () => proxy.open === 0);
  });

  it("takes a connection on which nothing comes for dead", async () => {
    const rig = await openRig();
    const proxy = await openProxy(rig.url);
    const follower = follow(proxy.url, { silenceMaxMs: 300 });
    await until("it is connected", () => follower.named("snapshot").length === 1);
    proxy.isHeld = true;
    await until("it gives up", () => follower.connections.some(({ connected }) => !connected));
    proxy.isHeld = false;
    await until("it is back", () => follower.named("snapshot").length >= 2);
  });

  it("throws for a request that is wrong, and if no node is there; or waits for one", async () => {
    const rig = await openRig();
    const refused = await follow(rig.url, { accounts: ["nobody"] }).ended;
    assert.ok(refused instanceof ApiProblem);
    assert.equal(refused.code, "account/not-found");
    const proxy = await openProxy(rig.url);
    proxy.pointAt("http://127.0.0.1:1");
    assert.ok((await follow(proxy.url).ended) instanceof ApiUnreachable);
    const patient = follow(proxy.url, { waitForNode: true });
    await until("it has tried", () => patient.connections.length > 0);
    proxy.pointAt(rig.url);
    await until("it is connected", () => patient.named("snapshot").length === 1);
  });

  it("closes the connection when the caller has had enough", async () => {
    const rig = await openRig();
    const proxy = await openProxy(rig.url);
    for await (const { event } of followEvents(createApiClient(proxy.url))) {
      assert.equal(event, "snapshot");
      break;
    }
    await until("its connection is gone", () => proxy.open === 0);
  });

  it("takes events out of pieces of any size, and leaves out what it does not know", () => {
    const text =
      'retry: 1234\n\n: beat\n\nid: ab-1\nevent: warning\ndata: {"what":"ñ: \\n🙂"}\n\n:\n\nevent: later\ndata: {}\n\nid: ab-2\nevent: head\ndata: {"height":2}\n\nid: ab-3\nevent: head\ndata: {"hei';
    const whole = new EventParser().take(text);
    assert.deepEqual(
      whole.map(({ id, event }) => [id, event]),
      [
        ["ab-1", "warning"],
        ["ab-2", "head"],
      ],
    );
    for (const size of [1, 2, 7]) {
      const parser = new EventParser();
      const bytes = new TextEncoder().encode(text);
      const decoder = new TextDecoder();
      const events: NodeEvent[] = [];
      for (let at = 0; at < bytes.length; at += size)
        events.push(...parser.take(decoder.decode(bytes.subarray(at, at + size), { stream: true })));
      assert.deepEqual(events, whole);
      assert.equal(parser.retryMs, 1234);
    }
    assert.throws(() => new EventParser().take("x".repeat(5 * 2 ** 20)), SyntaxError);
  });
});
