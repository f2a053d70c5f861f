/** GET /metrics of running APIs, parsed by the rules of Prometheus' text format. */
import assert from "node:assert/strict";
import { statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { describe, it, type TestContext } from "node:test";
import type { NodeStatus } from "../../src/api/node-status.ts";
import { fromUtf8, toHex } from "../../src/base/bytes.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import type { Payload } from "../../src/protocol/transaction.ts";
import { AuthorityChain } from "../consensus/authority-chain.ts";
import { alice, openApiRig, type RigOptions } from "./api-rig.ts";
import { EventReader } from "./event-reader.ts";

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

async function rigOf(t: TestContext, options: RigOptions = {}) {
  const rig = await openApiRig(options);
  t.after(() => rig.close());
  return rig;
}

/** The figure that a sample belongs to: a histogram has several. */
function aboutOf(name: string, types: ReadonlyMap<string, string>): string {
  return types.has(name) ? name : name.replace(/_(?:bucket|sum|count)$/, "");
}

async function scrape(url: string): Promise<{ samples: Sample[]; types: Map<string, string> }> {
  const response = await fetch(`${url}/metrics`);
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
  const samples: Sample[] = [];
  const types = new Map<string, string>();
  const helped = new Set<string>();
  for (const line of (await response.text()).split("\n").filter((text) => text !== "")) {
    const [, kind, about, rest] = /^# (HELP|TYPE) ([a-z_]+) (.+)$/.exec(line) ?? [];
    if (kind === "HELP") helped.add(about as string);
    if (kind === "TYPE") types.set(about as string, rest as string);
    if (kind) continue;
    const sample = /^([a-z_]+)\{(.*)\} (\S+)$/.exec(line);
    assert.ok(sample, `no sample: ${line}`);
    const [, name, labelText, value] = sample as unknown as [string, string, string, string];
    const labels = [...labelText.matchAll(/([a-z_]+)="([^"]*)"(?:,|$)/g)].map(([, key, text]) => [key, text]);
    assert.ok(Number.isFinite(Number(value)), line);
    const described = aboutOf(name, types);
    assert.ok(types.has(described) && helped.has(described), `${name} has no type or no help`);
    samples.push({ name, labels: Object.fromEntries(labels), value: Number(value) });
  }
  const keys = samples.map(({ name, labels }) => JSON.stringify([name, labels]));
  assert.equal(new Set(keys).size, keys.length, "no sample twice");
  return { samples, types };
}

async function valuesOf(url: string): Promise<Record<string, number>> {
  const { samples } = await scrape(url);
  return Object.fromEntries(samples.map(({ name, value }) => [name, value]));
}

type StatusChanges = { -readonly [Field in keyof NodeStatus]?: NodeStatus[Field] };

const note: Payload = { kind: "record", data: fromUtf8("note") };

describe("GET /metrics", () => {
  it("shows the node as its status and its chain have it", async (t) => {
    const rig = await rigOf(t);
    assert.ok((await rig.mempool.add(rig.sign(note, alice))).ok);
    await rig.sealWaiting();
    assert.ok((await rig.mempool.add(rig.sign(note, alice, { sequence: 1 }))).ok);
    const { header } = rig.chain.head;
    const values = Object.entries(await valuesOf(rig.url)).filter(
      ([name]) => name.startsWith("aurex_") && !/_(?:api_request|block_stage|event_loop)/.test(name),
    );
    assert.ok(header.height > 0);
    assert.deepEqual(Object.fromEntries(values), {
      aurex_head_height: header.height,
      aurex_head_timestamp_seconds: header.timestampMs / 1_000,
      aurex_final_height: 0,
      aurex_head_weight: 1_000,
      aurex_peers: 0,
      aurex_mempool_transactions: 1,
      aurex_sealing: 1,
      aurex_idle: 0,
      aurex_syncing: 0,
      aurex_faults: 0,
      aurex_authorities: 1,
      aurex_authorities_heard: 1,
      aurex_build_info: 1,
      aurex_blocks_connected_total: header.height,
      aurex_own_blocks_connected_total: header.height,
      aurex_transactions_connected_total: 1,
      aurex_own_turns_missed_total: 0,
      aurex_blocks_disconnected_total: 0,
      aurex_reorganizations_total: 0,
      aurex_event_listeners: 0,
      aurex_event_listeners_dropped_total: 0,
      aurex_events_total: 0,
    });
  });

  it("counts those who follow the events, and what they were told", async (t) => {
    const rig = await rigOf(t);
    const reader = await EventReader.open(rig.url, "/v1/events?topics=head,mempool");
    await reader.until("the snapshot", () => reader.of("snapshot").length === 1);
    assert.ok((await rig.mempool.add(rig.sign(note, alice))).ok);
    await reader.until("the transaction", () => reader.of("mempool").length === 1);
    const values = await valuesOf(rig.url);
    assert.equal(values.aurex_event_listeners, 1);
    assert.equal(values.aurex_events_total, 1);
    reader.close();
    await reader.until("it is gone", async () => (await valuesOf(rig.url)).aurex_event_listeners === 0);
  });

  it("has a type for each figure, and node and chain as labels of every one", async (t) => {
    const rig = await rigOf(t);
    const { samples, types } = await scrape(rig.url);
    const chain = toHex(rig.chain.spec.chainId).slice(0, 16);
    const own = new Set([
      "software",
      "consensus",
      "runtime",
      "stage",
      "quantile",
      "method",
      "route",
      "status",
      "le",
    ]);
    for (const { name, labels } of samples) {
      const about = aboutOf(name, types);
      const type = about === name ? (name.endsWith("_total") ? "counter" : "gauge") : "histogram";
      assert.equal(types.get(about), type, name);
      const { software, consensus, runtime } = labels;
      const rest = Object.fromEntries(Object.entries(labels).filter(([label]) => !own.has(label)));
      assert.deepEqual(rest, { node: "rig", chain });
      if (name !== "aurex_build_info") continue;
      assert.deepEqual([software, consensus, runtime], ["aurex/test", "poa", process.version]);
    }
  });

  it("shows a figure only while the node has it", async (t) => {
    const status: StatusChanges = {
      consensus: "pow",
      mining: true,
      authority: false,
      quorum: null,
      hashesPerSecond: 12_345,
      sealing: "waiting",
      notSealingBecause: "syncing",
      syncing: { height: 3, targetHeight: 900 },
      final: { height: 7, hash: "00" },
      advice: [
        { code: "disk", fault: true, what: "full", why: "full", next: "make room" },
        { code: "candidates", fault: false, what: "one asks", why: "it asks", next: "vote" },
      ],
    };
    const rig = await rigOf(t, { status });
    const before = await valuesOf(rig.url);
    assert.deepEqual(
      [before.aurex_hashes_per_second, before.aurex_sealing, before.aurex_syncing, before.aurex_final_height],
      [12_345, 0, 1, 7],
    );
    assert.equal(before.aurex_faults, 1);
    assert.ok(!("aurex_authorities" in before));
    status.hashesPerSecond = null;
    status.final = null;
    const after = await valuesOf(rig.url);
    assert.ok(!("aurex_hashes_per_second" in after) && !("aurex_final_height" in after));
  });

  it("shows an idle node as healthy, and one that is kept from sealing as not", async (t) => {
    const status: StatusChanges = { sealing: "idle", notSealingBecause: "nothing to seal" };
    const rig = await rigOf(t, { status });
    const figures = async () => {
      const { aurex_sealing, aurex_idle } = await valuesOf(rig.url);
      return [aurex_sealing, aurex_idle];
    };
    assert.deepEqual(await figures(), [1, 1]);
    status.sealing = "blocked";
    assert.deepEqual(await figures(), [0, 0]);
    status.sealing = "sealing";
    assert.deepEqual(await figures(), [1, 0]);
    status.sealing = "off";
    assert.deepEqual(await figures(), [undefined, undefined]);
  });

  it("times the stages of a block, and the requests by route and status, whatever paths are asked for", async (t) => {
    const rig = await rigOf(t);
    assert.ok((await rig.mempool.add(rig.sign(note, alice))).ok);
    await rig.sealWaiting();
    const asked = [
      "/v1/node",
      "/v1/node",
      `/v1/blocks/${"0".repeat(64)}`,
      "/v1/blocks/x",
      "/nowhere",
      "/elsewhere",
    ];
    for (const path of asked) await (await fetch(`${rig.url}${path}`)).text();
    await (await fetch(`${rig.url}/v1/authorities/open`, { method: "POST" })).text();
    const { samples } = await scrape(rig.url);
    const countOf = (name: string, wanted: Record<string, string>) =>
      samples.find(
        (sample) =>
          sample.name === name &&
          Object.entries(wanted).every(([label, text]) => sample.labels[label] === text),
      )?.value;
    const blocks = rig.chain.head.header.height;
    for (const stage of ["verify", "execute", "commit"]) {
      assert.equal(countOf("aurex_block_stage_seconds_count", { stage }), blocks, stage);
    }
    const requests = samples.filter(({ name }) => name === "aurex_api_requests_total");
    assert.deepEqual(
      requests.map(({ labels: { method, route, status }, value }) => [method, route, status, value]).sort(),
      [
        ["GET", "/v1/blocks/{reference}", "400", 1],
        ["GET", "/v1/blocks/{reference}", "404", 1],
        ["GET", "/v1/node", "200", 2],
        ["POST", "/v1/authorities/open", "401", 1],
        ["any", "none", "404", 2],
      ],
    );
    assert.equal(countOf("aurex_api_request_seconds_count", { route: "/v1/node" }), 2);
    for (const quantile of ["0.5", "0.99", "1"]) {
      assert.ok((countOf("aurex_event_loop_delay_seconds", { quantile }) ?? -1) >= 0, quantile);
    }
  });

  it("counts the turns that an authority let pass, and not those of others", async (t) => {
    const three = new AuthorityChain(3);
    for (const [place, { publicKey }] of three.keys.entries()) {
      const status = { address: addressOf(publicKey) };
      const rig = await rigOf(t, { spec: three.builder.spec, status });
      const missed = [0, 0, 0];
      let tip = three.genesis;
      for (const rank of [0, 2, 1, 0, 2]) {
        const order = [0, 1, 2].map((each) => (tip.block.header.height + 1 + each) % 3);
        for (const silent of order.slice(0, rank)) missed[silent] = (missed[silent] as number) + 1;
        tip = three.child(tip, { producer: three.keys[order[rank] as number] as KeyPair });
        assert.ok((await rig.chain.importBlock(tip.block)).ok);
      }
      assert.deepEqual((await valuesOf(rig.url)).aurex_own_turns_missed_total, missed[place]);
      assert.ok(missed.some((count) => count !== missed[place]));
    }
  });

  it("shows what the process has of its machine, and the room on the disk of its data", async (t) => {
    const dataDir = tmpdir();
    const rig = await rigOf(t, { status: { dataDir } });
    const values = await valuesOf(rig.url);
    const { bsize, blocks } = await statfs(dataDir);
    const free = values.aurex_disk_free_bytes ?? -1;
    assert.ok(free > 0 && free <= bsize * blocks, String(free));
    const startedMs = (values.process_start_time_seconds ?? 0) * 1_000;
    assert.ok(Math.abs(startedMs - (Date.now() - performance.now())) < 5_000, String(startedMs));
    if (process.platform !== "linux") return;
    const open = values.process_open_fds ?? 0;
    assert.ok(open > 3 && open <= (values.process_max_fds ?? 0));
  });

  it("keeps the figures of two APIs in one process apart", async (t) => {
    const rigs = [await rigOf(t), await rigOf(t, { status: { name: "other", peers: 5 } })];
    const [one, other] = await Promise.all(rigs.map(({ url }) => valuesOf(url)));
    assert.deepEqual([one?.aurex_peers, other?.aurex_peers], [0, 5]);
  });

  it("lets go of the chain with the stop of the API", async (t) => {
    const rig = await rigOf(t);
    assert.ok(rig.chain.events.listenerCount("headChanged") > 1);
    await rig.api.stop();
    // The mempool's.
    assert.equal(rig.chain.events.listenerCount("headChanged"), 1);
  });
});
