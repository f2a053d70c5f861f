/** A pool's side of the wire: gives members work, judges their shares and has them stored, and drops members that lie. */
import { BoundedMap } from "../base/bounded-map.ts";
import { toHex } from "../base/bytes.ts";
import type { Clock, Timer } from "../base/clock.ts";
import { invariant, toError } from "../base/invariant.ts";
import type { Logger } from "../base/logger.ts";
import { workOf } from "../consensus/pow/work-rule.ts";
import { LeakyBucket } from "../network/host/leaky-bucket.ts";
import type { PeerHost, PeerId, PeerWorth } from "../network/peer-host.ts";
import { PeerScore } from "../network/peers/score.ts";
import { bookLimits } from "../payouts/book-records.ts";
import type { PoolBook, ShareBlock } from "../payouts/pool-book.ts";
import { windowBlocksDefault } from "../payouts/pplns.ts";
import { blockRewardAt, type Genesis } from "../protocol/genesis.ts";
import { addressOf } from "../protocol/identity.ts";
import type { BlockDraft } from "../sealing/block-sealer.ts";
import type { WorkBoard, WorkJob } from "../sealing/pow/work-board.ts";
import { type MemberOffence, memberOffenceOf, memberScoreTable } from "./member-score.ts";
import {
  decodeSubmit,
  decodeSubscribe,
  encodeNotice,
  encodeVerdict,
  noticeBytesMax,
  type Refusal,
  type RefusalCode,
  type ShareVerdict,
  submitBytes,
  submitProtocol,
  subscribeBytesMax,
  subscribeProtocol,
  verdictBytesMax,
} from "./messages.ts";
import { PoolSession } from "./pool-session.ts";
import { CountedShares, type GoodShare, judgeShare, type NonceSpace, refusal } from "./share-judge.ts";

export interface PoolServerOptions {
  /** Of the chain that is mined: says what a block earns. */
  readonly genesis: Genesis;
  /** Members at a time; 1,000 unless told. */
  readonly sessionsMax?: number;
  /**
   * No share is easier: unless told, so many blocks' worth of the easiest shares as the books' window spans fill the
   * number of shares that it can hold, and no more.
   */
  readonly sharesPerBlockMax?: number;
}

/** What the server needs of the books: whether an account is a member, and a share on disk before its verdict. */
export type ShareBook = Pick<PoolBook, "hasAccount" | "mayJoin" | "recordShare" | "recordRejected">;

export interface PoolServerModules {
  /** Made for this server: it is started and stopped here. */
  readonly host: PeerHost;
  readonly board: WorkBoard;
  readonly book: ShareBook;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Since the server started; what each member did is in the books. */
export interface PoolServerStats {
  readonly sessions: number;
  readonly accepted: number;
  /** Also of peers that were not subscribed. */
  readonly rejected: Readonly<Partial<Record<RefusalCode, number>>>;
  readonly blocksFound: number;
  /** Lying members that were dropped. */
  readonly dropped: number;
}

const sessionsMaxDefault = 1_000;
const sharesPerBlockMaxDefault = Math.floor(bookLimits.sharesMax / windowBlocksDefault);
/** The last notice is repeated, so that a silent pool can be told from a quiet one. */
const noticeEveryMs = 5_000;
const requestTimeoutMs = 15_000;
/** An honest member sends a share every five seconds; until its target is found it may be some in a second. */
const sharesBurst = 60;
const sharesPerMs = 10 / 1_000;
const peersMax = 4_096;
/** A member subscribes as soon as it is connected. */
const strangerMaxMs = 30_000;
/** An honest member brings a share more often than this, unless its hash rate is next to nothing. */
const quietMaxMs = 600_000;
const crowdedShare = 0.9;
/** If all places are taken, a member that has brought no share for this long goes before those that work. */
const idleMs = 60_000;

/** What is remembered of a peer from one session to the next. */
interface PeerRecord {
  readonly flow: LeakyBucket;
  account: string;
  spaces: NonceSpace[];
}

export class PoolServer {
  readonly #genesis: Genesis;
  readonly #sessionsMax: number;
  readonly #sharesPerBlockMax: number;
  readonly #modules: PoolServerModules;
  readonly #sessions = new Map<PeerId, PoolSession>();
  readonly #peers = new BoundedMap<PeerId, PeerRecord>(peersMax);
  readonly #score: PeerScore<MemberOffence>;
  readonly #counted = new CountedShares();
  /** Shares that are being stored. */
  readonly #counting = new Set<Promise<void>>();
  /** Hash of the parent whose block is being stored. */
  #wonParent: string | undefined;
  #accepted = 0;
  readonly #rejected: Partial<Record<RefusalCode, number>> = {};
  #blocksFound = 0;
  #dropped = 0;
  #running = false;
  #timer: Timer | undefined;
  readonly #tellAll = () => {
    const nowMs = this.#nowMs();
    for (const session of this.#sessions.values()) session.boardChanged(nowMs);
  };
  /** Connected, and not subscribed: since when it was seen. As many as the host has connections. */
  #strangers = new Map<PeerId, number>();
  readonly #onDisconnected = (peer: PeerId) => this.#sessions.get(peer)?.notices.end();

  constructor(options: PoolServerOptions, modules: PoolServerModules) {
    const {
      genesis,
      sessionsMax = sessionsMaxDefault,
      sharesPerBlockMax = sharesPerBlockMaxDefault,
    } = options;
    this.#genesis = genesis;
    this.#score = new PeerScore(memberScoreTable, modules);
    this.#sessionsMax = sessionsMax;
    this.#sharesPerBlockMax = sharesPerBlockMax;
    this.#modules = modules;
  }

  /** @throws what the host's start throws, such as a taken port */
  async start(): Promise<void> {
    const { host, board } = this.#modules;
    host.serve(subscribeProtocol, {
      requestBytesMax: subscribeBytesMax,
      chunkBytesMax: noticeBytesMax,
      timeoutMs: requestTimeoutMs,
      rateLimit: { requests: 10, perMs: 10_000 },
      handle: (request, from) => this.#subscribed(request, from),
    });
    host.serve(submitProtocol, {
      requestBytesMax: submitBytes,
      chunkBytesMax: verdictBytesMax,
      timeoutMs: requestTimeoutMs,
      // Well above what counts as a flood, which is to be seen here.
      rateLimit: { requests: 200, perMs: 5_000 },
      handle: (request, from) => this.#submitted(request, from),
    });
    host.valuePeersBy((peer) => this.#worthOf(peer));
    await host.start();
    host.events.on("peerDisconnected", this.#onDisconnected);
    board.events.on("job", this.#tellAll);
    board.events.on("idle", this.#tellAll);
    this.#running = true;
    this.#repeatNotices();
  }

  /** Resolves when every share that came is stored, and every block that they found is out. */
  async stop(): Promise<void> {
    const { host, board } = this.#modules;
    this.#running = false;
    this.#timer?.cancel();
    board.events.off("job", this.#tellAll);
    board.events.off("idle", this.#tellAll);
    for (const session of [...this.#sessions.values()]) session.notices.end();
    // No share counts without a session. A member whose share is being stored still gets its verdict.
    await Promise.allSettled(this.#counting);
    await host.stop();
    host.events.off("peerDisconnected", this.#onDisconnected);
  }

  /** Multiaddrs that members join by. */
  addresses(): readonly string[] {
    return this.#modules.host.addresses();
  }

  stats(): PoolServerStats {
    return {
      sessions: this.#sessions.size,
      accepted: this.#accepted,
      rejected: { ...this.#rejected },
      blocksFound: this.#blocksFound,
      dropped: this.#dropped,
    };
  }

  #nowMs(): number {
    return this.#modules.clock.monotonicMs();
  }

  #repeatNotices(): void {
    this.#timer = this.#modules.clock.schedule(noticeEveryMs, () => {
      const nowMs = this.#nowMs();
      for (const session of this.#sessions.values()) {
        session.adjust(nowMs);
        session.notices.due();
      }
      this.#makeRoom(nowMs);
      this.#repeatNotices();
    });
  }

  /** Closes connections that never subscribe and, if nine tenths of the places are taken, those of members without shares. */
  #makeRoom(nowMs: number): void {
    const { host } = this.#modules;
    const known = this.#strangers;
    this.#strangers = new Map();
    for (const { peerId } of host.peers()) {
      if (this.#sessions.has(peerId)) continue;
      const sinceMs = known.get(peerId) ?? nowMs;
      this.#strangers.set(peerId, sinceMs);
      if (nowMs - sinceMs >= strangerMaxMs) this.#partFrom(peerId);
    }
    if (this.#sessions.size < this.#sessionsMax * crowdedShare) return;
    for (const [peer, session] of this.#sessions) {
      if (session.quietMs(nowMs) < quietMaxMs) continue;
      session.notices.end();
      this.#partFrom(peer);
    }
  }

  /** Keys are free, and work is not: who subscribes and does nothing makes room for newcomers. */
  #worthOf(peer: PeerId): PeerWorth {
    const session = this.#sessions.get(peer);
    const isWorking = session !== undefined && session.quietMs(this.#nowMs()) < idleMs;
    return { isAuthority: false, isOnChain: isWorking, delivered: session?.work ?? 0 };
  }

  #partFrom(peer: PeerId): void {
    const { host, logger } = this.#modules;
    host.disconnect(peer).catch((thrown: unknown) => {
      logger.debug({ peer, reason: toError(thrown).message }, "a connection could not be closed");
    });
  }

  #subscribed(request: Uint8Array, peer: PeerId): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
    const { board, logger } = this.#modules;
    const decoded = decodeSubscribe(request);
    if (!decoded.ok) {
      const malformed = refusal("other", decoded.fault.reason);
      this.#charge(peer, malformed);
      return [encodeNotice(malformed)];
    }
    const refused = this.#refusalOf(decoded.value.account, peer);
    if (refused) return [encodeNotice(refused)];
    this.#sessions.get(peer)?.notices.end();
    const { account, software } = decoded.value;
    const record = this.#recordOf(peer);
    if (record.account !== toHex(account)) record.spaces = [];
    record.account = toHex(account);
    const onEnd = () => {
      if (this.#sessions.get(peer) === session) this.#sessions.delete(peer);
      logger.debug({ peer }, "a pool member has left");
    };
    const session: PoolSession = new PoolSession(
      decoded.value,
      { board, sharesPerBlockMax: this.#sharesPerBlockMax, spaces: record.spaces, onEnd },
      this.#nowMs(),
    );
    this.#sessions.set(peer, session);
    logger.debug({ peer, account: addressOf(account), software }, "a pool member has subscribed");
    return session.notices;
  }

  #refusalOf(account: Uint8Array, peer: PeerId): Refusal | undefined {
    if (!this.#running) return refusal("other", "the pool is not open");
    if (!this.#mayEarn(account)) return refusal("unauthorized", "this pool takes no further account");
    const isFull = !this.#sessions.has(peer) && this.#sessions.size >= this.#sessionsMax;
    return isFull ? refusal("other", "the pool is full") : undefined;
  }

  readonly #mayEarn = (account: Uint8Array): boolean =>
    this.#modules.book.hasAccount(account) || this.#modules.book.mayJoin(account);

  async *#submitted(request: Uint8Array, peer: PeerId): AsyncIterable<Uint8Array> {
    yield encodeVerdict(await this.#verdictOn(request, peer));
  }

  async #verdictOn(request: Uint8Array, peer: PeerId): Promise<ShareVerdict> {
    const session = this.#sessions.get(peer);
    if (!this.#recordOf(peer).flow.add(1, this.#nowMs())) {
      return this.#refuse(refusal("other", "shares come too fast"), peer, session);
    }
    const submit = decodeSubmit(request);
    if (!submit.ok) return this.#refuse(refusal("other", submit.fault.reason), peer, session);
    const { board } = this.#modules;
    const judged = judgeShare(submit.value, session, {
      board,
      counted: this.#counted,
      sharesPerBlockMax: this.#sharesPerBlockMax,
      mayEarn: this.#mayEarn,
    });
    if (judged.kind === "refused") return this.#refuse(judged, peer, session);
    invariant(session, "who has not subscribed has no good share");
    const counting = this.#count(judged, submit.value.nonce, session);
    this.#counting.add(counting);
    try {
      await counting;
    } finally {
      this.#counting.delete(counting);
    }
    return { kind: "accepted" };
  }

  /** The share is on disk, with the split of the block that it found, before the block or the verdict goes out. */
  async #count(share: GoodShare, nonce: Uint8Array, session: PoolSession): Promise<void> {
    const { board, book, logger } = this.#modules;
    const { job, hash, work } = share;
    const { account } = session;
    const parentHex = toHex(job.draft.header.parentHash);
    // A parent takes one block. Another block that comes meanwhile counts as a share only: it will earn nothing.
    const isBlock = share.isBlock && this.#wonParent !== parentHex;
    // Before the wait: the same share, or another block on this parent, may come while this one is being stored.
    this.#counted.add(job, nonce);
    if (isBlock) this.#wonParent = parentHex;
    try {
      await book.recordShare({ account, work, ...(isBlock ? { block: this.#blockOf(job, hash) } : {}) });
    } catch (thrown) {
      this.#counted.delete(job, nonce);
      if (isBlock) this.#wonParent = undefined;
      throw thrown;
    }
    this.#accepted += 1;
    session.counted(share, this.#nowMs());
    if (!isBlock) return;
    this.#wonParent = undefined;
    const block = board.submit(job, nonce);
    const found = { height: job.draft.header.height, hash: toHex(hash), account: addressOf(account) };
    if (block) {
      this.#blocksFound += 1;
      logger.info(found, "a pool member found a block");
    } else logger.info(found, "a pool member's block came too late: its parent has another one");
  }

  #blockOf({ draft, target }: WorkJob, hash: Uint8Array): ShareBlock {
    const { height } = draft.header;
    return { hash, height, earnedUnits: earnedUnits(draft, this.#genesis), work: workOf(target) };
  }

  #refuse(said: Refusal, peer: PeerId, session: PoolSession | undefined): Refusal {
    this.#rejected[said.code] = (this.#rejected[said.code] ?? 0) + 1;
    if (session) this.#modules.book.recordRejected(session.account);
    this.#charge(peer, said);
    return said;
  }

  /** Bans the peer if it has no points left for this refusal. */
  #charge(peer: PeerId, { code, reason }: Refusal): void {
    if (this.#score.report(peer, memberOffenceOf[code]) !== "ban") return;
    this.#dropped += 1;
    this.#peers.delete(peer);
    this.#sessions.get(peer)?.notices.end();
    void this.#modules.host.ban(peer, memberScoreTable.banMs, `worthless shares, the last one: ${reason}`);
  }

  #recordOf(peer: PeerId): PeerRecord {
    const nowMs = this.#nowMs();
    const record = this.#peers.get(peer) ?? {
      flow: new LeakyBucket(sharesBurst, sharesPerMs, nowMs),
      account: "",
      spaces: [],
    };
    this.#peers.set(peer, record);
    return record;
  }
}

/** What a block earns: the subsidy of its height, and its fees. */
function earnedUnits({ header, transactions }: BlockDraft, genesis: Genesis): bigint {
  const fees = transactions.reduce((sum, { transaction }) => sum + transaction.fee, 0n);
  return blockRewardAt(genesis, header.height) + fees;
}
