/** What every peer host must do, whatever carries it: run against both twins by host-contract.test.ts. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { RequestFailure } from "../../src/network/host/request-error.ts";
import type {
  PeerHost,
  PeerId,
  ProtocolOptions,
  TopicOptions,
  Verdict,
} from "../../src/network/peer-host.ts";
import { suiteMaxMs } from "../support/patience.ts";
import { connectHosts, isConnected } from "./host-connections.ts";

/** Where a host is, and whom its operator named. */
export interface HostPlace {
  readonly bootstrap?: readonly string[];
  /** Of `freePlace`; of a host that has stopped, too. */
  readonly at?: string;
}

/** Hosts of one kind and the time they live in. */
export interface HostRig {
  makeHost(index: number, place?: HostPlace): Promise<PeerHost>;
  /** An address without a peer id that nobody else takes while hosts there come and go. */
  freePlace(): Promise<string>;
  /** Lets time pass until the condition holds; fails after a bounded while. */
  until(condition: () => boolean, what: string): Promise<void>;
  /** Lets time pass until the promise has settled. */
  drive<Value>(promise: Promise<Value>): Promise<Value>;
  /** Lets about that much time pass. */
  pass(durationMs: number): Promise<void>;
}

const topic = "/aurex/test/1";
const lastTopic = "/aurex/test/last/1";
const protocol = "/aurex/echo/1";
const utf8 = new TextEncoder();

export function peerHostContract(name: string, makeRig: () => HostRig): void {
  describe(`peer host: ${name}`, { timeout: suiteMaxMs }, () => {
    let rig: HostRig;
    let hosts: PeerHost[];

    beforeEach(() => {
      rig = makeRig();
      hosts = [];
    });
    afterEach(async () => {
      for (const host of hosts) await rig.drive(host.stop());
    });

    async function start(count: number): Promise<PeerHost[]> {
      for (let index = 0; index < count; index += 1) {
        const host = await rig.makeHost(index);
        hosts.push(host);
        await rig.drive(host.start());
      }
      return hosts;
    }

    async function connect(from: PeerHost, to: PeerHost): Promise<void> {
      await connectHosts(rig, from, to);
    }

    /** A chain of hosts, each subscribed, each seeing its neighbours in the topic. */
    async function chain(judges: readonly Partial<TopicOptions>[]): Promise<PeerHost[]> {
      const started = await start(judges.length);
      for (const [index, host] of started.entries()) {
        host.subscribe(topic, {
          messageBytesMax: 1000,
          queueMax: 64,
          judge: () => "accept",
          ...judges[index],
        });
      }
      for (let index = 1; index < started.length; index += 1) {
        await connect(started[index - 1]!, started[index]!);
      }
      const neighbours = (index: number) => (index === 0 || index === started.length - 1 ? 1 : 2);
      await rig.until(
        () => started.every((host, index) => host.topicPeers(topic).length === neighbours(index)),
        "all see their neighbours in the topic",
      );
      return started;
    }

    /** Publishes until the first neighbour has it: a mesh may still be forming. */
    async function publish(host: PeerHost, text: string): Promise<number> {
      return rig.drive(host.publish(topic, utf8.encode(text)));
    }

    function recorder(verdict: (text: string) => Verdict = () => "accept") {
      const heard: string[] = [];
      const judge = (message: Uint8Array) => {
        const text = new TextDecoder().decode(message);
        heard.push(text);
        return verdict(text);
      };
      return { heard, judge };
    }

    /** Who has gone since: one of the two that part may have dialled the other again before a test looks. */
    function goneFrom(host: PeerHost): readonly PeerId[] {
      const gone: PeerId[] = [];
      host.events.on("peerDisconnected", (peer) => gone.push(peer));
      return gone;
    }

    async function pair(options: Partial<ProtocolOptions>): Promise<[PeerHost, PeerHost]> {
      const [asking, answering] = (await start(2)) as [PeerHost, PeerHost];
      answering.serve(protocol, {
        requestBytesMax: 1000,
        chunkBytesMax: 1000,
        timeoutMs: 30_000,
        rateLimit: { requests: 100, perMs: 1_000 },
        handle: (request) => [request],
        ...options,
      });
      await connect(asking, answering);
      return [asking, answering];
    }

    async function ask(
      from: PeerHost,
      to: PeerId,
      request: Uint8Array,
      options: Partial<Parameters<PeerHost["request"]>[3]> = {},
    ): Promise<Uint8Array[]> {
      const collect = async () => {
        const limits = { timeoutMs: 30_000, chunkBytesMax: 1000, chunksMax: 10, ...options };
        const chunks: Uint8Array[] = [];
        for await (const chunk of from.request(to, protocol, request, limits)) chunks.push(chunk);
        return chunks;
      };
      return rig.drive(collect());
    }

    function failsWith(...codes: RequestFailure[]) {
      return (error: Error & { code?: string }) => {
        assert.ok(codes.includes(error.code as RequestFailure), `${error.code}: ${error.message}`);
        return true;
      };
    }

    it("connects, tells of it once on both sides, and tells of the end", async () => {
      const [a, b] = (await start(2)) as [PeerHost, PeerHost];
      const told: string[] = [];
      a.events.on("peerConnected", (peer) => told.push(`a+ ${peer.direction} ${peer.peerId}`));
      b.events.on("peerConnected", (peer) => told.push(`b+ ${peer.direction} ${peer.peerId}`));
      a.events.on("peerDisconnected", (peer) => told.push(`a- ${peer}`));
      b.events.on("peerDisconnected", (peer) => told.push(`b- ${peer}`));
      await connect(a, b);
      assert.equal(await rig.drive(a.dial(b.addresses()[0]!)), b.peerId);
      assert.deepEqual(told.sort(), [`a+ outbound ${b.peerId}`, `b+ inbound ${a.peerId}`]);
      await rig.drive(a.disconnect(b.peerId));
      await rig.until(() => !isConnected(a, b) && !isConnected(b, a), "both have noticed the end");
      assert.deepEqual(told.sort().slice(1, 2).concat(told.slice(3)), [`a- ${b.peerId}`, `b- ${a.peerId}`]);
    });

    it("rejects a dial that nobody answers, and one that is no address", async () => {
      const [a, b] = (await start(2)) as [PeerHost, PeerHost];
      const address = b.addresses()[0]!;
      await rig.drive(b.stop());
      await assert.rejects(rig.drive(a.dial(address)));
      await assert.rejects(rig.drive(a.dial("nonsense")));
    });

    it("carries a message over three hops, to each once, and does not judge its own", async () => {
      const records = [recorder(), recorder(), recorder(), recorder()];
      const [first] = await chain(records);
      await publish(first!, "hello");
      await rig.until(() => records[3]!.heard.length > 0, "the far end has heard");
      await rig.pass(200);
      assert.deepEqual(
        records.map(({ heard }) => heard),
        [[], ["hello"], ["hello"], ["hello"]],
      );
    });

    for (const verdict of ["reject", "ignore"] as const) {
      it(`does not relay what is judged "${verdict}"`, async () => {
        const far = recorder();
        const near = recorder((text) => (text === "bad" ? verdict : "accept"));
        const [first] = await chain([{}, near, far]);
        await publish(first!, "bad");
        await publish(first!, "good");
        await rig.until(() => far.heard.includes("good"), "the good one has arrived");
        assert.deepEqual(far.heard, ["good"]);
        assert.deepEqual(near.heard.sort(), ["bad", "good"]);
      });
    }

    it("takes a throw while judging for its own fault: ignored, and nobody is penalised", async () => {
      const far = recorder();
      const judge = (message: Uint8Array): Verdict => {
        if (message.length === 3) throw new Error("a bug of ours");
        return "accept";
      };
      const [first, second] = await chain([{}, { judge }, far]);
      for (let index = 0; index < 9; index += 1) await publish(first!, `b-${index}`);
      await publish(first!, "good");
      await rig.until(() => far.heard.includes("good"), "the good one has arrived");
      assert.deepEqual(far.heard, ["good"]);
      assert.ok(isConnected(second!, first!));
    });

    it("does not penalise what is ignored", async () => {
      const near = recorder((text) => (text === "last" ? "accept" : "ignore"));
      const far = recorder();
      const [first, second] = await chain([{}, near, far]);
      for (let index = 0; index < 20; index += 1) await publish(first!, `stale ${index}`);
      await publish(first!, "last");
      await rig.until(() => far.heard.includes("last"), "the last one has arrived");
      assert.deepEqual(far.heard, ["last"]);
      assert.ok(isConnected(second!, first!));
    });

    it("bans who sends a handful of invalid messages, and judges few of a flood", async () => {
      const near = recorder(() => "reject");
      const [first, second] = await chain([{}, near]);
      const gone = goneFrom(second!);
      for (let index = 0; index < 60; index += 1) await publish(first!, `invalid ${index}`);
      await rig.until(() => gone.includes(first!.peerId), "the flooder is cut off");
      await rig.pass(500);
      assert.ok(near.heard.length >= 2 && near.heard.length <= 28, `${near.heard.length} judged`);
    });

    it("bounds what waits to be judged; the surplus is ignored", async () => {
      let judging = 0;
      let most = 0;
      const gate = Promise.withResolvers<void>();
      const judge = async (): Promise<Verdict> => {
        judging += 1;
        most = Math.max(most, judging);
        await gate.promise;
        return "accept";
      };
      const far = recorder();
      const [first, second] = await chain([{}, { judge, queueMax: 3 }, far]);
      const last = recorder();
      second!.subscribe(lastTopic, { messageBytesMax: 1000, queueMax: 64, judge: last.judge });
      first!.subscribe(lastTopic, { messageBytesMax: 1000, queueMax: 64, judge: () => "accept" });
      await rig.until(() => first!.topicPeers(lastTopic).length === 1, "it hears of both topics");
      for (let index = 0; index < 10; index += 1) await publish(first!, `message ${index}`);
      await rig.drive(first!.publish(lastTopic, utf8.encode("these were all")));
      await rig.until(() => judging === 3 && last.heard.length === 1, "the queue is full, and all have come");
      await rig.pass(200);
      gate.resolve();
      await rig.until(() => far.heard.length === 3, "three went on");
      await rig.pass(200);
      assert.equal(far.heard.length, 3);
      assert.equal(most, 3);
    });

    it("refuses to publish an over-long message, and rejects one that arrives", async () => {
      const near = recorder();
      const [first, second] = await chain([{ messageBytesMax: 5000 }, { ...near, messageBytesMax: 100 }]);
      await assert.rejects(rig.drive(first!.publish(topic, new Uint8Array(5001))));
      const gone = goneFrom(second!);
      for (let index = 0; index < 6; index += 1) {
        await rig.drive(first!.publish(topic, new Uint8Array(101).fill(index)));
      }
      await rig.until(() => gone.includes(first!.peerId), "six over-long messages are enough");
      assert.deepEqual(near.heard, []);
    });

    it("answers a request in chunks, each whole, empty ones and none at all too", async () => {
      const [a, b] = await pair({
        handle: async function* (request) {
          for (const length of request) yield new Uint8Array(length).fill(length);
        },
      });
      const chunks = await ask(a, b.peerId, Uint8Array.of(3, 0, 255, 1));
      assert.deepEqual(
        chunks,
        [3, 0, 255, 1].map((length) => new Uint8Array(length).fill(length)),
      );
      assert.deepEqual(await ask(a, b.peerId, new Uint8Array(0)), []);
    });

    it("carries large chunks to a reader that takes its time", async () => {
      const chunkBytes = 300_000;
      const chunks = 60;
      let made = 0;
      const [a, b] = await pair({
        handle: function* () {
          for (; made < chunks; made += 1) yield new Uint8Array(chunkBytes).fill(made);
        },
      });
      const limits = { timeoutMs: 30_000, chunkBytesMax: chunkBytes, chunksMax: chunks };
      const answer = a.request(b.peerId, protocol, new Uint8Array(1), limits)[Symbol.asyncIterator]();
      for (let index = 0; index < chunks; index += 1) {
        const { value } = await rig.drive(answer.next());
        assert.equal(value?.length, chunkBytes);
        assert.equal(value.at(-1), index);
        if (index !== 1) continue;
        await rig.pass(300);
        assert.ok(made <= 30, `${made} chunks were made ahead of the reader`);
      }
      assert.equal((await rig.drive(answer.next())).done, true);
    });

    it("refuses an over-long request before the handler sees it", async () => {
      let handled = 0;
      const [a, b] = await pair({
        handle: () => {
          handled += 1;
          return [];
        },
      });
      await assert.rejects(ask(a, b.peerId, new Uint8Array(1001)), failsWith("request/reset"));
      assert.equal(handled, 0);
      assert.deepEqual(await ask(a, b.peerId, new Uint8Array(1000)), []);
    });

    it("refuses over-long chunks and surplus chunks", async () => {
      const [a, b] = await pair({
        handle: (request) => Array.from({ length: request[0]! }, () => new Uint8Array(500)),
      });
      assert.equal((await ask(a, b.peerId, Uint8Array.of(10))).length, 10);
      await assert.rejects(ask(a, b.peerId, Uint8Array.of(11)), failsWith("request/too-many-chunks"));
      await assert.rejects(
        ask(a, b.peerId, Uint8Array.of(1), { chunkBytesMax: 499 }),
        failsWith("request/chunk-too-long"),
      );
    });

    it("gives up on an answer that does not come, and on demand", async () => {
      const [a, b] = await pair({
        timeoutMs: 60_000,
        handle: async function* () {
          yield new Uint8Array(1);
          await new Promise(() => {});
        },
      });
      await assert.rejects(
        ask(a, b.peerId, new Uint8Array(1), { timeoutMs: 150 }),
        failsWith("request/timeout"),
      );
      const controller = new AbortController();
      const asked = ask(a, b.peerId, new Uint8Array(1), { signal: controller.signal });
      controller.abort();
      await assert.rejects(asked, failsWith("request/aborted"));
    });

    it("resets a request that it handles too slowly, that throws, or that nobody serves", async () => {
      const [a, b] = await pair({
        timeoutMs: 150,
        handle: async function* (request) {
          if (request[0] === 1) throw new Error("a bug of ours");
          yield new Uint8Array(1);
          await new Promise(() => {});
        },
      });
      await assert.rejects(ask(a, b.peerId, Uint8Array.of(1)), failsWith("request/reset"));
      await assert.rejects(ask(a, b.peerId, Uint8Array.of(2)), failsWith("request/reset"));
      await assert.rejects(ask(b, a.peerId, Uint8Array.of(2)), failsWith("request/unsupported"));
      await assert.rejects(ask(a, "12D3KooWNobody", Uint8Array.of(2)), Error);
    });

    it("limits how often a peer may ask, and lets it ask again later", async () => {
      const [a, b] = await pair({ rateLimit: { requests: 3, perMs: 12_000 } });
      for (let index = 0; index < 3; index += 1) {
        assert.equal((await ask(a, b.peerId, Uint8Array.of(index))).length, 1);
      }
      await assert.rejects(ask(a, b.peerId, Uint8Array.of(9)), failsWith("request/reset"));
      await rig.pass(4_800);
      assert.equal((await ask(a, b.peerId, Uint8Array.of(1))).length, 1);
    });

    it("bans in and out, and forgives when the time is over", async () => {
      const [a, b] = (await start(2)) as [PeerHost, PeerHost];
      await connect(a, b);
      const banMs = 6_000;
      await rig.drive(a.ban(b.peerId, banMs, "for the test"));
      await rig.until(() => !isConnected(a, b) && !isConnected(b, a), "both have noticed the end");
      await assert.rejects(rig.drive(a.dial(b.addresses()[0]!)));
      await rig.drive(b.dial(a.addresses()[0]!)).catch(() => {});
      await rig.pass(100);
      assert.equal(isConnected(a, b), false);
      await rig.pass(banMs);
      await connect(a, b);
    });

    it("keeps to the addresses of its operator, whoever answers there, and says what is wrong with them", async () => {
      const at = await rig.freePlace();
      const old = await rig.makeHost(0, { at });
      hosts.push(old);
      await rig.drive(old.start());
      const host = await rig.makeHost(1, { bootstrap: [at, `${at}/p2p/${old.peerId}`] });
      hosts.push(host);
      const connected = () => host.bootstrap().map((status) => status.connected);
      await rig.drive(host.start());
      await rig.until(() => connected().every(Boolean), "both are connected");
      await rig.drive(old.stop());
      await rig.until(() => host.bootstrap().every(({ error }) => error !== null), "both have failed");
      const anew = await rig.makeHost(2, { at });
      hosts.push(anew);
      await rig.drive(anew.start());
      await rig.until(() => connected()[0] === true, "the address without an id is connected again");
      assert.equal(host.bootstrap()[0]?.peerId, anew.peerId);
      await rig.until(
        () => host.bootstrap()[1]?.error?.includes(anew.peerId) === true,
        "the one with an id says who answers there",
      );
      assert.deepEqual(connected(), [true, false]);
      assert.ok((host.bootstrap()[1]?.failedAtMs ?? 0) > 0);
    });

    it("takes its own address for no peer, and meets a peer that another one vouches for", async () => {
      const at = await rig.freePlace();
      const host = await rig.makeHost(1, { at, bootstrap: [at] });
      hosts.push(host);
      await rig.drive(host.start());
      await rig.until(() => host.bootstrap()[0]?.error?.includes("own address") === true, "it knows itself");
      const third = await rig.makeHost(2);
      hosts.push(third);
      await rig.drive(third.start());
      const isWanted = () => true;
      host.heardOf(host.peerId, host.addresses(), isWanted);
      host.heardOf(third.peerId, third.addresses(), isWanted);
      await rig.until(() => isConnected(host, third) && isConnected(third, host), "the two have met");
      assert.equal(host.peers().length, 1);
    });

    it("dials at once whom it knows and lost, where it is told to, and says whether it is dialling", async () => {
      const [host, other] = await chain([{}, {}]);
      const [address] = other!.addresses();
      host!.addBootstrap(address!);
      await rig.drive(other!.stop());
      await rig.until(() => host!.bootstrap()[0]?.error !== null, "the other has gone");
      assert.ok(!isConnected(host!, other!));
      // So that the next try in turn is some seconds away.
      await rig.until(() => !host!.isDialling(), "no try is under way");
      host!.dialAll();
      assert.ok(host!.isDialling());
      await rig.until(() => !host!.isDialling(), "the dial has been refused");
      await rig.drive(other!.start());
      host!.dialAll();
      await rig.until(() => isConnected(host!, other!), "they have met again");
    });

    it("stops cleanly: peers notice, nothing is open, nothing goes through", async () => {
      const near = recorder();
      const [first, second] = await chain([near, {}]);
      await rig.drive(first!.stop());
      await rig.until(() => !isConnected(second!, first!), "the other side has noticed");
      assert.deepEqual(first!.peers(), []);
      await publish(second!, "anyone?");
      await rig.pass(100);
      assert.deepEqual(near.heard, []);
      await assert.rejects(rig.drive(first!.dial(second!.addresses()[0]!)));
    });
  });
}
