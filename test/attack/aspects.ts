/** What only some rows look at besides: how long a new node takes to catch up, whether authorities stay fair, and who gets in. */
import { setTimeout as delay } from "node:timers/promises";
import { fromHex } from "../../src/base/bytes.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { keyPairFromSeed } from "../../src/protocol/signing.ts";
import type { NodeProcess } from "../e2e/processes.ts";
import { patienceMs, until } from "../support/patience.ts";
import type { AttackerProcess } from "./attacker-process.ts";
import { Gate } from "./gate.ts";
import type { HonestNetwork } from "./honest-network.ts";

export interface Findings {
  readonly notes: readonly string[];
  readonly broken: readonly string[];
}

export interface Aspect {
  /** Without attackers. */
  before(): Promise<void>;
  /** While the attack goes on. */
  during(attackers: readonly AttackerProcess[]): Promise<void>;
  /** After it. */
  findings(): Promise<Findings>;
}

export type AspectName = "synchronisation" | "fairness" | "slashing" | "admission";

export function aspectOf(name: AspectName | undefined, network: HonestNetwork): Aspect | undefined {
  if (name === undefined) return undefined;
  if (name === "synchronisation") return new Synchronisation(network);
  if (name === "admission") return new Admission(network);
  return new Fairness(network, name === "slashing");
}

/** A new node may take twice as long as without the attack, and this much. */
const syncExtraMs = 10_000;
const heightMin = 8;
const askedWithinMs = 5_000;

/**
 * A new node as a process, with the attackers and the honest nodes for its only peers. It is what this row measures, so it
 * has the processor as the honest pair has it, before the attack and in it.
 */
class Synchronisation implements Aspect {
  readonly #network: HonestNetwork;
  #undisturbedMs = 0;
  #attackedMs = 0;

  constructor(network: HonestNetwork) {
    this.#network = network;
  }

  async before(): Promise<void> {
    await this.#network.nodes[0]?.until(
      "there is something to fetch",
      ({ head }) => head.height >= heightMin,
    );
    this.#undisturbedMs = await this.#sync([]);
  }

  async during(attackers: readonly AttackerProcess[]): Promise<void> {
    this.#attackedMs = await this.#sync(attackers);
  }

  async findings(): Promise<Findings> {
    const limitMs = 2 * this.#undisturbedMs + patienceMs(syncExtraMs);
    const text = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
    const note = `a new node was level after ${text(this.#attackedMs)}, undisturbed after ${text(this.#undisturbedMs)}`;
    return { notes: [note], broken: this.#attackedMs > limitMs ? [`${note}, allowed ${text(limitMs)}`] : [] };
  }

  /** It takes the time from when honest nodes can be reached: an attacker has been asked by then. */
  async #sync(attackers: readonly AttackerProcess[]): Promise<number> {
    const gates = await Promise.all(this.#network.addresses.map((address) => Gate.before(address)));
    try {
      const node = await this.#start([
        ...attackers.flatMap(({ addresses }) => addresses),
        ...gates.map(({ address }) => address),
      ]);
      const wanted = (await this.#network.nodes[0]?.status())?.head.height ?? 0;
      await askedOneOf(attackers);
      for (const gate of gates) gate.open();
      const beganMs = performance.now();
      await node.until("the new node has caught up", ({ head }) => head.height >= wanted);
      const tookMs = performance.now() - beganMs;
      await node.stop("SIGKILL");
      return tookMs;
    } finally {
      for (const gate of gates) gate.close();
    }
  }

  async #start(peers: readonly string[]): Promise<NodeProcess> {
    const network = this.#network;
    const bootstrap = peers.flatMap((each) => ["--bootstrap", each]);
    const chain = ["--consensus", network.spec.consensus, "--chain", network.specFile, "--no-introductions"];
    const node = network.stage.launch(`late-${performance.now().toFixed(0)}`, ...chain, ...bootstrap);
    return node.ready();
  }
}

/** Until one of them has been asked, or has had its chance: the row tells then that the attackers did nothing. */
async function askedOneOf(attackers: readonly AttackerProcess[]): Promise<void> {
  const limitMs = performance.now() + patienceMs(askedWithinMs);
  while (attackers.length > 0 && performance.now() < limitMs) {
    if (attackers.some(({ hasActed }) => hasActed)) return;
    await delay(50);
  }
}

const shareMin = 0.9;
/** Times the number of authorities, in periods. */
const inclusionTimes = 3;
/** Fewer blocks say nothing about shares. */
const blocksMin = 8;

/** Who sealed the blocks of the attack, and whether an offender is out. */
class Fairness implements Aspect {
  readonly #network: HonestNetwork;
  readonly #offends: boolean;
  #fromHeight = 0;

  constructor(network: HonestNetwork, offends: boolean) {
    this.#network = network;
    this.#offends = offends;
  }

  async before(): Promise<void> {}

  async during(): Promise<void> {
    this.#fromHeight = ((await this.#network.nodes[0]?.status())?.head.height ?? 0) + 1;
  }

  async findings(): Promise<Findings> {
    const { nodes, authorities, byzantineSeeds } = this.#network;
    const [node] = nodes;
    if (!node) return { notes: [], broken: [] };
    const { head } = await node.status();
    const offenders = new Set(
      byzantineSeeds.map((seed) => addressOf(keyPairFromSeed(fromHex(seed) ?? new Uint8Array(32)).publicKey)),
    );
    let honest = 0;
    let blocks = 0;
    for (let height = this.#fromHeight; height <= head.height; height += 1) {
      const { producer } = await node.api.block(height);
      blocks += 1;
      if (producer === null || !offenders.has(producer)) honest += 1;
    }
    const seats = (authorities - offenders.size) / authorities;
    const notes = [`honest authorities sealed ${honest} of ${blocks} blocks`];
    const broken = blocks >= blocksMin && honest / blocks < shareMin * seats ? notes.slice() : [];
    if (this.#offends) {
      const out = await until("the offender is out", async () => {
        const { authorities } = await node.api.authorities();
        return authorities.every(({ address }) => !offenders.has(address));
      }).then(
        () => true,
        () => false,
      );
      if (!out) broken.push("the offender is still an authority");
    }
    return { notes, broken };
  }
}

const setEveryMs = 500;

/** Which candidates of the attackers got into the set: one at a time at most. */
class Admission implements Aspect {
  readonly #network: HonestNetwork;
  readonly #stopping = new AbortController();
  readonly #admitted = new Set<string>();
  #honest: ReadonlySet<string> = new Set();
  #atOnce = 0;
  #watching: Promise<void> | undefined;

  constructor(network: HonestNetwork) {
    this.#network = network;
  }

  async before(): Promise<void> {
    this.#honest = new Set(await this.#set());
  }

  async during(): Promise<void> {
    this.#watching = this.#watch();
  }

  async findings(): Promise<Findings> {
    this.#stopping.abort();
    await this.#watching;
    const note = `${this.#admitted.size} silent candidates got in, ${this.#atOnce} at once`;
    return { notes: [note], broken: this.#atOnce > 1 ? [`${note}, 1 allowed`] : [] };
  }

  async #watch(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const silent = (await this.#set().catch(() => [])).filter((address) => !this.#honest.has(address));
      for (const address of silent) this.#admitted.add(address);
      this.#atOnce = Math.max(this.#atOnce, silent.length);
      await delay(setEveryMs);
    }
  }

  async #set(): Promise<readonly string[]> {
    const { authorities } = (await this.#network.nodes[0]?.api.authorities()) ?? { authorities: [] };
    return authorities.map(({ address }) => address);
  }
}

/** How long a transaction may wait for its block, in milliseconds. */
export function inclusionMaxMs({ spec, authorities }: HonestNetwork): number {
  return inclusionTimes * authorities * spec.genesis.periodMs;
}
