/** Signed node records (the documented `node_list`): told by gossip, asked for by newcomers, and whom they lead to. */
import { BoundedMap } from "../../base/bounded-map.ts";
import { bytesEqual, fromUtf8, toHex, toUtf8 } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import { toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import type { Chain } from "../../chain/chain.ts";
import type { Fault } from "../../protocol/faults.ts";
import { engineNumbers } from "../../protocol/genesis.ts";
import { nodeIdOf } from "../../protocol/identity.ts";
import {
  encodeNodeRecord,
  type NodeRecord,
  type NodeRole,
  nodeAddressesMax,
  nodeRecordBytesMax,
  nodeRoles,
  openNodeRecord,
  signNodeRecord,
} from "../../protocol/node-record.ts";
import type { KeyPair } from "../../protocol/signing.ts";
import { fetchNodeList, serveNodeList } from "../fetch/requests.ts";
import { nodesTopic } from "../messages.ts";
import type { PeerHost, PeerId, Verdict } from "../peer-host.ts";
import { reportBadAnswer } from "../peers/bad-answer.ts";
import type { PeerDirectory } from "../peers/directory.ts";
import { Schedule } from "../schedule.ts";
import { verdictOf } from "../verdicts.ts";
import { acceptanceRates } from "./acceptance.ts";
import { GossipTopic } from "./topic.ts";

export interface NodeRecordsOptions {
  readonly name: string;
  readonly keyPair: KeyPair;
  readonly role: NodeRole;
  readonly software: string;
  /** False: nodes that peers tell of are not dialled. */
  readonly introductions?: boolean;
}

export interface NodeRecordsModules {
  readonly host: PeerHost;
  readonly chain: Chain;
  readonly directory: PeerDirectory;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called with each record that is new or newer, also with this node's own. */
  readonly onRecord: (record: NodeRecord) => void;
}

const recordEveryMs = 60_000;
const recordDelayMs = 2_000;
/** One record of a key is relayed in this time, and a newer one is only remembered. The owner keeps a little more. */
const keyEveryMs = 10_000;
const ownEveryMs = 11_000;
const keysRememberedMax = 4_096;
/** With this many peers of its own chain a node looks for no more peers. Peers of other chains do not count. */
const peersWanted = 8;
/** The network interfaces of a machine that starts come up one after another: their addresses go into one record. */
const changeDelayMs = 500;

export class NodeRecords {
  readonly #options: NodeRecordsOptions;
  readonly #modules: NodeRecordsModules;
  readonly #topic: GossipTopic;
  readonly #schedule: Schedule;
  /** Connected peers that were asked for the records they know. */
  readonly #asked = new Set<PeerId>();
  /** By key in hex: when its last record was relayed. Monotonic. */
  readonly #relayedMs = new BoundedMap<string, number>(keysRememberedMax);
  #announcedMs = Number.NEGATIVE_INFINITY;

  constructor(options: NodeRecordsOptions, modules: NodeRecordsModules) {
    this.#options = options;
    this.#modules = modules;
    this.#topic = new GossipTopic(nodesTopic, modules);
    this.#schedule = new Schedule(modules.clock);
  }

  /** Serves and listens; before the host is started. */
  serve(): void {
    const { host, directory, chain } = this.#modules;
    this.#topic.subscribe({
      messageBytesMax: nodeRecordBytesMax,
      queueMax: 256,
      acceptance: acceptanceRates.nodes,
      judge: (message) => this.#judge(message),
    });
    serveNodeList(host, () => newestFirst(directory.records(), chain.spec.chainId));
    host.events.on("peerConnected", () =>
      this.#schedule.soon("record", recordDelayMs, () => this.announce()),
    );
    host.events.on("peerDisconnected", (peer) => this.#asked.delete(peer));
    host.events.on("addressesChanged", () =>
      this.#schedule.soon("addresses", changeDelayMs, () => this.announce()),
    );
  }

  /** Publishes this node's own record, now and every minute. */
  start(): void {
    this.announce();
    this.#schedule.repeat(recordEveryMs, () => this.announce());
  }

  close(): void {
    this.#schedule.close();
  }

  /** Publishes this node's signed record: now, or as soon as its peers relay another one. */
  announce(): void {
    const nowMs = this.#modules.clock.monotonicMs();
    const waitMs = this.#announcedMs + ownEveryMs - nowMs;
    if (waitMs > 0) {
      this.#schedule.soon("again", waitMs, () => this.announce());
      return;
    }
    // Without listeners nobody has heard it.
    if (this.#topic.listeners.length > 0) this.#announcedMs = nowMs;
    this.#publish();
  }

  #publish(): void {
    const { name, keyPair, role, software } = this.#options;
    const { host, chain, clock, directory, onRecord } = this.#modules;
    const { spec, head } = chain;
    const record = signNodeRecord(
      {
        name: fromUtf8(name),
        addresses: host.addresses().slice(0, nodeAddressesMax).map(fromUtf8),
        chainId: spec.chainId,
        engine: engineNumbers[spec.consensus],
        role: nodeRoles[role],
        height: head.header.height,
        timestampMs: clock.nowMs(),
        software: fromUtf8(software),
      },
      keyPair,
    );
    if (!directory.addRecord(record, clock.nowMs()).ok) return;
    onRecord(record);
    this.#topic.publish(encodeNodeRecord(record));
  }

  /** Asks a peer of our chain once for each connection: gossip alone tells a new node of the others only within minutes. */
  async askOnce(peer: PeerId): Promise<void> {
    const { host, logger } = this.#modules;
    if (this.#asked.has(peer)) return;
    this.#asked.add(peer);
    try {
      for await (const bytes of fetchNodeList(host, peer)) {
        const fault = this.#take(bytes);
        if (fault && verdictOf(fault) === "reject") return reportBadAnswer(this.#modules, peer, fault);
      }
    } catch (thrown) {
      // A node of an older version does not serve it.
      logger.debug({ peer, reason: toError(thrown).message }, "a peer could not be asked for its node list");
    }
  }

  #judge(message: Uint8Array): Verdict {
    const opened = openNodeRecord(message);
    if (!opened.ok) return verdictOf(opened.fault);
    const fault = this.#takeRecord(opened.value);
    if (fault) return verdictOf(fault);
    return this.#mayRelay(opened.value) ? "accept" : "ignore";
  }

  /** Whoever has a key can sign new records all day. */
  #mayRelay({ publicKey }: NodeRecord): boolean {
    const key = toHex(publicKey);
    const nowMs = this.#modules.clock.monotonicMs();
    if (nowMs < (this.#relayedMs.get(key) ?? Number.NEGATIVE_INFINITY) + keyEveryMs) return false;
    this.#relayedMs.set(key, nowMs);
    return true;
  }

  #take(bytes: Uint8Array): Fault | undefined {
    const opened = openNodeRecord(bytes);
    return opened.ok ? this.#takeRecord(opened.value) : opened.fault;
  }

  #takeRecord(record: NodeRecord): Fault | undefined {
    const { directory, clock, onRecord } = this.#modules;
    const added = directory.addRecord(record, clock.nowMs());
    if (!added.ok) return added.fault;
    onRecord(record);
    this.#tellHost(record);
    return undefined;
  }

  /** Dials only nodes of our chain: no operator asked for these connections. */
  #tellHost({ chainId, publicKey, addresses }: NodeRecord): void {
    const { host, chain, directory } = this.#modules;
    if (this.#options.introductions === false || !bytesEqual(chainId, chain.spec.chainId)) return;
    host.heardOf(
      nodeIdOf(publicKey),
      addresses.flatMap((address) => toUtf8(address) ?? []),
      () => directory.peersOnChain().length < peersWanted,
    );
  }
}

/** Records of our chain first, then the newest. */
function newestFirst(records: readonly NodeRecord[], chainId: Uint8Array): NodeRecord[] {
  const isOurs = (record: NodeRecord) => Number(bytesEqual(record.chainId, chainId));
  return records.toSorted((a, b) => isOurs(b) - isOurs(a) || b.timestampMs - a.timestampMs);
}
