/** Admission of authorities: hears of candidates, votes for them as the chain's policy says, and answers the API. */

import type { AuthoritiesAnswer, ConsentAnswer } from "../api/consensus.ts";
import { BoundedMap } from "../base/bounded-map.ts";
import { bytesEqual, includesBytes, toHex, toUtf8 } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { toError } from "../base/invariant.ts";
import type { Logger } from "../base/logger.ts";
import { fail, ok, type Result } from "../base/result.ts";
import type { Chain, HeadChange } from "../chain/chain.ts";
import { authoritiesOf } from "../consensus/engine.ts";
import type { ChainFinality, OpenBallot } from "../consensus/finality/chain-finality.ts";
import { isFor } from "../consensus/poa/ballot-box.ts";
import type {
  AuthorityControl,
  AuthorityControlFault,
  AuthorityVoteRequest,
} from "../http/authority-control.ts";
import type { AdmissionFault } from "../mempool/admission.ts";
import type { CandidacyMessage, Handshake } from "../network/messages.ts";
import type { Network } from "../network/network.ts";
import type { ConnectedPeer } from "../network/peer-host.ts";
import type { KnownPeer } from "../network/peers/directory.ts";
import type { CandidacyNotice } from "../protocol/candidacy-notice.ts";
import { describeFault } from "../protocol/faults.ts";
import type { AdmissionPolicy } from "../protocol/genesis.ts";
import { addressOf } from "../protocol/identity.ts";
import { authorityActions } from "../protocol/transaction.ts";
import type { SigningPermission } from "../sealing/signing-permission.ts";
import { type AdmissionWait, admissionWait, operatorWaits } from "./admission-rule.ts";
import { authoritiesAnswer, type HeardKey } from "./authorities-answer.ts";
import type { BootstrapNames } from "./bootstrap-names.ts";
import { type Candidate, CandidateList } from "./candidate-list.ts";
import { meaningOfTwo } from "./chain-alarms.ts";
import type { OwnCandidacy } from "./own-candidacy.ts";
import { Participation, type ParticipationChain } from "./participation.ts";
import { isPrivateAddress } from "./private-address.ts";
import { awaitsNewcomer, mayNominate, nextCandidate, setWait } from "./set-rule.ts";
import { SilenceWatch } from "./silence-watch.ts";
import type { SlashedList } from "./slashed.ts";
import type { VoteCaster } from "./vote-caster.ts";

export interface AdmissionControllerModules {
  readonly chain: Pick<Chain, "spec" | "ledger"> & ParticipationChain;
  readonly network: Pick<Network, "events">;
  readonly candidacy: OwnCandidacy;
  readonly caster: VoteCaster;
  readonly slashed: Pick<SlashedList, "all">;
  /** Absent if the node was not started to be an authority: it votes for no candidate by itself. */
  readonly permission: SigningPermission | undefined;
  /** Knows the peers that were dialled by a name of the LAN; without it no name counts as one. */
  readonly names?: Pick<BootstrapNames, "isPrivate">;
  readonly clock: Clock;
  readonly logger: Logger;
}

const keysRememberedMax = 1_024;
/** How long a vote to remove counts, in blocks, if the operator does not say. */
const removalBlocks = 1_000;
const noConsent = new Uint8Array(64);

export class AdmissionController implements AuthorityControl {
  readonly #publicKey: Uint8Array;
  readonly #modules: AdmissionControllerModules;
  readonly #policy: AdmissionPolicy;
  readonly #candidates: CandidateList;
  /** By key in hex. */
  readonly #heard = new BoundedMap<string, HeardKey>(keysRememberedMax);
  /** Candidates for which the log has told the operator's command. */
  readonly #announced = new BoundedMap<string, true>(keysRememberedMax);
  /** By key in hex: when this process last voted for a candidate; monotonic. */
  readonly #votedMs = new BoundedMap<string, number>(keysRememberedMax);
  readonly #participation: Participation;
  readonly #silence: SilenceWatch;
  /** Votes being signed and submitted. */
  readonly #underWay = new Set<string>();
  #windowEndsAtMs: number;
  /** Monotonic. */
  #headSinceMs: number;
  #saidTwo = false;

  /** Throws for a chain that has no authorities. */
  constructor(publicKey: Uint8Array, modules: AdmissionControllerModules) {
    const { spec } = modules.chain;
    if (!spec.admission) throw new Error("admission is for a Proof of Authority chain");
    this.#publicKey = publicKey;
    this.#modules = modules;
    this.#policy = spec.admission;
    this.#candidates = new CandidateList(spec.chainId);
    this.#participation = new Participation(modules.chain);
    this.#silence = new SilenceWatch(publicKey, { ...modules, participation: this.#participation });
    this.#headSinceMs = modules.clock.monotonicMs();
    this.#windowEndsAtMs = spec.genesis.timestampMs + spec.genesis.joinWindowMs;
  }

  start(): void {
    const { network, permission } = this.#modules;
    permission?.events.on("changed", this.look);
    network.events.on("status", this.#onStatus);
    network.events.on("candidacy", this.#onCandidacy);
    network.events.on("candidacyNotice", this.#onNotice);
  }

  stop(): void {
    const { network, permission } = this.#modules;
    permission?.events.off("changed", this.look);
    network.events.off("status", this.#onStatus);
    network.events.off("candidacy", this.#onCandidacy);
    network.events.off("candidacyNotice", this.#onNotice);
  }

  /** To be called on each new head. */
  headChanged({ connected }: Pick<HeadChange, "connected">): void {
    this.#headSinceMs = this.#modules.clock.monotonicMs();
    for (const block of connected) this.#participation.note(block);
    this.look();
  }

  /** Casts the votes that this node may cast by now. */
  readonly look = (): void => {
    this.#silence.look();
    for (const candidate of this.#present()) this.#consider(candidate);
  };

  /** Whether an empty block on the head is worth sealing: a newcomer has yet to show that it seals and votes. */
  get awaitsNewcomer(): boolean {
    const { chain } = this.#modules;
    const { height } = chain.head.header;
    const isOld = height - this.#finality.authoritiesSinceHeight >= 4 * this.#finality.sealedHeights.length;
    return !isOld && awaitsNewcomer(this.#participation.members(), height);
  }

  view(): AuthoritiesAnswer {
    const { chain, clock } = this.#modules;
    const next = this.#next();
    return authoritiesAnswer({
      nowMs: clock.nowMs(),
      height: chain.head.header.height,
      authorities: authoritiesOf(chain.engine, chain.head),
      finality: this.#finality,
      ownKey: this.#publicKey,
      heard: this.#heard,
      candidates: this.#present().map((candidate) => ({
        ...candidate,
        waitsFor: this.#missing(candidate, next),
      })),
      slashed: this.#modules.slashed.all(),
      policy: this.#policy,
      windowEndsAtMs: this.#windowEndsAtMs,
    });
  }

  /** Why this node does not vote for a candidate by itself. Undefined if it does or has, and if nobody asks with this key. */
  waitOf(publicKey: Uint8Array): AdmissionWait | undefined {
    const candidate = this.#candidates.get(publicKey, this.#modules.clock.monotonicMs());
    return candidate && this.#missing(candidate, this.#next());
  }

  async vote(request: AuthorityVoteRequest): Promise<Result<string, AuthorityControlFault | AdmissionFault>> {
    if (!this.#modules.candidacy.isMember) return fail({ code: "authority/not-an-authority" });
    const { action, authority } = request;
    const terms = action === "add" ? this.#consentFor(request) : this.#removalTerms(request);
    if (!terms) return fail({ code: "authority/consent-missing", address: addressOf(authority) });
    if (action === "add") this.#sayWhatTwoMean();
    const cast = await this.#modules.caster.cast({ action: authorityActions[action], authority, ...terms });
    // The operator takes this node out of the set: it must not ask to be admitted again while this process runs.
    const isOwnLeave = action === "remove" && bytesEqual(authority, this.#publicKey);
    if (cast.ok && isOwnLeave) this.#modules.candidacy.withdraw();
    return cast;
  }

  open(forMs: number): Result<number, AuthorityControlFault> {
    if (this.#policy !== "open-lan")
      return fail({ code: "authority/window-not-used", admission: this.#policy });
    const endsAtMs = this.#modules.clock.nowMs() + forMs;
    this.#windowEndsAtMs = Math.max(this.#windowEndsAtMs, endsAtMs);
    this.look();
    return ok(this.#windowEndsAtMs);
  }

  propose(): Result<ConsentAnswer, AuthorityControlFault> {
    const { candidacy } = this.#modules;
    if (!this.#modules.permission) return fail({ code: "authority/not-started-as-one" });
    if (candidacy.isMember) return fail({ code: "authority/already-one" });
    if (candidacy.isBanned) return fail({ code: "authority/put-out-for-good" });
    candidacy.ask();
    const { consent, expiresAtHeight } = candidacy.consent();
    return ok({ address: addressOf(this.#publicKey), consent: toHex(consent), expiresAtHeight });
  }

  readonly #onStatus = (_peer: ConnectedPeer, { handshake: { publicKey, name } }: KnownPeer): void => {
    this.#heard.set(toHex(publicKey), { name: toUtf8(name) ?? "", atMs: this.#modules.clock.nowMs() });
  };

  readonly #onCandidacy = ({ address }: ConnectedPeer, who: Handshake, said: CandidacyMessage): void => {
    const candidate = this.#candidates.heard(who, said, address, this.#modules.clock.monotonicMs());
    if (candidate) this.#consider(candidate);
  };

  readonly #onNotice = (notice: CandidacyNotice): void => {
    const { clock } = this.#modules;
    if (this.#isMember(notice.publicKey)) return;
    const candidate = this.#candidates.noticed(notice, clock.monotonicMs());
    if (!candidate) return;
    this.#heard.set(toHex(notice.publicKey), { name: candidate.name, atMs: clock.nowMs() });
    this.#consider(candidate);
  };

  #consider(candidate: Candidate): void {
    const { permission, candidacy } = this.#modules;
    if (!permission || !candidacy.isMember || this.#isMember(candidate.publicKey)) return;
    const wait = this.#waitOf(candidate);
    if (wait && operatorWaits.has(wait)) this.#announce(candidate);
    if (wait || permission.reason !== undefined || this.#hasVotedFor(candidate)) return;
    const next = this.#next();
    if (next && bytesEqual(next, candidate.publicKey)) void this.#admit(candidate);
  }

  /** Said before the set has two, while the operator can still start a third node. */
  #sayWhatTwoMean(): void {
    const { chain, logger } = this.#modules;
    if (this.#saidTwo || authoritiesOf(chain.engine, chain.head).length !== 1) return;
    this.#saidTwo = true;
    logger.warn({}, `this chain is about to have ${meaningOfTwo}`);
  }

  async #admit({ publicKey, name, candidacy }: Candidate): Promise<void> {
    const { caster, logger } = this.#modules;
    const key = toHex(publicKey);
    if (this.#underWay.has(key)) return;
    this.#underWay.add(key);
    const address = addressOf(publicKey);
    this.#sayWhatTwoMean();
    try {
      const cast = await caster.cast({ action: authorityActions.add, authority: publicKey, ...candidacy });
      if (cast.ok) {
        this.#votedMs.set(key, this.#modules.clock.monotonicMs());
        logger.info({ address, name, id: cast.value }, "voted to add an authority");
        // The next candidacy message or head is the next try.
      } else logger.debug({ address, fault: describeFault(cast.fault) }, "no vote for a candidate");
    } catch (thrown) {
      logger.error({ address, error: toError(thrown) }, "a vote for a candidate could not be submitted");
    } finally {
      this.#underWay.delete(key);
    }
  }

  /** Once for each candidate, since only the operator's vote admits it. */
  #announce({ publicKey, name, address }: Candidate): void {
    const key = toHex(publicKey);
    if (this.#announced.has(key)) return;
    this.#announced.set(key, true);
    const candidate = addressOf(publicKey);
    this.#modules.logger.warn(
      { candidate, name, address },
      `a node asks to become an authority; to vote for it: aurex-node authority vote add ${candidate}`,
    );
  }

  /** What this node's vote for a candidate waits for; undefined once it has voted. */
  #missing(candidate: Candidate, next: Uint8Array | undefined): AdmissionWait | undefined {
    if (this.#hasVotedFor(candidate)) return undefined;
    const isNext = next !== undefined && bytesEqual(next, candidate.publicKey);
    return this.#waitOf(candidate) ?? (isNext ? undefined : "another candidate is first");
  }

  /** The one candidate for which this node votes next: the set grows by one at a time. */
  #next(): Uint8Array | undefined {
    const eligible = this.#present().filter((candidate) => this.#waitOf(candidate) === undefined);
    if (eligible.length === 0) return undefined;
    const wishes = eligible.map(({ publicKey, firstHeardMs }) => {
      return { publicKey, waitsSinceMs: this.#votedMs.get(toHex(publicKey)) ?? firstHeardMs };
    });
    const { chain, clock } = this.#modules;
    const head = { height: chain.head.header.height, ageMs: clock.monotonicMs() - this.#headSinceMs };
    const mayBegin = mayNominate(authoritiesOf(chain.engine, chain.head), this.#publicKey, head);
    return nextCandidate(wishes, this.#finality.ballots, new Set(this.#coming()), mayBegin);
  }

  /** All that keeps this node from voting for a candidate, whichever other candidates there are. */
  #waitOf(candidate: Candidate): AdmissionWait | undefined {
    const { chain, clock } = this.#modules;
    return admissionWait(
      {
        isPrivate:
          candidate.address !== null &&
          (isPrivateAddress(candidate.address) || this.#modules.names?.isPrivate(candidate.address) === true),
        isConnected: candidate.address !== null,
        height: candidate.height,
        timesHeard: candidate.timesHeard,
        heardForMs: candidate.lastHeardMs - candidate.firstHeardMs,
        consentBlocks: candidate.candidacy.expiresAtHeight - chain.head.header.height,
        isBanned: includesBytes(this.#finality.banned, candidate.publicKey),
        // The ledger remembers it: after a restart, on nodes that joined later, and whoever has voted.
        wasAuthority: chain.ledger.authority(toHex(candidate.publicKey)) !== undefined,
      },
      {
        policy: this.#policy,
        height: chain.head.header.height,
        authoritiesExpected: this.#authoritiesExpected(candidate.publicKey),
        isWindowOpen: clock.nowMs() < this.#windowEndsAtMs,
        isChanging: this.#finality.inFlight !== undefined,
        setWait: setWait(this.#participation.members()),
      },
    );
  }

  /** The number of authorities, and of other candidates that may become authorities by this node's votes. */
  #authoritiesExpected(candidate: Uint8Array): number {
    const { chain } = this.#modules;
    const others = new Set(this.#coming());
    others.delete(toHex(candidate));
    return authoritiesOf(chain.engine, chain.head).length + others.size;
  }

  /** The keys in hex of candidates for which a vote of this node is open, waits for a block, or is being signed. */
  #coming(): string[] {
    const { inFlight, ballots } = this.#finality;
    const { height } = this.#modules.chain.head.header;
    const isOwn = ({ voter, expiresAtHeight }: OpenBallot) =>
      bytesEqual(voter, this.#publicKey) && expiresAtHeight > height;
    const votes = [
      ...(inFlight ? [inFlight] : []),
      ...ballots.filter(isOwn),
      ...this.#modules.caster.waiting(),
    ];
    const keys = votes
      .filter(({ action }) => action === authorityActions.add)
      .map(({ authority }) => toHex(authority));
    return [...keys, ...this.#underWay];
  }

  #hasVotedFor({ publicKey }: Candidate): boolean {
    const wish = { action: authorityActions.add, authority: publicKey };
    const { caster } = this.#modules;
    return caster.waiting().some((vote) => isFor(vote, wish)) || caster.hasCast(wish);
  }

  #present(): Candidate[] {
    const present = this.#candidates.present(this.#modules.clock.monotonicMs());
    return present.filter(({ publicKey }) => !this.#isMember(publicKey));
  }

  #consentFor({ authority, consent, expiresAtHeight }: AuthorityVoteRequest) {
    if (consent && expiresAtHeight !== undefined) return { consent, expiresAtHeight };
    return this.#candidates.get(authority, this.#modules.clock.monotonicMs())?.candidacy;
  }

  #removalTerms({ expiresAtHeight }: AuthorityVoteRequest) {
    const { height } = this.#modules.chain.head.header;
    return { consent: noConsent, expiresAtHeight: expiresAtHeight ?? height + removalBlocks };
  }

  #isMember(key: Uint8Array): boolean {
    const { chain } = this.#modules;
    return includesBytes(authoritiesOf(chain.engine, chain.head), key);
  }

  get #finality(): ChainFinality {
    const { engine, head } = this.#modules.chain;
    const finality = engine.authority?.finality(head);
    if (!finality) throw new Error("a Proof of Authority chain has finality");
    return finality;
  }
}
