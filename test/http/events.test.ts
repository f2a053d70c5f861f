/** The event stream over real connections: what it tells, in which order, again after a break, and to whom not. */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { toHex } from "../../src/base/bytes.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import { alice, authorities, BlockBuilder, bob, keyPairNamed, testSpec } from "../chain/block-builder.ts";
import { type ApiRig, openApiRig, type RigOptions } from "./api-rig.ts";
import { EventReader } from "./event-reader.ts";

const pow = new BlockBuilder(testSpec("pow"));
const carol = keyPairNamed("carol");

async function open(options: RigOptions = {}): Promise<ApiRig> {
  return openApiRig({ spec: pow.spec, ...options });
}

async function give(rig: ApiRig, ...blocks: readonly ReturnType<typeof pow.on>[]): Promise<void> {
  for (const { block } of blocks) assert.ok((await rig.chain.importBlock(block)).ok);
}

async function problemOf(response: Response): Promise<Record<string, unknown>> {
  return { status: response.status, ...((await response.json()) as object) };
}

describe("the event stream", () => {
  const rigs: ApiRig[] = [];
  const opened = async (options?: RigOptions) => {
    const rig = await open(options);
    rigs.push(rig);
    return rig;
  };
  after(async () => {
    for (const rig of rigs) await rig.close();
  });

  it("begins with a snapshot and tells of each head, block and transaction in order", async () => {
    const rig = await opened();
    const reader = await EventReader.open(rig.url, "/v1/events?topics=head,block,transaction,mempool");
    assert.equal(reader.response.headers["content-type"], "text/event-stream; charset=utf-8");
    assert.match(reader.response.headers["cache-control"] ?? "", /no-store/);
    assert.equal(reader.response.headers["x-accel-buffering"], "no");
    assert.equal(reader.response.headers["content-encoding"], undefined);
    await reader.until("the snapshot", ({ events }) => events.length === 1);
    const [snapshot] = reader.of("snapshot");
    assert.equal(snapshot?.head.hash, rig.chain.head.hashHex);
    assert.deepEqual(snapshot?.topics, ["head", "block", "transaction", "mempool"]);

    const sent = pow.transfer(alice, 0, bob, 7n);
    assert.ok((await rig.mempool.add(sent)).ok);
    const first = pow.on(pow.genesis, { transactions: [sent] });
    await give(rig, first);
    await reader.until("the block's events", () => reader.of("block").length === 1);
    assert.deepEqual(
      reader.events.map(({ event }) => event),
      ["snapshot", "mempool", "head", "transaction", "block"],
    );
    const [pending] = reader.of("mempool");
    assert.deepEqual(
      [pending?.status, pending?.id, pending?.count, pending?.amount],
      ["pending", sent.idHex, 1, "0.00000007"],
    );
    const [head] = reader.of("head");
    assert.equal(head?.hash, first.block.hashHex);
    assert.equal(head?.reorganization, null);
    const [transaction] = reader.of("transaction");
    assert.deepEqual(transaction, {
      status: "committed",
      id: sent.idHex,
      kind: "transfer",
      sender: addressOf(alice.publicKey),
      sequence: 0,
      feeUnits: "0",
      to: addressOf(bob.publicKey),
      assetId: "AUR",
      amountUnits: "7",
      amount: "0.00000007",
      memo: "",
      block: { height: 1, hash: first.block.hashHex },
      position: 0,
    });
    const numbers = reader.events.map(({ id }) => Number(id?.split("-")[1]));
    assert.deepEqual(
      numbers,
      [0, 1, 2, 3, 4],
      "each event has its number, the snapshot that of the event before",
    );
    reader.close();
  });

  it("tells of a reorganization inside the head event: ancestor, blocks and transactions that left and joined", async () => {
    const rig = await opened();
    const reader = await EventReader.open(rig.url, "/v1/events?topics=head,reorg,transaction,block");
    const sent = pow.transfer(alice, 0, bob, 8n);
    const trunk = pow.on(pow.genesis);
    const ours = pow.branch(pow.on(trunk, { transactions: [sent] }), 1);
    const [lower, upper] = [pow.on(trunk, { transactions: [sent] }), ours[0]];
    assert.ok(lower && upper);
    await give(rig, trunk, lower, upper === undefined ? trunk : pow.on(lower));
    const fork = pow.on(trunk, { laterMs: 1 });
    const theirs = [fork, ...pow.branch(fork, 2)];
    await give(rig, ...theirs);
    await reader.until("the new branch", () => reader.of("reorg").length === 1);
    await reader.until("the transaction that left", () => reader.of("transaction").length === 2);
    const moved = reader.of("head").at(-1);
    assert.equal(moved?.hash, theirs[2]?.block.hashHex);
    assert.deepEqual(moved?.reorganization?.ancestor, { height: 1, hash: trunk.block.hashHex });
    assert.deepEqual(
      moved?.reorganization?.reverted.map(({ height }) => height),
      [3, 2],
    );
    assert.deepEqual(
      moved?.reorganization?.applied.map(({ hash }) => hash),
      theirs.map(({ block }) => block.hashHex),
    );
    const [reorg] = reader.of("reorg");
    assert.deepEqual(reorg?.ancestor, moved?.reorganization?.ancestor);
    assert.deepEqual(
      reader.of("transaction").map(({ status, block }) => [status, block.hash]),
      [
        ["committed", lower.block.hashHex],
        ["reverted", lower.block.hashHex],
      ],
    );
    await reader.until("blocks beside the chain", () => reader.of("block").length === 6);
    assert.deepEqual(
      reader.of("block").map(({ canonical }) => canonical),
      [true, true, true, false, false, true],
    );
    reader.close();
  });

  it("goes on after a break without loss or repetition, by header and by query", async () => {
    const rig = await opened();
    const path = "/v1/events?topics=head";
    const blocks = pow.branch(pow.genesis, 30);
    const heights: number[] = [];
    let lastId = "";
    for (const [round, ask] of [
      () => EventReader.open(rig.url, path),
      () => EventReader.open(rig.url, path, { headers: { "last-event-id": lastId } }),
      () => EventReader.open(rig.url, `${path}&lastEventId=${lastId}`),
    ].entries()) {
      const reader = await ask();
      await give(rig, ...blocks.slice(round * 10, round * 10 + 5));
      await reader.until("five heads and a snapshot", () => reader.of("snapshot").length === 1);
      await reader.until("what happened while it was away, and five heads more", () =>
        reader.of("head").some(({ height }) => height === round * 10 + 5),
      );
      assert.deepEqual(reader.of("gap"), []);
      heights.push(...reader.of("head").map(({ height }) => height));
      ({ lastId } = reader);
      reader.close();
      await give(rig, ...blocks.slice(round * 10 + 5, round * 10 + 10));
    }
    assert.deepEqual(
      heights,
      Array.from({ length: 25 }, (_, index) => index + 1),
    );
  });

  it("says that there is a gap after a restart, for what is not kept, and for a topic that nobody listened to", async () => {
    const rig = await opened({ events: { ring: { entriesMax: 4, bytesMax: 1 << 20 } } });
    const gapOf = async (query: string) => {
      const reader = await EventReader.open(rig.url, `/v1/events?${query}`);
      await reader.until("the snapshot", () => reader.of("snapshot").length === 1);
      reader.close();
      const names = reader.events.map(({ event }) => event);
      return reader.of("gap")[0]?.reason ?? names.join();
    };
    assert.equal(await gapOf("topics=head&lastEventId=0123456789ab-0"), "other-process");
    const reader = await EventReader.open(rig.url, "/v1/events?topics=head");
    await reader.until("the snapshot", () => reader.of("snapshot").length === 1);
    const first = reader.lastId;
    assert.equal(await gapOf(`topics=head&lastEventId=${first}`), "snapshot");
    await give(rig, ...pow.branch(pow.genesis, 6));
    await reader.until("six heads", () => reader.of("head").length === 6);
    assert.equal(await gapOf(`topics=head&lastEventId=${first}`), "not-kept");
    assert.equal(await gapOf(`topics=head&lastEventId=${reader.lastId}`), "snapshot");
    assert.equal(await gapOf(`topics=head,final&lastEventId=${first}`), "not-kept");
    reader.close();
  });

  it("tells who asks for an account of its transactions alone, by address or by name", async () => {
    const rig = await opened();
    const named = pow.sign(carol, 0, { kind: "registerUser", name: Buffer.from("carol") });
    const first = pow.on(pow.genesis, { transactions: [named] });
    await give(rig, first);
    const readers = await Promise.all(
      [addressOf(bob.publicKey), "carol", `carol,${toHex(bob.publicKey)}`].map((account) =>
        EventReader.open(rig.url, `/v1/events?topics=head,transaction,mempool&account=${account}`),
      ),
    );
    const toBob = pow.transfer(alice, 0, bob, 3n);
    const toCarol = pow.transfer(alice, 1, carol, 4n);
    const byCarol = pow.sign(carol, 1);
    for (const each of [toBob, toCarol, byCarol]) assert.ok((await rig.mempool.add(each)).ok);
    await give(rig, pow.on(first, { transactions: [toBob, toCarol, byCarol] }));
    const expected = [[toBob], [toCarol, byCarol], [toBob, toCarol, byCarol]];
    for (const [index, reader] of readers.entries()) {
      const ids = expected[index]?.map(({ idHex }) => idHex);
      await reader.until("its own", () => reader.of("transaction").length === ids?.length);
      assert.deepEqual(
        reader.of("transaction").map(({ id }) => id),
        ids,
      );
      assert.deepEqual(
        reader.of("mempool").map(({ id }) => id),
        ids,
      );
      assert.equal(reader.of("head").length, 1, "the head is everybody's");
      reader.close();
    }
  });

  it("refuses what it does not know, and too many readers, with what to do", async () => {
    const rig = await opened({ events: { listenersMax: 3, listenersPerAddressMax: 2 } });
    const refusal = async (query: string) => problemOf(await fetch(`${rig.url}/v1/events?${query}`));
    const topics = await refusal("topics=head,heads");
    assert.equal(topics.status, 400);
    assert.match(String(topics.detail), /head, block, reorg/);
    assert.match(String((await refusal("topic=head")).detail), /topics/);
    assert.equal((await refusal("account=nobody")).status, 404);
    assert.equal((await refusal("account=aurex1qqqq")).code, "api/address-invalid");
    const many = Array.from({ length: 65 }, () => addressOf(bob.publicKey)).join();
    assert.match(String((await refusal(`account=${many}`)).detail), /65 accounts are more than 64/);
    assert.equal((await refusal("lastEventId=7")).status, 400);
    const readers = [
      await EventReader.open(rig.url, "/v1/events"),
      await EventReader.open(rig.url, "/v1/events"),
    ];
    const third = await fetch(`${rig.url}/v1/events`);
    assert.equal(third.headers.get("retry-after"), "10");
    assert.equal((await problemOf(third)).code, "events/too-many");
    assert.equal(third.status, 429);
    readers[0]?.close();
    let again: EventReader | undefined;
    await readers[1]?.until("a place is free", async () => {
      again = await EventReader.open(rig.url, "/v1/events");
      if (again.response.statusCode === 200) return true;
      again.close();
      return false;
    });
    again?.close();
    readers[1]?.close();
  });

  it("keeps all events of a full block for a reader that reads nothing meanwhile", async () => {
    const rig = await opened();
    const reader = await EventReader.open(rig.url, "/v1/events?topics=head,transaction", { reads: false });
    const attentive = await EventReader.open(rig.url, "/v1/events?topics=head,transaction");
    await attentive.until("the snapshot", () => attentive.of("snapshot").length === 1);
    // As many transfers as a block of 1 MiB has room for.
    const sent = Array.from({ length: 4_880 }, (_, sequence) => pow.transfer(alice, sequence, bob, 1n));
    await give(rig, pow.on(pow.genesis, { transactions: sent }));
    for (const each of [attentive, reader]) {
      if (each === reader) each.read();
      await each.until("the whole block", () => each.of("transaction").length === sent.length);
      assert.deepEqual(
        each.of("transaction").map(({ id }) => id),
        sent.map(({ idHex }) => idHex),
      );
      assert.equal(each.of("dropped").length + each.of("gap").length, 0);
      each.close();
    }
  });

  it("goes to pages of named origins, and to no other page", async () => {
    const origin = "https://wallet.example.com";
    const rig = await opened({ door: { corsOrigins: [origin] } });
    const reader = await EventReader.open(rig.url, "/v1/events", { headers: { origin } });
    await reader.until("the snapshot", () => reader.of("snapshot").length === 1);
    assert.equal(reader.response.headers["access-control-allow-origin"], origin);
    assert.equal(reader.response.headers["x-content-type-options"], "nosniff");
    reader.close();
    for (const headers of [
      { origin: "https://evil.example" },
      { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" },
      { host: "rebound.example" },
    ]) {
      const refused = await EventReader.open(rig.url, "/v1/events", { headers, reads: false });
      assert.equal(refused.response.statusCode, 403, JSON.stringify(headers));
      assert.notEqual(refused.response.headers["content-type"], "text/event-stream; charset=utf-8");
      refused.close();
    }
  });

  it("shows with comments that the connection lives", async () => {
    const rig = await opened({ events: { heartbeatMs: 30 } });
    const reader = await EventReader.open(rig.url, "/v1/events");
    await reader.until("three comments", ({ beats }) => beats >= 3);
    reader.close();
  });

  it("tells of the node's state when it changes, and of advice as it comes and goes", async () => {
    const status: { peers: number; advice: unknown[] } = { peers: 0, advice: [] };
    const rig = await opened({ status: status as NonNullable<RigOptions["status"]> });
    const reader = await EventReader.open(rig.url, "/v1/events?topics=status,warning");
    await reader.until("the snapshot", () => reader.of("snapshot").length === 1);
    status.peers = 3;
    status.advice = [
      { code: "disk", fault: true, what: "the disk is full", why: "it is", next: "make room" },
    ];
    await reader.until("the change", () => reader.of("status").length === 1);
    assert.equal(reader.of("status")[0]?.peers, 3);
    await reader.until("the warning", () => reader.of("warning").length === 1);
    status.advice = [];
    await reader.until("that it is over", () => reader.of("warning").length === 2);
    assert.deepEqual(
      reader.of("warning").map(({ state, code, next }) => [state, code, next]),
      [
        ["raised", "disk", "make room"],
        ["cleared", "disk", "make room"],
      ],
    );
    reader.close();
  });

  it("tells of an authority that contradicts itself, and of the authorities when they change", async () => {
    const poa = new BlockBuilder(testSpec("poa"));
    const [first, second, third] = authorities as [KeyPair, KeyPair, KeyPair];
    const rig = await opened({ spec: poa.spec });
    const reader = await EventReader.open(rig.url, "/v1/events?topics=authority,final");
    const [one, other] = [0, 5].map((laterMs) => poa.on(poa.genesis, { producer: third, laterMs }));
    assert.ok(one && other);
    await give(rig, one, other);
    await reader.until("the evidence", () => reader.of("authority").length === 1);
    const offender = addressOf(third.publicKey);
    assert.deepEqual(reader.of("authority"), [
      { change: "evidence", authority: offender, kind: "double-seal" },
    ]);
    const head = rig.chain.head.hashHex === one.block.hashHex ? one : other;
    const section = rig.chain.sectionOn(head.record);
    await give(rig, poa.on(head, { producer: first, section }));
    await reader.until("the new set", () => reader.of("authority").length === 2);
    const remaining = [first, second].map(({ publicKey }) => addressOf(publicKey));
    assert.deepEqual(reader.of("authority")[1], {
      change: "set",
      authorities: remaining,
      added: [],
      removed: [offender],
      head: { height: 2, hash: rig.chain.head.hashHex },
    });
    reader.close();
  });

  it("ends every stream with an event when the node stops, read or not", async () => {
    const rig = await open();
    const reader = await EventReader.open(rig.url, "/v1/events");
    const deaf = await EventReader.open(rig.url, "/v1/events", { reads: false });
    await reader.until("the snapshot", () => reader.of("snapshot").length === 1);
    await rig.close();
    await reader.until("the end", ({ hasEnded }) => hasEnded);
    assert.equal(reader.events.at(-1)?.event, "stopping");
    deaf.read();
    await deaf.until("the end", ({ hasEnded }) => hasEnded);
    assert.equal(deaf.events.at(-1)?.event, "stopping");
  });
});
