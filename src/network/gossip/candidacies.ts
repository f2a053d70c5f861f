/** Carries candidates' consents to nodes that they are not connected with: told every few seconds, validated before the relay. */
import { BoundedMap } from "../../base/bounded-map.ts";
import { fromUtf8, toHex } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { Chain } from "../../chain/chain.ts";
import { verifyConsent } from "../../protocol/authority-consent.ts";
import {
  type CandidacyNotice,
  candidacyNoticeBytesMax,
  decodeCandidacyNotice,
  encodeCandidacyNotice,
  signCandidacyNotice,
  verifyCandidacyNotice,
} from "../../protocol/candidacy-notice.ts";
import type { Fault } from "../../protocol/faults.ts";
import type { KeyPair } from "../../protocol/signing.ts";
import { LeakyBucket } from "../host/leaky-bucket.ts";
import { type Candidacy, chainTopics } from "../messages.ts";
import type { PeerHost, Verdict } from "../peer-host.ts";
import { Schedule } from "../schedule.ts";
import { verdictOf } from "../verdicts.ts";
import { acceptanceRates } from "./acceptance.ts";
import { GossipTopic } from "./topic.ts";

export interface CandidacyGossipOptions {
  readonly name: string;
  readonly keyPair: KeyPair;
  /** What this node asks for; undefined while it asks for nothing. */
  readonly candidacy?: () => Candidacy | undefined;
}

export interface CandidacyGossipModules {
  readonly host: PeerHost;
  readonly chain: Chain;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called with each notice that its candidate has signed and whose consent has not expired. */
  readonly onNotice: (notice: CandidacyNotice) => void;
}

/** Several times within the silence after which a candidate counts as gone. */
const tellEveryMs = 8_000;
/** A candidate's next notice is taken after this pause at the earliest; a notice older than `noticeLastsMs` is stale. */
const candidateEveryMs = 4_000;
const noticeLastsMs = 60_000;
/** An attacker makes keys for free, so all notices together are bounded: this many at once, then so many a second. */
const noticesBurst = 64;
const noticesPerSecond = 16;
const candidatesRememberedMax = 256;
/** No candidate of this version signs a consent for a height farther ahead. */
const consentAheadMax = 10_000;

export class CandidacyGossip {
  readonly #options: CandidacyGossipOptions;
  readonly #modules: CandidacyGossipModules;
  readonly #topic: GossipTopic;
  readonly #schedule: Schedule;
  readonly #budget: LeakyBucket;
  /** By key in hex: the newest notice's timestamp, and when it came by our monotonic clock. */
  readonly #heard = new BoundedMap<string, { readonly timestampMs: number; readonly atMs: number }>(
    candidatesRememberedMax,
  );

  constructor(options: CandidacyGossipOptions, modules: CandidacyGossipModules) {
    const { chain, clock } = modules;
    this.#options = options;
    this.#modules = modules;
    this.#topic = new GossipTopic(chainTopics(chain.spec.chainId).candidates, modules);
    this.#schedule = new Schedule(clock);
    this.#budget = new LeakyBucket(noticesBurst, noticesPerSecond / 1_000, clock.monotonicMs());
  }

  /** Listens and tells, if the chain has authorities. */
  start(): void {
    if (!this.#modules.chain.spec.admission) return;
    this.#topic.subscribe({
      messageBytesMax: candidacyNoticeBytesMax,
      queueMax: 64,
      acceptance: acceptanceRates.candidates,
      judge: (message) => this.#judge(message),
    });
    this.#schedule.repeat(tellEveryMs, () => this.#tell());
  }

  close(): void {
    this.#schedule.close();
  }

  #tell(): void {
    const candidacy = this.#options.candidacy?.();
    if (!candidacy) return;
    const { chain, clock } = this.#modules;
    const { name, keyPair } = this.#options;
    const notice = signCandidacyNotice(
      chain.spec.chainId,
      {
        name: fromUtf8(name),
        height: chain.head.header.height,
        timestampMs: clock.nowMs(),
        ...candidacy,
      },
      keyPair,
    );
    this.#topic.publish(encodeCandidacyNotice(notice));
  }

  #judge(message: Uint8Array): Verdict {
    const decoded = decodeCandidacyNotice(message);
    if (!decoded.ok) return verdictOf(decoded.fault);
    const notice = decoded.value;
    const fault = this.#staleness(notice);
    if (fault) return verdictOf(fault);
    // Before the two signatures are verified: a flood of notices must not cost that work.
    if (!this.#budget.add(1, this.#modules.clock.monotonicMs())) return "ignore";
    if (!this.#isSigned(notice)) return verdictOf({ code: "record/signature-invalid" });
    const atMs = this.#modules.clock.monotonicMs();
    this.#heard.set(toHex(notice.publicKey), { timestampMs: notice.timestampMs, atMs });
    this.#modules.onNotice(notice);
    return "accept";
  }

  /** A fault that depends on this node's clock, head or memory, and so is no offence of the sender. */
  #staleness({ publicKey, timestampMs, expiresAtHeight }: CandidacyNotice): Fault | undefined {
    const { chain, clock } = this.#modules;
    const nowMs = clock.nowMs();
    if (timestampMs > nowMs + noticeLastsMs) return { code: "record/timestamp-ahead" };
    const heard = this.#heard.get(toHex(publicKey));
    const isTooSoon = heard !== undefined && clock.monotonicMs() - heard.atMs < candidateEveryMs;
    const isOld = timestampMs < nowMs - noticeLastsMs || (heard && timestampMs <= heard.timestampMs);
    const { height } = chain.head.header;
    const isExpired = expiresAtHeight <= height || expiresAtHeight > height + consentAheadMax;
    return isTooSoon || isOld || isExpired ? { code: "record/stale" } : undefined;
  }

  #isSigned(notice: CandidacyNotice): boolean {
    const { chainId } = this.#modules.chain.spec;
    const { expiresAtHeight, consent, publicKey } = notice;
    return (
      verifyCandidacyNotice(chainId, notice) && verifyConsent(chainId, expiresAtHeight, consent, publicKey)
    );
  }
}
