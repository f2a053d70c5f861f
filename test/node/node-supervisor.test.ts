/** The node supervisor: chains founded and joined over libp2p, data directories that resume and are set aside. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { toHex } from "../../src/base/bytes.ts";
import { type Logger, silentLogger } from "../../src/base/logger.ts";
import { foundedSpec } from "../../src/network/founding/founded-spec.ts";
import type { AurexNode } from "../../src/node/aurex-node.ts";
import {
  changeChain,
  dataDirectory,
  finishChainChange,
  pinChainSpec,
  pinnedChain,
} from "../../src/node/data-directory.ts";
import { keepInvitation, loadNetworkSecret } from "../../src/node/network-secret.ts";
import { NodeSupervisor, type NodeSupervisorOptions } from "../../src/node/supervisor/node-supervisor.ts";
import type { ChainSpec } from "../../src/protocol/genesis.ts";
import { sha256 } from "../../src/protocol/hashing.ts";
import { encodeInvitation } from "../../src/protocol/invitation.ts";
import { readDirectoryLock } from "../../src/store/directory-lock.ts";
import { loadOrCreateNodeKey } from "../../src/wallet/keystore.ts";
import { interceptDisk } from "../sealing/disk-steps.ts";
import { freePort, freePorts } from "../support/free-port.ts";
import { until } from "../support/patience.ts";
import { poaSpecFor, quietOptions, refusedWith, temporaryFolder } from "./node-rig.ts";

function supervisorOptions(
  dataDir: string,
  changes: Partial<NodeSupervisorOptions> = {},
): NodeSupervisorOptions {
  const { spec: _spec, ...options } = quietOptions(dataDir, undefined as unknown as ChainSpec);
  return { ...options, mine: false, spec: undefined, expect: 1, admission: "open-lan", ...changes };
}

interface Living {
  readonly supervisor: NodeSupervisor;
  readonly started: AurexNode[];
  readonly messages: string[];
  chainId(): string;
  stop(): Promise<void>;
}

/** A supervisor that runs, and is stopped at the end of the test. */
async function live(t: Pick<TestContext, "after">, options: NodeSupervisorOptions): Promise<Living> {
  const messages: string[] = [];
  const say = (_fields: object, message: string) => void messages.push(message);
  const logger: Logger = { ...silentLogger, info: say, warn: say, error: say, child: () => logger };
  const started: AurexNode[] = [];
  const supervisor = await NodeSupervisor.open(options, { logger, onStarted: (node) => started.push(node) });
  const stopping = new AbortController();
  const ended = supervisor.run(stopping.signal);
  ended.catch(() => {});
  const stop = async () => {
    stopping.abort();
    await ended;
  };
  t.after(stop);
  return { supervisor, started, messages, chainId: () => supervisor.status().chainId, stop };
}

/** Three nodes that name each other as bootstrap; each may be started when the test likes. */
async function threeNodes(t: TestContext): Promise<(() => Promise<Living>)[]> {
  const folder = await temporaryFolder(t);
  const ports = await freePorts(3);
  const addresses = ports.map((port) => `/ip4/127.0.0.1/tcp/${port}`);
  return addresses.map((own, index) => () => {
    const bootstrap = addresses.filter((address) => address !== own);
    const name = `node-${index}`;
    return live(t, supervisorOptions(path.join(folder, name), { name, listenAddresses: [own], bootstrap }));
  });
}

const isOneChain = (lives: readonly Living[]) =>
  lives.every((living) => living.chainId() !== "" && living.chainId() === lives[0]?.chainId());

describe("a network on loopback", { concurrency: true }, () => {
  it("founds itself when all start at once", async (t) => {
    const starting = (await threeNodes(t)).map(async (start) => {
      const living = await start();
      // Asked before it is connected: the other two may take longer to open than those that are open take to meet.
      const { chainId, notSealingBecause, head } = living.supervisor.status();
      assert.deepEqual([chainId, notSealingBecause, head.height], ["", "no peers", 0]);
      assert.equal(living.supervisor.node, undefined);
      return living;
    });
    const lives = await Promise.all(starting);
    await until("one chain", () => isOneChain(lives));
    const founded = lives.flatMap(({ messages }) =>
      messages.filter((text) => text.includes("founds network")),
    );
    assert.equal(founded.length, 1);
    for (const { messages } of lives) {
      assert.ok(
        messages.some((text) => text.startsWith("open-lan: everyone on this LAN")),
        messages.join("\n"),
      );
    }
    await until("all are connected", () => lives.every(({ supervisor }) => supervisor.status().peers === 2));
  });

  it("takes in whoever comes later, and again after a restart of all", async (t) => {
    const starts = await threeNodes(t);
    const first = await starts[0]!();
    const second = await starts[1]!();
    await until("one chain", () => isOneChain([first, second]));
    const third = await starts[2]!();
    await until("the third has joined", () => isOneChain([first, second, third]));
    assert.ok(third.messages.some((text) => text.includes("joins network")));
    const id = first.chainId();
    await Promise.all([first, second, third].map((living) => living.stop()));
    const again = await starts[2]!();
    await until("it runs", () => again.chainId() !== "");
    assert.equal(again.chainId(), id);
    assert.ok(!again.messages.some((text) => /founds|listening for/.test(text)), again.messages.join("\n"));
  });

  it("keeps its port when it founds, and serves its API only then", async (t) => {
    const folder = await temporaryFolder(t);
    const living = await live(t, supervisorOptions(folder, { apiPort: 0 }));
    await until("it listens", () => living.supervisor.status().notSealingBecause === "no peers");
    assert.equal((await readDirectoryLock(folder))?.apiUrl, null);
    await until("it has founded", () => living.started.length > 0);
    const { apiUrl } = living.started[0]!;
    assert.equal((await readDirectoryLock(folder))?.apiUrl, apiUrl);
    const answer = (await (await fetch(`${apiUrl}/v1/node`)).json()) as { chainId: string };
    assert.equal(answer.chainId, living.chainId());
    // Asked for any free port, it has taken one for as long as it runs.
    const [listens = ""] = living.started[0]!.options.listenAddresses;
    assert.match(listens, /tcp\/[1-9]\d*$/);
    assert.ok(living.started[0]!.network.addresses[0]?.startsWith(listens));
  });

  it("founds a closed network and takes in who was invited, for good on that chain", async (t) => {
    const folder = await temporaryFolder(t);
    const [here, there] = [path.join(folder, "here"), path.join(folder, "there")];
    const founder = await live(t, supervisorOptions(here, { admission: "token" }));
    await until("it has founded", () => founder.chainId() !== "");
    const secret = await loadNetworkSecret(here);
    assert.ok(secret);
    const { chain, network } = founder.started[0]!;
    const { chainId } = chain.spec;
    const token = encodeInvitation({ chainId, secret, network: "test", addresses: network.addresses });
    await keepInvitation(there, token);
    const invited = await live(t, supervisorOptions(there, { network: "another" }));
    await until("it has joined", () => isOneChain([founder, invited]));
    assert.equal(invited.supervisor.status().network, "test");
    assert.equal((await pinnedChain(there))?.origin, "given");
    await until("they are connected", () => founder.supervisor.status().peers === 1);
    await invited.stop();
    const again = await live(t, supervisorOptions(there, { network: "another" }));
    await until(
      "they are connected again",
      () => again.chainId() !== "" && again.supervisor.status().peers === 1,
    );
  });

  it("stops while it still listens, and leaves the directory free and without a chain", async (t) => {
    const folder = await temporaryFolder(t);
    const first = await live(t, supervisorOptions(folder));
    await first.stop();
    assert.equal(await readDirectoryLock(folder), undefined);
    assert.equal(await pinnedChain(folder), undefined);
    const second = await live(t, supervisorOptions(folder));
    await refusedWith(3, () => NodeSupervisor.open(supervisorOptions(folder)));
    await second.stop();
  });

  it("names the port that is taken while it looks for a chain, too: 4", async (t) => {
    const server = net.createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => server.close());
    const { port } = server.address() as net.AddressInfo;
    const listenAddresses = [`/ip4/127.0.0.1/tcp/${port}`];
    const folder = await temporaryFolder(t);
    const supervisor = await NodeSupervisor.open(supervisorOptions(folder, { listenAddresses }));
    const { next } = await refusedWith(4, () => supervisor.run(new AbortController().signal));
    assert.ok(next.includes("--port,"), next);
    assert.equal(await readDirectoryLock(folder), undefined);
  });

  it("resumes a genesis that was pinned and never run", async (t) => {
    const folder = await temporaryFolder(t);
    const { publicKey } = await loadOrCreateNodeKey(folder);
    const spec = specOf(publicKey, "pinned");
    await pinChainSpec(folder, spec, "founded");
    const living = await live(t, supervisorOptions(folder));
    await until("it runs", () => living.chainId() !== "");
    assert.equal(living.chainId(), toHex(spec.chainId));
  });

  it("changes to the chain with the lower id, and keeps what it leaves", async (t) => {
    const folder = await temporaryFolder(t);
    const [here, there] = [path.join(folder, "here"), path.join(folder, "there")];
    const keys = await Promise.all([here, there].map((dataDir) => loadOrCreateNodeKey(dataDir)));
    const specs = keys.map(({ publicKey }, index) => specOf(publicKey, `chain ${index}`));
    const isHereLower = toHex(specs[0]!.chainId) < toHex(specs[1]!.chainId);
    const [staying, changing] = isHereLower ? [0, 1] : [1, 0];
    await Promise.all([here, there].map((dataDir, index) => pinChainSpec(dataDir, specs[index]!, "founded")));
    const address = `/ip4/127.0.0.1/tcp/${await freePort()}`;
    const dirs = [here, there] as const;
    const stays = await live(t, supervisorOptions(dirs[staying]!, { listenAddresses: [address] }));
    const exportFile = path.join(folder, "ledger.sqlite");
    const changes = await live(t, supervisorOptions(dirs[changing]!, { bootstrap: [address], exportFile }));
    await until("one chain", () => changes.started.length > 0 && isOneChain([stays, changes]));
    const id = toHex(specs[staying]!.chainId);
    assert.equal(changes.chainId(), id);
    const names = await readdir(dirs[changing]!);
    const aside = names.filter((name) => name.startsWith("aside-"));
    assert.equal(aside.length, 1);
    assert.ok(aside[0]?.endsWith(toHex(specs[changing]!.chainId).slice(0, 8)), aside[0]);
    const kept = await readdir(path.join(dirs[changing]!, aside[0]!));
    for (const name of ["chain", "chain-spec.json", "seal-journal"])
      assert.ok(kept.includes(name), kept.join());
    assert.ok(names.includes("node.key.json"));
    assert.equal(changes.supervisor.status().address, (await addressesOf(changes))[0]);
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.startsWith("ledger.sqlite.aside-")).length,
      1,
    );
    await changes.stop();
    assert.deepEqual((await pinnedChain(dirs[changing]!))?.origin, "joined");
  });
});

async function addressesOf({ started }: Living): Promise<string[]> {
  return [...new Set(started.map((node) => node.status().address))];
}

function specOf(founder: Uint8Array, salt: string): ChainSpec {
  const nowMs = Date.now() - 60_000;
  return foundedSpec({
    network: "test",
    founder,
    admission: "open-lan",
    nowMs,
    salt: sha256(Buffer.from(salt)),
  });
}

describe("the chain of a data directory", () => {
  it("was given unless the node founded or joined it, and an origin without its spec says nothing", async (t) => {
    const folder = await temporaryFolder(t);
    const { publicKey } = await loadOrCreateNodeKey(folder);
    const [first, second] = [specOf(publicKey, "first"), specOf(publicKey, "second")];
    await pinChainSpec(folder, first, "founded");
    assert.equal((await pinnedChain(folder))?.origin, "founded");
    // Killed between the two files, begun anew with another chain.
    await rm(dataDirectory(folder).chainSpec);
    assert.equal(await pinnedChain(folder), undefined);
    await pinChainSpec(folder, second);
    assert.equal((await pinnedChain(folder))?.origin, "given");
  });

  it("is changed whole or not at all, wherever a kill interrupts it", async (t) => {
    const outcomes = new Set<string>();
    let isDone = false;
    for (let killAt = 0; killAt < 100 && !isDone; killAt += 1) {
      const dataDir = path.join(await temporaryFolder(t), "alpha");
      const { publicKey } = await loadOrCreateNodeKey(dataDir);
      const places = dataDirectory(dataDir);
      const [from, to] = [await poaSpecFor(dataDir), specOf(publicKey, "to")];
      await pinChainSpec(dataDir, from, "founded");
      await mkdir(places.chain);
      const exportFile = path.join(dataDir, "ledger.sqlite");
      const [inChain, inOrder] = [path.join("chain", "blocks"), ["seal-journal", "vote-journal"]];
      for (const name of [inChain, ...inOrder, "ledger.sqlite"]) {
        await writeFile(path.join(dataDir, name), `old ${name}`);
      }
      const key = await readFile(path.join(dataDir, "node.key.json"), "utf8");

      isDone = await runsToItsEnd(killAt, () =>
        changeChain({ dataDir, exportFile, from, to, nowMs: Date.now() }),
      );
      for (let time = 0; time < 2; time += 1) await finishChainChange(dataDir);

      const pinned = await pinnedChain(dataDir);
      assert.ok(pinned);
      const hasChanged = toHex(pinned.spec.chainId) === toHex(to.chainId);
      outcomes.add(`${hasChanged} ${pinned.origin}`);
      const names = await readdir(dataDir);
      const aside = names.find((name) => name.startsWith("aside-"));
      assert.equal(aside !== undefined, hasChanged);
      const old = aside === undefined ? dataDir : path.join(dataDir, aside);
      for (const name of [inChain, ...inOrder]) {
        assert.equal(await readFile(path.join(old, name), "utf8"), `old ${name}`, `killed at step ${killAt}`);
      }
      const spec = await readFile(path.join(old, "chain-spec.json"), "utf8");
      assert.ok(spec.includes(toHex(from.genesis.salt)));
      const ledger = aside === undefined ? exportFile : `${exportFile}.${aside}`;
      assert.equal(await readFile(ledger, "utf8"), "old ledger.sqlite");
      assert.ok(!names.includes("chain-change.json"));
      assert.equal(names.includes("seal-journal"), !hasChanged);
      assert.equal(await readFile(path.join(dataDir, "node.key.json"), "utf8"), key);
    }
    assert.ok(isDone, "the change has an end");
    assert.deepEqual(outcomes, new Set(["false founded", "true joined"]));
  });
});

/** Lets a number of disk steps happen and fails all later ones, as if the process had been killed; true where there were none. */
async function runsToItsEnd(stepsMax: number, work: () => Promise<unknown>): Promise<boolean> {
  let steps = 0;
  const restore = await interceptDisk(() => {
    steps += 1;
    if (steps > stepsMax) throw new Error("killed");
  });
  try {
    await work();
    return true;
  } catch (thrown) {
    assert.equal((thrown as Error).message, "killed");
    return false;
  } finally {
    restore();
  }
}
