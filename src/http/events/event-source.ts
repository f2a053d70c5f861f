/** Turns what the node's parts say into events. It only notes that something has happened; the hub asks for the events later. */

import { type EventData, type EventTopic, eventTopics, reorganizationBlocksMax } from "../../api/events.ts";
import type { Advice, NodeStatus } from "../../api/node-status.ts";
import { isoTime } from "../../api/shapes.ts";
import { BoundedMap } from "../../base/bounded-map.ts";
import { toHex, toUtf8 } from "../../base/bytes.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { Chain, HeadChange } from "../../chain/chain.ts";
import type { AdmissionFault } from "../../mempool/admission.ts";
import type { Mempool } from "../../mempool/mempool.ts";
import type { Network } from "../../network/network.ts";
import type { ConnectedPeer, PeerHost, PeerId } from "../../network/peer-host.ts";
import type { Block, HeaderRecord } from "../../protocol/block.ts";
import type { CandidacyNotice } from "../../protocol/candidacy-notice.ts";
import type { Checkpoint } from "../../protocol/checkpoint.ts";
import { type Evidence, offenderOf } from "../../protocol/evidence.ts";
import { addressOf, nodeIdOf } from "../../protocol/identity.ts";
import type { DecodedTransaction } from "../../protocol/transaction.ts";
import {
  finalReference,
  type HeaderNamed,
  headlineOf,
  referenceOf,
  referenceTo,
} from "../chain-references.ts";
import { refusalOf } from "../refusals.ts";
import { EventHub } from "./event-hub.ts";
import type { HubEvent, HubOptions } from "./hub-options.ts";
import { accountsOf, transactionGist } from "./transaction-gist.ts";

export interface EventSourceModules {
  readonly chain: Chain;
  readonly mempool: Mempool;
  readonly status: () => NodeStatus;
  readonly network?: Pick<Network, "events" | "directory" | "peerCount"> | undefined;
  readonly host?: Pick<PeerHost, "events"> | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How many may listen, how much is kept for them, how long they may stall. */
export type EventLimits = Omit<HubOptions<EventTopic>, "topics" | "snapshot">;

type Made = HubEvent<EventTopic>;

const statusEveryMs = 1_000;
const evidenceRememberedMax = 256;

export class EventSource {
  readonly hub: EventHub<EventTopic>;
  readonly #modules: EventSourceModules;
  readonly #evidence = new BoundedMap<string, true>(evidenceRememberedMax);
  /** What readers of `status` and `warning` know; undefined while there are none. */
  #told: { readonly state: string; readonly advice: ReadonlyMap<string, Advice> } | undefined;
  #statusTimer: Timer | undefined;
  readonly #onHead = (change: HeadChange) => this.#headChanged(change);
  readonly #onBlock = (block: Block) => this.#blockStored(block);
  readonly #onFinal = (final: Checkpoint) => this.#finalChanged(final);
  readonly #onEvidence = (evidence: Evidence) => this.#evidenceFound(evidence);
  readonly #onAdded = (transaction: DecodedTransaction) => this.#mempoolChanged(transaction, undefined);
  readonly #onDropped = (transaction: DecodedTransaction, fault: AdmissionFault) =>
    this.#mempoolChanged(transaction, fault);
  readonly #onConnected = (peer: ConnectedPeer) => this.#peerConnected(peer);
  readonly #onDisconnected = (peer: PeerId, reason?: string) => this.#peerDisconnected(peer, reason);
  readonly #onCandidate = (notice: CandidacyNotice) => this.#candidateSeen(notice);

  constructor(modules: EventSourceModules, options: EventLimits = {}) {
    this.#modules = modules;
    this.hub = new EventHub<EventTopic>(
      { ...options, topics: eventTopics, snapshot: (topics) => this.#snapshot(topics) },
      modules,
    );
  }

  start(): void {
    const { chain, mempool, network, host } = this.#modules;
    chain.events.on("headChanged", this.#onHead);
    chain.events.on("blockStored", this.#onBlock);
    chain.events.on("finalChanged", this.#onFinal);
    chain.events.on("evidenceFound", this.#onEvidence);
    mempool.events.on("added", this.#onAdded);
    mempool.events.on("dropped", this.#onDropped);
    host?.events.on("peerConnected", this.#onConnected);
    host?.events.on("peerDisconnected", this.#onDisconnected);
    network?.events.on("candidacyNotice", this.#onCandidate);
    this.#compareLater();
  }

  /** Ends every stream. */
  stop(): void {
    const { chain, mempool, network, host } = this.#modules;
    chain.events.off("headChanged", this.#onHead);
    chain.events.off("blockStored", this.#onBlock);
    chain.events.off("finalChanged", this.#onFinal);
    chain.events.off("evidenceFound", this.#onEvidence);
    mempool.events.off("added", this.#onAdded);
    mempool.events.off("dropped", this.#onDropped);
    host?.events.off("peerConnected", this.#onConnected);
    host?.events.off("peerDisconnected", this.#onDisconnected);
    network?.events.off("candidacyNotice", this.#onCandidate);
    this.#statusTimer?.cancel();
    this.hub.stop();
  }

  #headChanged(change: HeadChange): void {
    const { connected, disconnected } = change;
    const { final } = this.#modules.chain;
    const bytes = [...connected, ...disconnected].reduce((sum, block) => sum + block.bytes.length, 0);
    this.hub.publish(() => this.#headEvents(change, final), bytes);
  }

  *#headEvents(
    { head, previous, connected, disconnected }: HeadChange,
    final: Checkpoint | undefined,
  ): Iterable<Made> {
    const { hub } = this;
    const reorganization = disconnected.length > 0 ? reorganizationOf(connected, disconnected) : null;
    if (hub.wants("head")) {
      const data = { ...headerFacts(head), final: finalReference({ final }), reorganization };
      yield made("head", data);
    }
    if (reorganization && hub.wants("reorg")) {
      yield made("reorg", {
        head: referenceOf(head),
        previous: referenceOf(previous),
        ...reorganization,
      });
    }
    if (hub.wants("authority")) yield* this.#setEvents(head, previous);
    if (!hub.wants("transaction")) return;
    for (const block of disconnected) yield* transactionEvents("reverted", block);
    for (const block of connected) yield* transactionEvents("committed", block);
  }

  *#setEvents(head: HeaderRecord, previous: HeaderRecord): Iterable<Made> {
    const { authority } = this.#modules.chain.engine;
    if (!authority) return;
    const [now, before] = [head, previous].map((record) => authority.setAt(record).map(addressOf));
    if (!now || !before || now.join() === before.join()) return;
    yield made("authority", {
      change: "set",
      authorities: now,
      added: now.filter((address) => !before.includes(address)),
      removed: before.filter((address) => !now.includes(address)),
      head: referenceOf(head),
    });
  }

  #blockStored(block: Block): void {
    const { chain } = this.#modules;
    const record = chain.headerOf(block.hash);
    const canonical = record !== undefined && chain.isCanonical(record);
    this.hub.publish(() => {
      if (!this.hub.wants("block")) return [];
      return [made("block", { ...headerFacts(block), bytes: block.bytes.length, canonical })];
    }, block.bytes.length);
  }

  #finalChanged(final: Checkpoint): void {
    const head = referenceOf(this.#modules.chain.head);
    this.hub.publish(() => [made("final", { ...referenceTo(final), head })]);
  }

  #evidenceFound(evidence: Evidence): void {
    const authority = addressOf(offenderOf(evidence));
    // It is found again by each peer that tells of it.
    const key = `${evidence.kind} ${authority}`;
    if (this.#evidence.get(key)) return;
    this.#evidence.set(key, true);
    this.hub.publish(() => [made("authority", { change: "evidence", authority, kind: evidence.kind })]);
  }

  #candidateSeen({ publicKey, name, expiresAtHeight }: CandidacyNotice): void {
    this.hub.publish(() => [
      made("authority", {
        change: "candidate",
        authority: addressOf(publicKey),
        nodeId: nodeIdOf(publicKey),
        name: toUtf8(name) ?? "",
        expiresAtHeight,
      }),
    ]);
  }

  #mempoolChanged(transaction: DecodedTransaction, fault: AdmissionFault | undefined): void {
    if (!this.hub.wants("mempool")) return;
    const { count, bytes } = this.#modules.mempool;
    this.hub.publish(() => {
      const reason = fault ? { code: fault.code, message: refusalOf(fault).message } : null;
      const status = fault ? "dropped" : "pending";
      const data = { status, ...transactionGist(transaction), reason, count, bytes } as const;
      return [made("mempool", data, accountsOf(transaction))];
    }, transaction.bytes.length);
  }

  #peerConnected({ peerId, address, direction }: ConnectedPeer): void {
    const peers = this.#modules.network?.peerCount ?? 0;
    this.hub.publish(() => [
      made("peer", {
        change: "connected",
        nodeId: peerId,
        address,
        direction,
        name: this.#nameOf(peerId),
        reason: null,
        peers,
      }),
    ]);
  }

  #peerDisconnected(peerId: PeerId, reason: string | undefined): void {
    const name = this.#nameOf(peerId);
    const peers = this.#modules.network?.peerCount ?? 0;
    this.hub.publish(() => [
      made("peer", {
        change: "disconnected",
        nodeId: peerId,
        address: null,
        direction: null,
        name,
        reason: reason ?? null,
        peers,
      }),
    ]);
  }

  #nameOf(peerId: PeerId): string | null {
    const known = this.#modules.network?.directory.identified(peerId);
    return (known && toUtf8(known.handshake.name)) ?? null;
  }

  #compareLater(): void {
    this.#statusTimer = this.#modules.clock.schedule(statusEveryMs, () => {
      this.#compareStatus();
      this.#compareLater();
    });
  }

  /** The status is asked for only while somebody wants to know: it takes a look at all parts of the node. */
  #compareStatus(): void {
    if (!this.hub.wants("status") && !this.hub.wants("warning")) {
      this.#told = undefined;
      return;
    }
    const before = this.#told;
    const status = this.#modules.status();
    const now = toldOf(status);
    this.#told = now;
    if (!before) return;
    const state = stateFacts(status);
    if (now.state !== before.state) this.hub.publish(() => [made("status", state)]);
    for (const [code, advice] of now.advice)
      if (!before.advice.has(code)) this.hub.publish(() => [made("warning", { state: "raised", ...advice })]);
    for (const [code, advice] of before.advice)
      if (!now.advice.has(code)) this.hub.publish(() => [made("warning", { state: "cleared", ...advice })]);
  }

  #snapshot(topics: readonly EventTopic[]): EventData<"snapshot"> {
    const status = this.#modules.status();
    this.#told ??= toldOf(status);
    const { name, nodeId, chainId, consensus, head, final, authorities, advice } = status;
    const { count, bytes } = this.#modules.mempool;
    return {
      epoch: this.hub.epoch,
      name,
      nodeId,
      chainId,
      consensus,
      head: { ...head, time: isoTime(head.timestampMs) },
      final: final && { height: final.height, hash: final.hash },
      mempool: { count, bytes },
      authorities,
      ...stateFacts(status),
      advice,
      topics,
    };
  }
}

function made<Topic extends EventTopic>(
  topic: Topic,
  data: EventData<Topic>,
  accounts?: readonly string[],
): Made {
  return accounts ? { topic, data, accounts } : { topic, data };
}

function* transactionEvents(status: "committed" | "reverted", block: Block): Iterable<Made> {
  const where = referenceOf(block);
  for (const [position, transaction] of block.transactions.entries()) {
    const data = { status, ...transactionGist(transaction), block: where, position };
    yield made("transaction", data, accountsOf(transaction));
  }
}

function reorganizationOf(
  connected: readonly Block[],
  disconnected: readonly Block[],
): NonNullable<EventData<"head">["reorganization"]> {
  const lowest = disconnected.at(-1) as Block;
  return {
    ancestor: { height: lowest.header.height - 1, hash: toHex(lowest.header.parentHash) },
    reverted: disconnected.slice(0, reorganizationBlocksMax).map(referenceOf),
    revertedCount: disconnected.length,
    applied: connected.slice(0, reorganizationBlocksMax).map(referenceOf),
    appliedCount: connected.length,
  };
}

function headerFacts(block: HeaderNamed) {
  const { height, producer, transactionCount } = block.header;
  return {
    ...headlineOf(block),
    producer: height === 0 ? null : addressOf(producer),
    transactionCount,
  };
}

function stateFacts(status: NodeStatus): EventData<"status"> {
  const { sealing, notSealingBecause, established, quorum, peers, syncing } = status;
  return { sealing, notSealingBecause, established, quorum, peers, syncing };
}

function toldOf(status: NodeStatus) {
  const advice = new Map<string, Advice>(status.advice.map((each) => [each.code, each]));
  return { state: JSON.stringify(stateFacts(status)), advice };
}
