/** The founding over hosts: what a founder writes, and peers whose chain is not what they say. */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { fromUtf8, toHex } from "../../src/base/bytes.ts";
import { sleep } from "../../src/base/clock.ts";
import { type Logger, silentLogger } from "../../src/base/logger.ts";
import { foundedSpec, trustText } from "../../src/network/founding/founded-spec.ts";
import { type FoundedChain, type FoundingOptions, foundOrJoin } from "../../src/network/founding/founding.ts";
import { listenMs, meetingMaxMs } from "../../src/network/founding/founding-decision.ts";
import { genesisProtocol, type Handshake, type Status } from "../../src/network/messages.ts";
import type { PeerHost } from "../../src/network/peer-host.ts";
import { noStatus } from "../../src/network/peers/status.ts";
import { chainSpecFromJson, chainSpecToJson } from "../../src/protocol/chain-spec-json.ts";
import {
  type AdmissionPolicy,
  admissionNumbers,
  type ChainSpec,
  decodeGenesis,
  GenesisType,
} from "../../src/protocol/genesis.ts";
import { sha256, zeroBytes32 } from "../../src/protocol/hashing.ts";
import { nodeIdOf } from "../../src/protocol/identity.ts";
import { keyPairNamed } from "../chain/block-builder.ts";
import { createMemoryNetwork } from "../support/network/memory-network.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";
import { serveGreeting } from "./greeting-words.ts";
import { seededRandom } from "./host-rigs.ts";

const startMs = Date.parse("2026-01-01T00:00:00.000Z");

function specOf(name: string, admission: AdmissionPolicy = "open-lan"): ChainSpec {
  return foundedSpec({
    network: "lab",
    founder: keyPairNamed(name).publicKey,
    admission,
    nowMs: startMs,
    salt: sha256(fromUtf8(name)),
  });
}

describe("the genesis of a founder", () => {
  it("has its key as the one authority with AUR to spend, and the parameters of a LAN", () => {
    const { publicKey } = keyPairNamed("founder");
    const { name, consensus, genesis } = specOf("founder");
    assert.deepEqual([name, consensus], ["lab", "poa"]);
    assert.deepEqual(genesis.authorities, [publicKey]);
    assert.deepEqual(genesis.allocations, [{ account: publicKey, amount: 100_000_000_000_000n }]);
    assert.equal(genesis.minimumFee, 1n);
    assert.deepEqual([genesis.periodMs, genesis.stepMs, genesis.heartbeatMs], [2_000, 1_000, 30_000]);
    assert.deepEqual([genesis.timestampMs, genesis.joinWindowMs], [startMs, 3_600_000]);
  });

  it("is the same chain after its bytes and its JSON, for every policy, and says what trust it means", () => {
    const texts = new Set<string>();
    for (const admission of Object.keys(admissionNumbers) as AdmissionPolicy[]) {
      const spec = specOf("founder", admission);
      assert.equal(spec.admission, admission);
      assert.equal(spec.genesis.joinWindowMs > 0, admission === "open-lan");
      for (const again of [
        decodeGenesis(GenesisType.serialize(spec.genesis)),
        chainSpecFromJson(chainSpecToJson(spec)),
      ]) {
        assert.ok(again.ok);
        assert.deepEqual(again.value.chainId, spec.chainId);
      }
      assert.ok(trustText(spec).startsWith(`${admission}: `));
      texts.add(trustText(spec));
    }
    assert.equal(texts.size, 3);
    assert.match(trustText(specOf("founder")), /everyone on this LAN .* until 2026-01-01T01:00:00\.000Z$/);
  });
});

async function* hang(): AsyncIterable<Uint8Array> {
  await new Promise(() => {});
  yield new Uint8Array(0);
}

class Lan {
  /** How long the last one to end took; simulated. */
  tookMs = Infinity;
  readonly clock = createSimulatedClock(startMs);
  readonly messages: string[] = [];
  readonly #network: ReturnType<typeof createMemoryNetwork>;
  readonly #t: Pick<TestContext, "after">;
  readonly #names: string[] = [];

  constructor(t: Pick<TestContext, "after">, latencyMs: readonly [number, number] = [1, 20]) {
    this.#t = t;
    const modules = { clock: this.clock, random: seededRandom(1) };
    this.#network = createMemoryNetwork({ latencyMs, loss: 0 }, modules);
  }

  host(name: string): PeerHost {
    const ids = this.#names.map((known) => nodeIdOf(keyPairNamed(known).publicKey));
    this.#names.push(name);
    const bootstrap = ids.map((id) => `/memory/${id}/p2p/${id}`);
    return this.#network.createHost(nodeIdOf(keyPairNamed(name).publicKey), { bootstrap });
  }

  /** A peer that says `changes` of itself and serves these bytes as the genesis of anything. */
  async peer(
    name: string,
    changes: Partial<Handshake & Status>,
    genesis?: Uint8Array | "hangs",
    answersInMs = 0,
    startsInMs = 0,
  ): Promise<PeerHost> {
    const host = this.host(name);
    const limits = { timeoutMs: 5_000, rateLimit: { requests: 100, perMs: 1_000 } };
    const { publicKey } = keyPairNamed(name);
    const none = { network: fromUtf8("lab"), engine: 2, chainId: zeroBytes32, publicKey, mayFound: 0 };
    const handshake = { ...none, clockMs: startMs, name: fromUtf8(name), ...changes };
    serveGreeting(
      host,
      handshake,
      () => ({ ...noStatus, ...changes }),
      () => sleep(this.clock, answersInMs),
    );
    host.serve(genesisProtocol, {
      ...limits,
      requestBytesMax: 32,
      chunkBytesMax: 1 << 20,
      handle: () => (genesis === "hangs" ? hang() : genesis ? [genesis] : []),
    });
    if (startsInMs > 0) await sleep(this.clock, startsInMs);
    await host.start();
    this.#t.after(() => host.stop());
    return host;
  }

  /**
   * What a node without a chain ends with; undefined where that takes longer than a simulated minute.
   *
   * @param startsInMs how long its host takes to start
   */
  async ends(
    name: string,
    changes: Partial<FoundingOptions> = {},
    startsInMs = 0,
  ): Promise<FoundedChain | undefined> {
    const say = (_fields: object, message: string) => void this.messages.push(message);
    const logger: Logger = { ...silentLogger, info: say, warn: say };
    const { publicKey } = keyPairNamed(name);
    const options = {
      network: "lab",
      name,
      publicKey,
      authority: true,
      expect: 1,
      admission: "vote",
    } as const;
    const host = this.host(name);
    const start = host.start.bind(host);
    host.start = async () => {
      await sleep(this.clock, startsInMs);
      await start();
    };
    const modules = { host, clock: this.clock, logger, salt: () => sha256(publicKey) };
    const stopping = new AbortController();
    const beganMs = this.clock.monotonicMs();
    const ended = foundOrJoin({ ...options, ...changes }, modules, stopping.signal);
    void ended.then(() => {
      this.tookMs = this.clock.monotonicMs() - beganMs;
    });
    await this.clock.advance(60_000);
    stopping.abort();
    return ended;
  }
}

describe("a node without a chain", () => {
  it("founds one with its own policy where nobody is, and none after it was told to stop", async (t) => {
    const alone = await new Lan(t).ends("alone");
    assert.equal(alone?.origin, "founded");
    assert.equal(alone?.spec.admission, "vote");
    assert.deepEqual(alone?.spec.genesis.authorities, [keyPairNamed("alone").publicKey]);
    assert.equal(await new Lan(t).ends("follower", { authority: false }), undefined);
  });

  it("joins a chain whose genesis is the one that its id names", async (t) => {
    const lan = new Lan(t);
    const spec = specOf("other");
    await lan.peer("other", { chainId: spec.chainId }, GenesisType.serialize(spec.genesis));
    const joined = await lan.ends("own", { authority: false });
    assert.equal(joined?.origin, "joined");
    assert.equal(joined && toHex(joined.spec.chainId), toHex(spec.chainId));
  });

  for (const [whose, chainOf] of [
    ["the chain of an honest peer", () => specOf("other").chainId],
    ["a chain of its own", (name: string) => specOf(name).chainId],
  ] as const) {
    it(`joins in time where 1, 4 and 8 peers say that they have ${whose}, and do not serve its genesis`, async (t) => {
      const spec = specOf("other");
      const honest = { chainId: spec.chainId, established: 1 };
      for (const count of [0, 1, 4, 8]) {
        const lan = new Lan(t);
        for (let index = 0; index < count; index += 1) {
          const name = `hostile ${index}`;
          await lan.peer(name, { chainId: chainOf(name), established: 1 }, "hangs");
        }
        await lan.peer("other", honest, GenesisType.serialize(spec.genesis));
        const joined = await lan.ends("own", { authority: false });
        assert.equal(joined && toHex(joined.spec.chainId), toHex(spec.chainId));
        t.diagnostic(`${count}: ${lan.tookMs} ms of simulated time`);
        assert.ok(lan.tookMs <= 2 * listenMs + 10_000, `with ${count} of them: ${lan.tookMs} ms`);
      }
    });
  }

  it("founds in the end where all that say that they have a chain hang", async (t) => {
    const lan = new Lan(t);
    for (const name of ["one", "two", "three"]) {
      await lan.peer(name, { chainId: specOf(name).chainId, established: 1 }, "hangs");
    }
    assert.equal((await lan.ends("own"))?.origin, "founded");
  });

  const spec = specOf("other");
  const genesis = GenesisType.serialize(spec.genesis);
  const powGenesis = GenesisType.serialize({ ...spec.genesis, engine: 1 });
  const refused: [string, Partial<Handshake & Status>, Uint8Array | undefined][] = [
    [
      "another genesis than its id names",
      { chainId: spec.chainId, established: 1 },
      GenesisType.serialize(specOf("x").genesis),
    ],
    [
      "bytes that are no genesis",
      { chainId: sha256(fromUtf8("no genesis")), established: 1 },
      fromUtf8("no genesis"),
    ],
    ["a genesis that can carry no chain", { chainId: sha256(powGenesis), established: 1 }, powGenesis],
    ["no genesis at all", { chainId: spec.chainId, established: 1 }, undefined],
    ["another network's chain", { chainId: spec.chainId, network: fromUtf8("other") }, genesis],
    ["another engine's chain", { chainId: spec.chainId, engine: 1 }, genesis],
    ["a key that is not its own", { chainId: spec.chainId, publicKey: keyPairNamed("x").publicKey }, genesis],
  ];
  for (const [what, said, bytes] of refused) {
    it(`is not kept from founding by a peer that has ${what}`, async (t) => {
      const lan = new Lan(t);
      await lan.peer("other", said, bytes);
      assert.equal((await lan.ends("own"))?.origin, "founded", lan.messages.join("\n"));
    });
  }

  it("listens for its 5 s from when its host is up, which takes a slow machine longer than that", async (t) => {
    const lan = new Lan(t);
    await lan.peer("other", { chainId: spec.chainId, established: 1 }, genesis);
    assert.equal((await lan.ends("own", {}, 8_000))?.origin, "joined");
  });

  it("does not found while a peer that it has met is about to answer", async (t) => {
    const lan = new Lan(t);
    // Its handshake and its status take 3 s each: more than the 5 s of listening, and less than a request may take.
    await lan.peer("other", { chainId: spec.chainId, established: 1 }, genesis, 3_000);
    assert.equal((await lan.ends("own"))?.origin, "joined");
  });

  for (const [what, atMs, latencyMs] of [
    ["comes back just before it would found", 4_990, 1],
    ["is just being dialled", 4_900, 1_000],
  ] as const) {
    it(`does not found while a peer that it has not met ${what}`, async (t) => {
      const lan = new Lan(t, [latencyMs, latencyMs]);
      const other = lan.peer("other", { chainId: spec.chainId, established: 1 }, genesis, 0, atMs);
      assert.equal((await lan.ends("own"))?.origin, "joined");
      await other;
    });
  }

  it("founds after its 5 s where an address refuses, and 10 s later where one answers nothing", async (t) => {
    for (const [latencyMs, tookMs] of [
      [1, listenMs + 1_000],
      [60_000, listenMs + meetingMaxMs + 1_000],
    ] as const) {
      const lan = new Lan(t, [latencyMs, latencyMs]);
      const silent = lan.host("silent");
      if (latencyMs > 1) await silent.start();
      assert.equal((await lan.ends("own"))?.origin, "founded");
      assert.ok(lan.tookMs >= listenMs && lan.tookMs < tookMs, `${lan.tookMs} ms`);
      await silent.stop();
    }
  });

  it("joins only the chain of its invitation, and founds none", async (t) => {
    const lan = new Lan(t);
    await lan.peer("other", { chainId: spec.chainId, established: 1 }, genesis);
    assert.equal(await lan.ends("own", { onlyChain: specOf("x").chainId }), undefined);
    const joined = await lan.ends("own", { onlyChain: spec.chainId });
    assert.equal(joined && toHex(joined.spec.chainId), toHex(spec.chainId));
  });
});
