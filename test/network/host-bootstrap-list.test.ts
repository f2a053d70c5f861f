/** The operator's addresses under simulated time: never displaced, never forgotten, and every failure has a place. */
import assert from "node:assert/strict";
import { it } from "node:test";
import type { Logger } from "../../src/base/logger.ts";
import {
  BootstrapFailure,
  BootstrapList,
  defaultBootstrapList,
} from "../../src/network/host/bootstrap-list.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";
import { seededRandom } from "./host-rigs.ts";

type Answer = string | Error;

function makeList(answer: (address: string, expected: string | undefined) => Answer) {
  const clock = createSimulatedClock(1_700_000_000_000);
  const dials: { address: string; atMs: number }[] = [];
  const connected = new Set<string>();
  const lines: string[] = [];
  const say = (level: string) => (_: object, text: string) => void lines.push(`${level} ${text}`);
  const logger: Logger = {
    debug: () => {},
    info: say("info"),
    warn: say("warn"),
    error: say("error"),
    child: () => logger,
  };
  let isFull = false;
  const list: BootstrapList = new BootstrapList(defaultBootstrapList, {
    clock,
    logger,
    random: seededRandom(7),
    dial: async (address, expected) => {
      dials.push({ address, atMs: clock.monotonicMs() });
      const answered = answer(address, expected);
      if (answered instanceof Error) throw answered;
      connected.add(answered);
      list.connected(answered);
      return answered;
    },
    isConnected: (peer) => connected.has(peer),
    isFull: () => isFull,
  });
  list.start();
  const lose = (peer: string, reason?: string) => {
    connected.delete(peer);
    list.disconnected(peer, reason);
  };
  const fill = (full: boolean) => {
    isFull = full;
  };
  return { clock, dials, connected, lines, list, lose, fill };
}

it("tries an address that does not answer for ever, at least every 15 s, and says so once", async () => {
  const { clock, dials, list, lines } = makeList(() => new BootstrapFailure("nothing listens there"));
  list.add("/b", undefined);
  await clock.advance(3_600_000);
  const gapsMs = dials.slice(1).map(({ atMs }, index) => atMs - dials[index]!.atMs);
  assert.equal(dials[0]!.atMs, 0);
  assert.ok(dials.length >= 3_600 / 15, `${dials.length} tries in an hour`);
  for (const gapMs of gapsMs) assert.ok(gapMs >= 500 && gapMs <= 15_000, `${gapMs}`);
  assert.deepEqual(lines, ["warn a bootstrap address does not work: nothing listens there"]);
  const [status] = list.status();
  assert.deepEqual(
    { ...status, failedAtMs: undefined },
    { address: "/b", connected: false, peerId: null, error: "nothing listens there", failedAtMs: undefined },
  );
  const lastMs = (status?.failedAtMs ?? 0) - 1_700_000_000_000;
  assert.ok(Math.abs(lastMs - dials.at(-1)!.atMs) <= 1, `${lastMs}`);
});

it("connects with whoever answers there now, within 15 s, and says that it is another node", async () => {
  let there: Answer = "old";
  const { clock, list, lines, lose } = makeList(() => there);
  list.add("/b", undefined);
  await clock.advance(60_000);
  there = new BootstrapFailure("the connection was refused");
  lose("old");
  await clock.advance(120_000);
  there = "new";
  await clock.advance(15_000);
  assert.deepEqual(list.status(), [
    { address: "/b", connected: true, peerId: "new", error: null, failedAtMs: null },
  ]);
  assert.deepEqual(lines, [
    "warn a bootstrap address does not work: the connection was refused",
    "info another node answers at this bootstrap address now",
    "info a bootstrap address works again",
  ]);
});

it("keeps to the peer that the operator named, and says what differs", async () => {
  const { clock, list, lines } = makeList((_, expected) =>
    expected === "named" ? new BootstrapFailure("node other answers there") : "other",
  );
  list.add("/b/p2p/named", "named");
  await clock.advance(600_000);
  assert.equal(list.status()[0]?.connected, false);
  assert.equal(list.status()[0]?.error, "node other answers there");
  assert.deepEqual(lines, ["warn a bootstrap address does not work: node other answers there"]);
});

it("says each new failure, and that it works again", async () => {
  let there: Answer = new BootstrapFailure("one");
  const { clock, list, lines } = makeList(() => there);
  list.add("/b", undefined);
  await clock.advance(60_000);
  there = new BootstrapFailure("two");
  await clock.advance(60_000);
  there = "b";
  await clock.advance(60_000);
  assert.deepEqual(lines, [
    "warn a bootstrap address does not work: one",
    "warn a bootstrap address does not work: two",
    "info a bootstrap address works again",
  ]);
});

it("takes no own address for a fault, and a peer that comes by itself for connected", async () => {
  const own = new BootstrapFailure("it is this node's own address", { isOwn: true });
  const { clock, dials, list, lines, connected } = makeList((address) =>
    address === "/own" ? own : new BootstrapFailure("refused"),
  );
  list.add("/own", undefined);
  list.add("/b/p2p/b", "b");
  await clock.advance(1);
  connected.add("b");
  list.connected("b");
  const before = dials.filter(({ address }) => address === "/b/p2p/b").length;
  await clock.advance(120_000);
  assert.equal(dials.filter(({ address }) => address === "/b/p2p/b").length, before);
  assert.deepEqual(
    list.status().map((status) => status.connected),
    [false, true],
  );
  assert.ok(lines.includes("info a bootstrap address is not used: it is this node's own address"));
});

it("says why this node hung up on the peer there, and that this node is full", async () => {
  const { clock, list, lose, fill } = makeList(() => "b");
  list.add("/b", undefined);
  await clock.advance(1_000);
  list.refused("b", "a node of another network answers there");
  lose("b", "other-network");
  assert.equal(list.status()[0]?.error, "a node of another network answers there");
  await clock.advance(20_000);
  fill(true);
  lose("b");
  await clock.advance(20_000);
  assert.match(list.status()[0]?.error ?? "", /all the connections/);
});

it("says failures that alternate once each, and a peer that always hangs up no more often", async () => {
  let tries = 0;
  const { clock, list, lines, lose } = makeList(() => {
    tries += 1;
    return tries % 3 === 0 ? "b" : new BootstrapFailure(tries % 3 === 1 ? "one" : "two");
  });
  list.add("/b", undefined);
  for (let second = 0; second < 3_600; second += 1) {
    await clock.advance(1_000);
    if (list.status()[0]?.connected) lose("b");
  }
  assert.ok(tries > 200);
  assert.ok(lines.length <= 6, lines.join("\n"));
});

it("looks at a connection whose end nobody has told of", async () => {
  const { clock, connected, dials, list } = makeList(() => "b");
  list.add("/b", undefined);
  await clock.advance(60_000);
  connected.delete("b");
  await clock.advance(16_000);
  assert.equal(dials.length, 2);
});

it("dials a peer that hangs up at once no more often than its back-off says", async () => {
  const { clock, dials, list, lose } = makeList(() => "b");
  list.add("/b", undefined);
  for (let index = 0; index < 600; index += 1) {
    await clock.advance(100);
    lose("b");
  }
  assert.ok(dials.length >= 4 && dials.length <= 12, `${dials.length} dials in a minute`);
});

it("tries each address at once where it is told to, and knows until when a try is under way", async () => {
  let there: Answer = new BootstrapFailure("nothing listens there");
  const { clock, dials, list } = makeList(() => there);
  for (const address of ["/a", "/b"]) list.add(address, undefined);
  await clock.advance(600_000);
  const before = dials.length;
  there = "back";
  list.dialAll();
  assert.deepEqual(
    dials
      .slice(before)
      .map(({ address }) => address)
      .sort(),
    ["/a", "/b"],
  );
  assert.ok(list.isDialling());
  await clock.advance(1);
  assert.ok(!list.isDialling());
  assert.ok(list.status().every(({ connected }) => connected));
  list.dialAll();
  assert.equal(dials.length, before + 2, "who is connected is not dialled");
});
