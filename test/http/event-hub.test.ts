/** The hub under readers that do not read: what is kept for them is bounded, and the others miss nothing. */
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { after, describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { EventHub } from "../../src/http/events/event-hub.ts";
import type { EventSink } from "../../src/http/events/event-listener.ts";
import type { HubOptions } from "../../src/http/events/hub-options.ts";
import { patienceMs, until } from "../support/patience.ts";
import { createSimulatedClock, type SimulatedClock } from "../support/simulated-clock.ts";

type Topic = "big" | "small";

interface Stage {
  readonly hub: EventHub<Topic>;
  read(options: { topics: Topic[]; deaf?: boolean; lastEventId?: string }): Promise<TextReader>;
  close(): Promise<void>;
}

/** The text of one stream. */
class TextReader {
  readonly response: http.IncomingMessage;
  text = "";
  hasEnded = false;

  constructor(response: http.IncomingMessage, deaf: boolean) {
    this.response = response;
    response.setEncoding("utf8").on("error", () => {});
    response.on("close", () => {
      this.hasEnded = true;
    });
    if (!deaf) this.hear();
  }

  hear(): void {
    if (this.response.listenerCount("data") > 0) return;
    this.response.on("data", (text: string) => {
      this.text += text;
    });
  }

  /** The numbers of the events with ids, the snapshot's left out. */
  get numbers(): number[] {
    return [...this.text.matchAll(/^id: \w+-(\d+)\nevent: (?:big|small)$/gm)].map(([, number]) =>
      Number(number),
    );
  }
}

async function openStage(options: Partial<HubOptions<Topic>>): Promise<Stage> {
  const hub = new EventHub<Topic>(
    { topics: ["big", "small"], snapshot: () => ({ at: "snapshot" }), ...options },
    { clock: systemClock, logger: silentLogger },
  );
  const asked: Parameters<Stage["read"]>[0][] = [];
  const server = http.createServer((_request, response) => {
    const { topics, lastEventId } = asked.shift() ?? { topics: [] };
    response.writeHead(200, { connection: "close" });
    response.flushHeaders();
    hub.listen({ topics, lastEventId, address: "127.0.0.1" }, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    hub,
    async read(wish) {
      asked.push(wish);
      const request = http.get({ host: "127.0.0.1", port, agent: false });
      request.on("error", () => {});
      const [response] = await once(request, "response", { signal: AbortSignal.timeout(patienceMs()) });
      return new TextReader(response as http.IncomingMessage, wish.deaf ?? false);
    },
    async close() {
      hub.stop();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Bytes of buffers that somebody still holds. */
function heldBytes(): number {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

const text = "x".repeat(16 * 1024);
const megabytes = (bytes: number) => Math.round(bytes / 2 ** 20);

describe("the hub", () => {
  const stages: Stage[] = [];
  const opened = async (options: Partial<HubOptions<Topic>> = {}) => {
    const stage = await openStage(options);
    stages.push(stage);
    return stage;
  };
  after(async () => {
    for (const stage of stages) await stage.close();
  });

  it("drops a reader that does not read, tells it so, and keeps next to nothing for it; the others miss nothing", async () => {
    const { hub, read } = await opened({ ring: { entriesMax: 1_000, bytesMax: 2 * 2 ** 20 } });
    // Both topics from the beginning: one that is added later takes a number.
    const hungry = await read({ topics: ["big", "small"] });
    await until("it listens", () => hub.statistics.listeners === 1);
    const attentive = await read({ topics: ["small"] });
    const deaf = await read({ topics: ["big"], deaf: true });
    await until("all listen", () => hub.statistics.listeners === 3);
    const before = heldBytes();
    let most = 0;
    // 48 MiB: more than the system keeps for one connection, and many times what the ring holds.
    const rounds = 3_000;
    for (let round = 0; round < rounds; round += 1) {
      hub.publish(() => [{ topic: "big", data: { round, text } }]);
      hub.publish(() => [{ topic: "small", data: { round } }]);
      if (round % 100 > 0) continue;
      // It comes back once it was dropped: whoever comes back more than ten seconds later finds the connection cut.
      if (hub.statistics.listenersDropped > 0) deaf.hear();
      await until("what was published is made", () => hub.statistics.eventsMade === 2 * (round + 1));
      assert.ok(hub.statistics.ringBytes <= 2 * 2 ** 20);
      most = Math.max(most, heldBytes() - before);
    }
    const last = `"round":${rounds - 1}`;
    await until("the others have everything", () =>
      [attentive, hungry].every((reader) => reader.text.slice(-20_000).includes(last)),
    );
    const everyEvent = Array.from({ length: 2 * rounds }, (_, index) => index + 1);
    await until("to the last event", () => hungry.numbers.length === 2 * rounds);
    assert.deepEqual(hungry.numbers, everyEvent);
    assert.deepEqual(
      attentive.numbers,
      everyEvent.filter((number) => number % 2 === 0),
    );
    assert.equal(hub.statistics.listenersDropped, 1);
    assert.equal(hub.statistics.listeners, 2);
    assert.ok(most < 16 * 2 ** 20, `${megabytes(most)} MiB of buffers at the most`);
    deaf.hear();
    await until("it reads that it was dropped", () => deaf.hasEnded);
    assert.match(deaf.text, /event: dropped\ndata: .*"reason":"slow".*\n\n$/);
    const numbers = deaf.numbers;
    assert.deepEqual(numbers, everyEvent.filter((number) => number % 2 === 1).slice(0, numbers.length));
  });

  it("tells a reader that adds a topic of a gap: what happened to that topic before nobody has kept", async () => {
    const { hub, read } = await opened();
    const lastId = (text: string) => [...text.matchAll(/^id: (\S+)$/gm)].at(-1)?.[1];
    const first = await read({ topics: ["small"] });
    hub.publish(() => [{ topic: "small", data: { round: 1 } }]);
    await until("it has its event", () => first.text.includes('"round":1'));
    const known = lastId(first.text) ?? "";
    // Nobody wants it, so it is not made and has no number.
    hub.publish(() => []);
    const added = await read({ topics: ["small", "big"], lastEventId: known });
    await until("it has its snapshot", () => added.text.includes("event: snapshot"));
    assert.match(added.text, /event: gap\ndata: \{"reason":"not-kept"/);
    // Now both are kept; an id from before still does not reach back.
    const late = await read({ topics: ["small", "big"], lastEventId: known });
    await until("it has its snapshot", () => late.text.includes("event: snapshot"));
    assert.match(late.text, /event: gap/);
    const back = await read({ topics: ["small", "big"], lastEventId: lastId(added.text) ?? "" });
    await until("it has its snapshot", () => back.text.includes("event: snapshot"));
    assert.doesNotMatch(back.text, /event: gap/);
    const same = await read({ topics: ["small"], lastEventId: known });
    await until("it has its snapshot", () => same.text.includes("event: snapshot"));
    assert.doesNotMatch(same.text, /event: gap/);
  });

  it("gives up a connection that takes nothing for a while though little happens", async () => {
    const { hub, read } = await opened({ stalledMaxMs: 50, heartbeatMs: 30 });
    await read({ topics: ["big"], deaf: true });
    await until("it listens", () => hub.statistics.listeners === 1);
    for (let round = 0; round < 1_200; round += 1) hub.publish(() => [{ topic: "big", data: { text } }]);
    await until("it is given up", () => hub.statistics.listenersDropped === 1);
  });

  it("tells everybody of a gap if more happens at once than it can tell", async () => {
    const { hub, read } = await opened({ queueMax: 10 });
    const reader = await read({ topics: ["small"] });
    await until("it listens", () => hub.statistics.listeners === 1);
    for (let round = 0; round < 25; round += 1) hub.publish(() => [{ topic: "small", data: { round } }]);
    await until("the newest", () => reader.text.includes('"round":24'));
    assert.match(reader.text, /event: gap\ndata: \{"reason":"node-busy"/);
    const snapshots = reader.text.match(/event: snapshot/g);
    assert.equal(snapshots?.length, 2, "one at the beginning, one after the gap");
    assert.ok(!reader.text.includes('"round":0}'), "what waited is given up");
    assert.ok(reader.text.includes('"round":23'), "what came after the gap is told");
  });

  it("replays more than one write holds, in order, before the snapshot", async () => {
    const { hub, read } = await opened();
    const first = await read({ topics: ["big"] });
    await until("the snapshot", () => first.text.includes("snapshot"), { seen: () => first.text });
    const [, id = ""] = /id: (\S+)/.exec(first.text) ?? [];
    for (let round = 0; round < 500; round += 1) hub.publish(() => [{ topic: "big", data: { round, text } }]);
    await until("all is made", () => hub.statistics.eventsMade === 500);
    const again = await read({ topics: ["big"], lastEventId: id });
    await until("the snapshot", () => again.text.includes("snapshot"), {
      seen: () => ({
        numbers: again.numbers,
        end: again.text.replaceAll(text, "…").slice(-500),
        statistics: hub.statistics,
      }),
    });
    assert.deepEqual(
      again.numbers,
      Array.from({ length: 500 }, (_, index) => index + 1),
    );
    assert.ok(again.text.lastIndexOf("event: big") < again.text.indexOf("event: snapshot"));
  });

  it("makes no event while nobody listens, and those of a listener that left for a while", async () => {
    const { hub, read } = await opened({ keepMs: 60, heartbeatMs: 30 });
    let made = 0;
    const publish = () =>
      hub.publish(() => {
        made += 1;
        return [{ topic: "small", data: {} }];
      });
    publish();
    assert.equal(hub.wants("small"), false);
    const reader = await read({ topics: ["small"] });
    await until("the snapshot", () => reader.text.includes("snapshot"));
    assert.equal(hub.wants("big"), false);
    publish();
    await until("one event", () => made === 1);
    reader.response.destroy();
    await until("nothing is kept any more", () => !hub.wants("small"));
    publish();
    assert.equal(made, 1);
  });
});

/** A connection in memory that takes what it is given, or says that it takes no more until it is drained. */
class PlannedSink extends EventEmitter implements EventSink {
  readonly destroyed = false;
  takesMore = true;
  text = "";

  write(bytes: Uint8Array | string): boolean {
    this.text += typeof bytes === "string" ? bytes : Buffer.from(bytes).toString();
    return this.takesMore;
  }

  end(bytes: Uint8Array | string): void {
    this.write(bytes);
  }

  destroy(): void {}

  drain(): void {
    this.takesMore = true;
    this.emit("drain");
  }

  /** What it was told, in order: the numbers of events, and the word `snapshot`. */
  get told(): string[] {
    return [...this.text.matchAll(/^id: \w+-(\d+)\nevent: (\w+)$/gm)].map(([, number = "", event = ""]) =>
      event === "snapshot" ? event : number,
    );
  }
}

describe("the hub, on a clock that the test moves", () => {
  /** More than one write holds, and less than two. */
  const half = "x".repeat(40 * 1024);
  const events = 5;
  const numbers = Array.from({ length: events }, (_, index) => String(index + 1));
  /** Longer than the hub takes for all of it, and shorter than its heartbeat. */
  const settledMs = 10_000;

  function quietStage() {
    const clock = createSimulatedClock(0);
    const hub = new EventHub<Topic>(
      { topics: ["big", "small"], snapshot: () => ({}) },
      { clock, logger: silentLogger },
    );
    const listen = (lastEventId?: string) => {
      const sink = new PlannedSink();
      hub.listen({ topics: ["big"], lastEventId, address: "127.0.0.1" }, sink);
      return sink;
    };
    const publish = () => {
      for (let round = 0; round < events; round += 1) {
        hub.publish(() => [{ topic: "big", data: { round, half } }]);
      }
    };
    return { clock, hub, listen, publish };
  }

  /** Does the same with the hub once for each of its first steps: between two of them anything else may happen. */
  async function atEveryStep(
    begin: () => { clock: SimulatedClock; act: () => void; check: (step: string) => void },
  ): Promise<void> {
    for (let steps = 0; steps < 12; steps += 1) {
      const { clock, act, check } = begin();
      for (let step = 0; step < steps; step += 1) await clock.runNext();
      act();
      await clock.advance(settledMs);
      check(`after ${steps} steps`);
    }
  }

  it("goes on with a connection that takes more again, at whatever moment it says so", async () => {
    await atEveryStep(() => {
      const { clock, listen, publish } = quietStage();
      const sink = listen();
      publish();
      sink.takesMore = false;
      return {
        clock,
        act: () => sink.drain(),
        check: (step) => assert.deepEqual(sink.told, ["snapshot", ...numbers], step),
      };
    });
  });

  it("replays everything to a reader that comes back, at whatever moment it comes", async () => {
    await atEveryStep(() => {
      const { clock, hub, listen, publish } = quietStage();
      const first = listen();
      publish();
      let again: PlannedSink | undefined;
      return {
        clock,
        act: () => {
          again = listen(`${hub.epoch}-0`);
        },
        check: (step) => {
          assert.deepEqual(first.told, ["snapshot", ...numbers], step);
          // It may have come before the last of them: what comes after its snapshot is told then.
          assert.deepEqual(
            again?.told.filter((word) => word !== "snapshot"),
            numbers,
            step,
          );
          assert.ok(again?.told.includes("snapshot"), step);
        },
      };
    });
  });

  it("tells what was made before a happening that fails at once, and what comes after it", async () => {
    const { clock, hub, listen } = quietStage();
    const sink = listen();
    const fails = () => {
      throw new Error("it cannot be told");
    };
    hub.publish(() => [{ topic: "big", data: {} }]);
    hub.publish(fails);
    await clock.advance(settledMs);
    assert.deepEqual(sink.told, ["snapshot", "1"]);
    hub.publish(fails);
    hub.publish(() => [{ topic: "big", data: {} }]);
    await clock.advance(settledMs);
    assert.deepEqual(sink.told, ["snapshot", "1", "2"]);
  });
});
