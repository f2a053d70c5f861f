/** What peers said: each connected peer's handshake and last status, and the signed records of nodes. Bounded. */
import { BoundedMap } from "../../base/bounded-map.ts";
import { bytesEqual, toHex } from "../../base/bytes.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import type { MessageFault } from "../../protocol/faults.ts";
import { type NodeRecord, nodeRecordAheadMaxMs } from "../../protocol/node-record.ts";
import type { Handshake, Status } from "../messages.ts";
import type { PeerId } from "../peer-host.ts";

/** A peer that has said who it is. */
export interface IdentifiedPeer {
  readonly peerId: PeerId;
  readonly handshake: Handshake;
  /** The peer is on our chain: its blocks can be fetched. */
  readonly sameChain: boolean;
}

/** A peer that has said where its chain stands, too. */
export interface KnownPeer extends IdentifiedPeer {
  /** The peer's last status; all zero if the peer has no chain. */
  readonly status: Status;
}

/** What an exchange with a peer has shown of the way to it, and of its clock. */
export interface MeasuredPeer {
  /** From sending our message to having the answer. */
  readonly roundTripMs: number;
  /** Its clock minus ours; undefined if the answer took too long to say. */
  readonly clockOffsetMs: number | undefined;
}

/** A peer that this node parted from because its chain and ours never merge. */
export interface RefusedChain extends KnownPeer {
  /** Wall clock. */
  readonly refusedAtMs: number;
}

const recordsMax = 1_000;
const refusedMax = 64;
const keysHeardMax = 1_024;

export class PeerDirectory {
  /** Bounded by the host's connections: entries go when a peer disconnects. */
  readonly #identified = new Map<PeerId, IdentifiedPeer>();
  readonly #peers = new Map<PeerId, KnownPeer>();
  /** Of the last status, whatever blocks of the peer have shown since then. */
  readonly #toldHeights = new Map<PeerId, number>();
  /** Of connected peers, as well. */
  readonly #measured = new Map<PeerId, MeasuredPeer>();
  readonly #records = new BoundedMap<string, NodeRecord>(recordsMax);
  /** Monotonic time of the last sign of life of a key. */
  readonly #heardAtMs = new BoundedMap<string, number>(keysHeardMax);

  /** Kept when the peer has gone: that it was there is what an operator looks for. */
  readonly #refused = new BoundedMap<PeerId, RefusedChain>(refusedMax);

  /** A peer that comes with another chain than before stands nowhere until its next status. */
  setHandshake(peer: IdentifiedPeer): void {
    const before = this.#identified.get(peer.peerId)?.handshake;
    if (before && !bytesEqual(before.chainId, peer.handshake.chainId)) this.#peers.delete(peer.peerId);
    this.#identified.set(peer.peerId, peer);
  }

  /** @returns the peer with its status; undefined if its handshake has not come yet */
  setStatus(peerId: PeerId, status: Status): KnownPeer | undefined {
    const identified = this.#identified.get(peerId);
    if (!identified) return undefined;
    const peer = { ...identified, status };
    this.#peers.set(peerId, peer);
    this.#toldHeights.set(peerId, status.height);
    return peer;
  }

  /** How high a connected peer has said itself that its chain is; -1 if it has said nothing. */
  toldHeight(peerId: PeerId): number {
    return this.#toldHeights.get(peerId) ?? -1;
  }

  /** A peer that sends a block of ours has it: its head is at least that. */
  raiseHead(peerId: PeerId, height: number, head: Uint8Array): void {
    const peer = this.#peers.get(peerId);
    if (!peer?.sameChain || height <= peer.status.height) return;
    this.#peers.set(peerId, { ...peer, status: { ...peer.status, height, head } });
  }

  /** A sign of life: a status over a connection, a new vote or a new block. What others keep and serve is no sign of life. */
  keyHeard(publicKey: Uint8Array, monotonicMs: number): void {
    this.#heardAtMs.set(toHex(publicKey), monotonicMs);
  }

  /** Which of these keys (authorities, say) gave a sign of life within the last `withinMs`. */
  heardWithin(keys: readonly Uint8Array[], withinMs: number, monotonicMs: number): Uint8Array[] {
    return keys.filter((key) => {
      const heardAtMs = this.#heardAtMs.get(toHex(key));
      return heardAtMs !== undefined && monotonicMs - heardAtMs <= withinMs;
    });
  }

  /** Takes in what the last exchange with a known peer has shown: a peer is never measured and unknown. */
  setMeasured(peerId: PeerId, measured: MeasuredPeer): void {
    if (this.#peers.has(peerId)) this.#measured.set(peerId, measured);
  }

  measured(peerId: PeerId): MeasuredPeer | undefined {
    return this.#measured.get(peerId);
  }

  remove(peerId: PeerId): void {
    this.#identified.delete(peerId);
    this.#peers.delete(peerId);
    this.#toldHeights.delete(peerId);
    this.#measured.delete(peerId);
  }

  identified(peerId: PeerId): IdentifiedPeer | undefined {
    return this.#identified.get(peerId);
  }

  peer(peerId: PeerId): KnownPeer | undefined {
    return this.#peers.get(peerId);
  }

  chainRefused(peer: KnownPeer, nowMs: number): void {
    this.#refused.set(peer.peerId, { ...peer, refusedAtMs: nowMs });
  }

  refusedChains(): RefusedChain[] {
    return [...this.#refused.values()];
  }

  peersOnChain(): KnownPeer[] {
    return [...this.#peers.values()].filter((peer) => peer.sameChain);
  }

  /** Keeps the newest record of each node. */
  addRecord(record: NodeRecord, nowMs: number): Result<"new" | "renewed", MessageFault> {
    const key = toHex(record.publicKey);
    if (record.timestampMs > nowMs + nodeRecordAheadMaxMs) return fail({ code: "record/timestamp-ahead" });
    const known = this.#records.get(key);
    if (known && known.timestampMs >= record.timestampMs) return fail({ code: "record/stale" });
    this.#records.set(key, record);
    return ok(known ? "renewed" : "new");
  }

  records(): NodeRecord[] {
    return [...this.#records.values()];
  }
}
