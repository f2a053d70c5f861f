/** A member of a pool: mines the pool's jobs, sends it the shares, and connects again when the connection is lost. */
import { bytesEqual, compareBytes, concatBytes } from "../base/bytes.ts";
import { type Clock, sleep } from "../base/clock.ts";
import { toError } from "../base/invariant.ts";
import type { Logger } from "../base/logger.ts";
import { Notify } from "../base/notify.ts";
import { workOf } from "../consensus/pow/work-rule.ts";
import { RequestError } from "../network/host/request-error.ts";
import type { ConnectedPeer, PeerHost } from "../network/peer-host.ts";
import {
  decodeNotice,
  decodeVerdict,
  encodeSubmit,
  encodeSubscribe,
  type MemberWork,
  type Notice,
  noticeBytesMax,
  type RefusalCode,
  refusalCodes,
  type ShareVerdict,
  submitProtocol,
  subscribeProtocol,
  verdictBytesMax,
  workOfNotice,
} from "../pool/messages.ts";
import { blockHash } from "../protocol/block.ts";
import { describeFault } from "../protocol/faults.ts";
import { type MiningThreads, noncePrefixBytes } from "../sealing/pow/mining-threads.ts";
import { MiningRate } from "./mining-rate.ts";
import { PoolContact, type PoolContactStatus } from "./pool-contact.ts";
import { type FoundShare, type ShareOutcome, ShareSender } from "./share-sender.ts";

export interface PoolMemberOptions {
  /** Whom the pool is to pay: 32-byte public key. */
  readonly account: Uint8Array;
  /** Name and version of the program, for the pool's log. */
  readonly software: string;
}

export interface PoolMemberModules {
  /** Made for this member, with the pool as its only bootstrap address: it is started and stopped here. */
  readonly host: PeerHost;
  /** Closed with the member. */
  readonly threads: MiningThreads;
  readonly clock: Clock;
  readonly logger: Logger;
  /** In [0, 1); for the jitter of attempts. */
  readonly random?: () => number;
}

/** Why a member is not mining. */
export type NotMiningReason =
  | "not connected to the pool"
  | "waiting for the pool's answer"
  | "refused by the pool"
  | "the pool has nothing to mine"
  | "waiting to submit shares";

export interface PoolMemberStatus extends PoolContactStatus {
  /** Undefined while it mines. */
  readonly notMiningBecause: NotMiningReason | undefined;
  /** What the pool said when it refused last, until it takes us. */
  readonly refusal: string | undefined;
  readonly hashesPerSecond: number;
  /** Expected number of hashes behind a share, as it is now; 0 while there is nothing to mine. */
  readonly hashesPerShare: number;
  readonly accepted: number;
  /** Expected number of hashes behind all accepted shares. */
  readonly acceptedWork: bigint;
  readonly rejected: Readonly<Partial<Record<RefusalCode, number>>>;
  /** Too late: told by the pool (code 21), or seen before they were sent. */
  readonly stale: number;
  /** Given up after several attempts. */
  readonly unanswered: number;
  /** Accepted shares that met the block's own target. */
  readonly blocksFound: number;
}

/** A pool says something every five seconds. */
const silenceMs = 15_000;
const submitTimeoutMs = 10_000;
/** A subscription that ends sooner, or never said anything, counts as a failed attempt. */
const steadyMs = silenceMs + 1_000;
const backoffMinMs = 1_000;
const backoffMaxMs = 15_000;
const retrySearchMs = 1_000;
/** Of the nonce prefix, behind the pool's eight bytes. */
const roundBytes = 12;

export class PoolMember {
  readonly #options: PoolMemberOptions;
  readonly #modules: PoolMemberModules;
  readonly #sender: ShareSender;
  readonly #contact: PoolContact;
  readonly #rate = new MiningRate();
  readonly #stopped = new AbortController();
  /** Tells the mining loop: other work, or room for another share. */
  readonly #workNotify = new Notify();
  readonly #connectionNotify = new Notify();
  #loops: Promise<unknown> = Promise.resolve();
  #work: MemberWork | undefined;
  #search: AbortController | undefined;
  /** Rounds of one process: no nonce is tried twice, whatever spaces and jobs the pool gives. */
  #round = 0n;
  #failures = 0;
  #hasAnswer = false;
  #refusal: string | undefined;
  #accepted = 0;
  #acceptedWork = 0n;
  readonly #rejected: Partial<Record<RefusalCode, number>> = {};
  #stale = 0;
  #unanswered = 0;
  #blocksFound = 0;
  readonly #onConnection = () => this.#connectionNotify.tell();

  constructor(options: PoolMemberOptions, modules: PoolMemberModules) {
    this.#options = options;
    this.#modules = modules;
    this.#contact = new PoolContact(modules);
    this.#sender = new ShareSender({
      clock: modules.clock,
      logger: modules.logger,
      submit: (share) => this.#submit(share),
      onOutcome: (share, outcome) => this.#note(share, outcome),
      onRoom: () => this.#workNotify.tell(),
    });
  }

  async start(): Promise<void> {
    const { host } = this.#modules;
    host.events.on("peerConnected", this.#onConnection);
    await host.start();
    this.#contact.start();
    this.#loops = Promise.all([this.#stayWithPool(), this.#mine()]);
  }

  /** Ends for good; resolves when nothing of the member runs any more. */
  async stop(): Promise<void> {
    const { host, threads } = this.#modules;
    this.#stopped.abort();
    this.#contact.stop();
    this.#search?.abort();
    this.#workNotify.tell();
    this.#connectionNotify.tell();
    host.events.off("peerConnected", this.#onConnection);
    await host.stop();
    await this.#sender.close();
    await this.#loops;
    await threads.close();
  }

  status(): PoolMemberStatus {
    const notMiningBecause = this.#notMiningBecause();
    return {
      ...this.#contact.status(),
      notMiningBecause,
      refusal: this.#refusal,
      hashesPerSecond: notMiningBecause ? 0 : this.#rate.hashesPerSecond,
      hashesPerShare: this.#work ? Number(workOf(this.#work.shareTarget)) : 0,
      accepted: this.#accepted,
      acceptedWork: this.#acceptedWork,
      rejected: { ...this.#rejected },
      stale: this.#stale,
      unanswered: this.#unanswered,
      blocksFound: this.#blocksFound,
    };
  }

  #notMiningBecause(): NotMiningReason | undefined {
    if (!this.#contact.peer()) return "not connected to the pool";
    if (!this.#hasAnswer) return this.#refusal ? "refused by the pool" : "waiting for the pool's answer";
    if (!this.#work) return "the pool has nothing to mine";
    return this.#sender.hasRoom ? undefined : "waiting to submit shares";
  }

  /** Logs why the pool was lost. If a node listens there and no pool, trying again is not enough. */
  #say(thrown: unknown): void {
    const { logger } = this.#modules;
    const error = toError(thrown).message;
    if (!(thrown instanceof RequestError) || thrown.code !== "request/unsupported") {
      logger.warn({ error }, "lost the pool");
      return;
    }
    this.#refusal = "what listens there is no pool; aurex-node pool serve prints the pool's own address";
    logger.warn({ error }, this.#refusal);
  }

  async #stayWithPool(): Promise<void> {
    const { clock, random = Math.random } = this.#modules;
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const pool = this.#contact.peer();
      if (!pool) {
        await this.#connectionNotify.told();
        continue;
      }
      const beganMs = clock.monotonicMs();
      try {
        await this.#follow(pool);
      } catch (thrown) {
        if (!signal.aborted) this.#say(thrown);
      } finally {
        this.#hasAnswer = false;
        this.#sender.isOpen = false;
        this.#turnTo(undefined);
      }
      if (clock.monotonicMs() - beganMs > steadyMs) this.#failures = 0;
      const wholeMs = Math.min(backoffMaxMs, backoffMinMs * 2 ** Math.min(this.#failures, 16));
      this.#failures += 1;
      await sleep(clock, wholeMs * (0.5 + random() / 2), signal);
    }
  }

  /** Subscribes, and does what the pool says until it says no more. */
  async #follow(pool: ConnectedPeer): Promise<void> {
    const { host, logger } = this.#modules;
    const { account, software } = this.#options;
    const hashesPerSecond = Math.round(this.#rate.hashesPerSecond);
    const request = encodeSubscribe({ account, software, hashesPerSecond });
    const chunks = host.request(pool.peerId, subscribeProtocol, request, {
      timeoutMs: silenceMs,
      chunkBytesMax: noticeBytesMax,
      chunksMax: Number.POSITIVE_INFINITY,
      signal: this.#stopped.signal,
    });
    for await (const chunk of chunks) {
      const notice = decodeNotice(chunk);
      if (!notice.ok) throw new Error(describeFault(notice.fault));
      if (notice.value.kind === "refused") {
        const { code, reason } = notice.value;
        if (this.#refusal !== reason) logger.warn({ code, reason }, "the pool refuses us");
        this.#refusal = reason;
        return;
      }
      this.#obey(notice.value);
      if (!this.#hasAnswer) this.#contact.minesFor(pool);
      this.#hasAnswer = true;
      this.#refusal = undefined;
      this.#sender.isOpen = true;
    }
  }

  #obey(notice: Exclude<Notice, { kind: "refused" }>): void {
    if (notice.kind === "idle") {
      this.#sender.keepOnly(() => false);
      this.#turnTo(undefined);
      return;
    }
    const work = workOfNotice(notice);
    if (!work.ok) throw new Error(describeFault(work.fault));
    const { header, jobId: newestJob } = work.value;
    const firstJob = notice.isClean ? newestJob : 0;
    // A share on another parent is worthless whatever the pool calls clean: we may have been away.
    this.#sender.keepOnly(
      ({ jobId, parentHash }) => jobId >= firstJob && bytesEqual(parentHash, header.parentHash),
    );
    if (!this.#work || !isSameWork(this.#work, work.value)) this.#turnTo(work.value);
  }

  /** Ends the search that runs, and begins the next one if there is work. */
  #turnTo(work: MemberWork | undefined): void {
    this.#work = work;
    this.#search?.abort();
    this.#workNotify.tell();
  }

  async #mine(): Promise<void> {
    const { threads, clock, logger } = this.#modules;
    const { signal } = this.#stopped;
    const onProgress = this.#rate.note.bind(this.#rate);
    while (!signal.aborted) {
      const work = this.#work;
      if (!work || !this.#sender.hasRoom) {
        await this.#workNotify.told();
        continue;
      }
      this.#search = new AbortController();
      this.#rate.begin();
      const { headerRoot, shareTarget: target } = work;
      const noncePrefix = this.#nextPrefix(work.noncePrefix);
      try {
        const options = { signal: this.#search.signal, onProgress };
        const nonce = await threads.search({ headerRoot, target, noncePrefix }, options);
        if (nonce) this.#found(work, nonce);
      } catch (thrown) {
        logger.error({ error: toError(thrown) }, "a search for shares broke");
        await sleep(clock, retrySearchMs, signal);
      }
    }
  }

  #nextPrefix(spacePrefix: Uint8Array): Uint8Array {
    const round = new Uint8Array(roundBytes);
    new DataView(round.buffer).setBigUint64(0, this.#round, true);
    this.#round += 1n;
    return concatBytes([spacePrefix, round], noncePrefixBytes);
  }

  #found({ jobId, header, headerRoot, shareTarget }: MemberWork, nonce: Uint8Array): void {
    const isBlock = compareBytes(blockHash(headerRoot, nonce), header.target) <= 0;
    const { parentHash } = header;
    this.#sender.add({ jobId, nonce, parentHash, work: workOf(shareTarget), isBlock });
  }

  async #submit({ jobId, nonce }: FoundShare): Promise<ShareVerdict> {
    const { host } = this.#modules;
    const pool = this.#contact.peer();
    if (!pool) throw new Error("no connection to the pool");
    const chunks = host.request(pool.peerId, submitProtocol, encodeSubmit({ jobId, nonce }), {
      timeoutMs: submitTimeoutMs,
      chunkBytesMax: verdictBytesMax,
      chunksMax: 1,
      signal: this.#stopped.signal,
    });
    for await (const chunk of chunks) {
      const verdict = decodeVerdict(chunk);
      if (!verdict.ok) throw new Error(describeFault(verdict.fault));
      return verdict.value;
    }
    throw new Error("the pool gave no verdict");
  }

  #note({ work, isBlock }: FoundShare, outcome: ShareOutcome): void {
    if (outcome.kind === "accepted") {
      this.#accepted += 1;
      this.#acceptedWork += work;
      if (isBlock) this.#blocksFound += 1;
    } else if (outcome.kind === "refused") {
      const { code, reason } = outcome;
      this.#rejected[code] = (this.#rejected[code] ?? 0) + 1;
      if (code === refusalCodes.jobNotFound) this.#stale += 1;
      else this.#modules.logger.warn({ code, reason }, "the pool refused a share");
    } else if (outcome.kind === "stale") this.#stale += 1;
    else this.#unanswered += 1;
  }
}

function isSameWork(one: MemberWork, other: MemberWork): boolean {
  return (
    one.jobId === other.jobId &&
    bytesEqual(one.noncePrefix, other.noncePrefix) &&
    bytesEqual(one.shareTarget, other.shareTarget) &&
    bytesEqual(one.headerRoot, other.headerRoot)
  );
}
