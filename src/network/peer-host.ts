/**
 * The peer host: connections, gossip topics and request streams, without knowing what they carry.
 * There are two implementations: libp2p over TCP, and one in memory for simulations. One contract suite tests both.
 */
import type { EventEmitter } from "node:events";
import type { BannedPeer, PeerOffence, PeerStanding } from "./peers/score.ts";

export type { BannedPeer } from "./peers/score.ts";

/** A libp2p peer id in its text form (base58btc, `12D3Koo…` for Ed25519 keys). */
export type PeerId = string;

/** What happens to a gossip message: it is relayed, or dropped, or dropped and its sender penalised. */
export type Verdict = "accept" | "ignore" | "reject";

/** Judges a gossip message before it is relayed. A throw counts as "ignore": our own bug must not ban peers. */
export type Judge = (message: Uint8Array, from: PeerId) => Verdict | Promise<Verdict>;

/** So many bytes a second, and so many at once. */
export interface ByteRate {
  readonly bytesPerSecond: number;
  readonly burstBytes: number;
  /** Of the burst, what a peer has of which nothing has come yet: keys are free. Absent: all of it. */
  readonly atFirstBytes?: number;
}

/** What is taken of one topic. Each message costs its bytes, and something for itself. */
export interface AcceptanceRates {
  /** From one peer, whatever becomes of the messages. */
  readonly perPeer: ByteRate;
  /** Of this much of one peer the total is not asked: a flood of others leaves each peer its share. */
  readonly reserved: ByteRate;
  /** Of what is accepted and relayed, of all peers together. */
  readonly total: ByteRate;
  /**
   * Of one peer's messages that have not been judged yet, or with which nothing could be done, as with what this node has
   * already. Absent: no bound.
   */
  readonly onTrust?: ByteRate;
}

export interface TopicOptions {
  readonly messageBytesMax: number;
  /** Messages that are being validated or wait for it. More are ignored. */
  readonly queueMax: number;
  /** How much is taken; absent: as much as comes. */
  readonly acceptance?: AcceptanceRates;
  /**
   * Whether there is room for a message; absent: always. Asked before the message counts as seen, so that a flood leaves
   * nothing behind, and for every copy of a message, so it has to be cheap.
   */
  readonly hasRoomFor?: (message: Uint8Array, from: PeerId) => boolean;
  /** What is accepted here counts for the peer that was the first to bring it, if peers have to make room. */
  readonly isCredited?: boolean;
  /** Messages that wait are judged though their sender was banned meanwhile: they may be evidence. Default false. */
  readonly judgesBanned?: boolean;
  /**
   * Asked as soon as a message comes: the verdict on one that is of no use, so that it need not wait its turn. Costs next to
   * nothing. Undefined: the message is to be judged.
   */
  readonly screen?: (message: Uint8Array, from: PeerId) => Verdict | undefined;
  readonly judge: Judge;
}

export interface ProtocolOptions {
  readonly requestBytesMax: number;
  /** Limit of one answer chunk as the requesting side sees it. */
  readonly chunkBytesMax: number;
  readonly timeoutMs: number;
  /** Requests that one peer may start in `perMs`; more are answered by closing the stream. */
  readonly rateLimit: { readonly requests: number; readonly perMs: number };
  /** Answers in chunks; each arrives whole at the other side. A throw resets the stream. */
  readonly handle: (request: Uint8Array, from: PeerId) => AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export interface RequestOptions {
  readonly timeoutMs: number;
  readonly chunkBytesMax: number;
  readonly chunksMax: number;
  readonly signal?: AbortSignal;
}

export interface ConnectedPeer {
  readonly peerId: PeerId;
  readonly address: string;
  readonly direction: "inbound" | "outbound";
  /** Wall clock. */
  readonly connectedAtMs: number;
  /** Name and version of its program, as the peer says; absent until the peer has said so. */
  readonly software?: string;
}

/** What a peer is to this node, beside what it has delivered. */
export interface PeerWorth {
  /** Its key is one of the authorities. */
  readonly isAuthority: boolean;
  /** It has said that it is on this node's chain; to a pool: it works for it. */
  readonly isOnChain: boolean;
  /** If it delivers something else than gossip, such as work: how much. Absent: blocks and votes are counted. */
  readonly delivered?: number;
}

/** Bans that `bans()` tells of. */
export const bansToldMax = 100;

/** One address that the operator wrote, and its state. */
export interface BootstrapStatus {
  readonly address: string;
  /** The peer that answered there last is connected, by this address or another. */
  readonly connected: boolean;
  /** The peer that answered there last, or that the address names. */
  readonly peerId: PeerId | null;
  /** Why the address does not work, in words for people; null while it works and before the first try has ended. */
  readonly error: string | null;
  /** Wall clock of the last failed try. */
  readonly failedAtMs: number | null;
}

export interface PeerHostEvents {
  /** A first connection to this peer is open and usable. */
  peerConnected: [ConnectedPeer];
  /** Its last connection is gone; why, as far as this side knows. */
  peerDisconnected: [PeerId, reason?: string];
  /** The addresses under which this host can be reached have changed. */
  addressesChanged: [];
  /** mDNS has named a peer: a claim, not a fact. `addresses` are multiaddrs with /p2p/. */
  peerSighted: [PeerId, readonly string[]];
}

export interface PeerHost {
  readonly peerId: PeerId;
  readonly events: EventEmitter<PeerHostEvents>;
  /** Multiaddrs with /p2p/ under which this host can be reached, best first. */
  addresses(): readonly string[];
  /** The operator's addresses, in their order. */
  bootstrap(): readonly BootstrapStatus[];
  /** Dials this address from now on. @returns false if it is in the list already */
  addBootstrap(address: string): boolean;
  /** Stops dialling this address. An open connection stays. @returns false if the list lacks the address */
  removeBootstrap(address: string): boolean;
  /**
   * Adds a peer that a signed record names. Such a peer is dialled seldom and given up after a few tries: an attacker that
   * makes keys can name any address.
   *
   * @param isWanted asked before each dial: whether the peer is still worth a connection
   */
  heardOf(peer: PeerId, addresses: readonly string[], isWanted: () => boolean): void;
  start(): Promise<void>;
  /** Closes every connection; resolves when nothing of the host runs any more. */
  stop(): Promise<void>;

  peers(): readonly ConnectedPeer[];
  /**
   * From now on a newcomer gets the place of the least useful inbound peer, if all places are taken. Until then newcomers
   * are refused.
   *
   * @param worth asked for each inbound peer when a place is needed
   */
  valuePeersBy(worth: (peer: PeerId) => PeerWorth): void;
  /** Opens a connection, or rejects with the reason. Resolves at once if the peer is connected. */
  dial(address: string, signal?: AbortSignal): Promise<PeerId>;
  /** Dials every bootstrap address and every peer seen that is not connected, whether or not its turn has come. */
  dialAll(): void;
  /** Whether a connection is being opened from here, or is about to be. */
  isDialling(): boolean;
  disconnect(peer: PeerId): Promise<void>;
  /**
   * Counts an offence of a peer, and does what the one table of offences says: nothing yet, hang up, or a ban.
   *
   * @param reason as the list of bans names it; by default the offence
   */
  report(peer: PeerId, offence: PeerOffence, reason?: string): void;
  /** What is held against a peer. */
  standing(peer: PeerId): PeerStanding;
  /** The operator's word: disconnects and refuses this peer, in and out, for `durationMs`. */
  ban(peer: PeerId, durationMs: number, reason: string): Promise<void>;
  /** Ends a ban. @returns false if there was none */
  unban(peer: PeerId): boolean;
  /** The peers that are banned now, newest first; at most `bansToldMax`. */
  bans(): readonly BannedPeer[];

  subscribe(topic: string, options: TopicOptions): void;
  /** Sends to the topic's mesh; resolves to the number of peers it was sent to. Own messages are not validated. */
  publish(topic: string, message: Uint8Array): Promise<number>;
  /** Peers known to be subscribed to a topic. */
  topicPeers(topic: string): readonly PeerId[];
  /** Those of them to which this host sends the topic's messages directly. */
  meshPeers(topic: string): readonly PeerId[];

  serve(protocol: string, options: ProtocolOptions): void;
  /** Sends one request and yields the answer's chunks; throws on time-out, reset, over-long or surplus chunks. */
  request(
    peer: PeerId,
    protocol: string,
    request: Uint8Array,
    options: RequestOptions,
  ): AsyncIterable<Uint8Array>;
}
