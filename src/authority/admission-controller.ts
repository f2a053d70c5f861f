/** The admission desk of an authority: hears who wants to become one, votes as the chain's policy says, and answers the API. */

import type { AuthoritiesAnswer, AuthorityAction, ConsentAnswer } from "../api/consensus.ts";
import { BoundedMap } from "../base/bounded-map.ts";
import { bytesEqual, includesBytes, toHex, toUtf8 } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { toError } from "../base/invariant.ts";
import type { Logger } from "../base/logger.ts";
import { fail, ok, type Result } from "../base/result.ts";
import type { Chain } from "../chain/chain.ts";
import { authoritiesOf } from "../consensus/engine.ts";
import type { ChainFinality } from "../consensus/finality/chain-finality.ts";
import { isFor } from "../consensus/poa/ballot-box.ts";
import type {
  AuthorityControl,
  AuthorityControlFault,
  AuthorityVoteRequest,
} from "../http/authority-control.ts";
import type { SubmitFault } from "../http/refusals.ts";
import type { CandidacyMessage, Handshake } from "../network/messages.ts";
import type { Network } from "../network/network.ts";
import type { ConnectedPeer } from "../network/peer-host.ts";
import type { KnownPeer } from "../network/peers/directory.ts";
import type { CandidacyNotice } from "../protocol/candidacy-notice.ts";
import { quorumOf } from "../protocol/certificate.ts";
import { describeFault } from "../protocol/faults.ts";
import type { AdmissionPolicy } from "../protocol/genesis.ts";
import { addressOf } from "../protocol/identity.ts";
import { authorityActions } from "../protocol/transaction.ts";
import type { SigningPermission } from "../sealing/signing-permission.ts";
import { type AdmissionWait, admissionWait, operatorWaits } from "./admission-rule.ts";
import type { BootstrapNames } from "./bootstrap-names.ts";
import { type Candidate, CandidateList } from "./candidate-list.ts";
import { meaningOfTwo } from "./chain-alarms.ts";
import type { OwnCandidacy } from "./own-candidacy.ts";
import { isPrivateAddress } from "./private-address.ts";
import { SlashedList } from "./slashed.ts";
import type { VoteCaster } from "./vote-caster.ts";

export interface AdmissionControllerModules {
  readonly chain: Pick<Chain, "head" | "spec" | "engine" | "ledger" | "blockAtHeight" | "hashAtHeight">;
  readonly network: Pick<Network, "events">;
  readonly candidacy: OwnCandidacy;
  readonly caster: VoteCaster;
  /** Absent if the node was not started to be an authority: it votes for no candidate by itself. */
  readonly permission: SigningPermission | undefined;
  /** Peers that were dialled by a name; without it none of them is of the LAN. */
  readonly names?: Pick<BootstrapNames, "isPrivate">;
  readonly clock: Clock;
  readonly logger: Logger;
}

const keysRememberedMax = 1_024;
/** How long a vote to remove counts, in blocks, where the operator does not say. */
const removalBlocks = 1_000;
const noConsent = new Uint8Array(64);

export class AdmissionController implements AuthorityControl {
  readonly #publicKey: Uint8Array;
  readonly #modules: AdmissionControllerModules;
  readonly #policy: AdmissionPolicy;
  readonly #candidates: CandidateList;
  /** By key in hex: name, and wall clock of the last status or notice. */
  readonly #heard = new BoundedMap<string, { readonly name: string; readonly atMs: number }>(
    keysRememberedMax,
  );
  /** Candidates whose command the log has told. */
  readonly #announced = new BoundedMap<string, true>(keysRememberedMax);
  /** Votes being signed and submitted. */
  readonly #underWay = new Set<string>();
  readonly #slashed: SlashedList;
  #windowEndsAtMs: number;
  #saidTwo = false;

  /** Throws for a chain that has no authorities. */
  constructor(publicKey: Uint8Array, modules: AdmissionControllerModules) {
    const { spec } = modules.chain;
    if (!spec.admission) throw new Error("admission is for a Proof of Authority chain");
    this.#publicKey = publicKey;
    this.#modules = modules;
    this.#policy = spec.admission;
    this.#candidates = new CandidateList(spec.chainId);
    this.#slashed = new SlashedList(modules.chain);
    this.#windowEndsAtMs = spec.genesis.timestampMs + spec.genesis.joinWindowMs;
  }

  start(): void {
    const { network, permission } = this.#modules;
    permission?.events.on("changed", this.#considerAll);
    network.events.on("status", this.#onStatus);
    network.events.on("candidacy", this.#onCandidacy);
    network.events.on("candidacyNotice", this.#onNotice);
  }

  stop(): void {
    const { network, permission } = this.#modules;
    permission?.events.off("changed", this.#considerAll);
    network.events.off("status", this.#onStatus);
    network.events.off("candidacy", this.#onCandidacy);
    network.events.off("candidacyNotice", this.#onNotice);
  }

  /** To be called on each new head. */
  headChanged(): void {
    this.#considerAll();
  }

  view(): AuthoritiesAnswer {
    const { chain, clock } = this.#modules;
    const { sealedHeights, inFlight, banned, ballots } = this.#finality;
    const authorities = authoritiesOf(chain.engine, chain.head);
    return {
      authorities: authorities.map((key, index) => {
        const self = bytesEqual(key, this.#publicKey);
        const heard = this.#heard.get(toHex(key));
        return {
          address: addressOf(key),
          name: heard?.name ?? null,
          lastHeardMs: self ? clock.nowMs() : (heard?.atMs ?? null),
          sealedHeight: sealedHeights[index] ?? 0,
          self,
        };
      }),
      candidates: this.#present().map((candidate) => ({
        address: addressOf(candidate.publicKey),
        name: candidate.name,
        lastHeardMs: this.#heard.get(toHex(candidate.publicKey))?.atMs ?? clock.nowMs(),
        height: candidate.height,
        expiresAtHeight: candidate.candidacy.expiresAtHeight,
        waitingBecause: this.#hasVotedFor(candidate) ? null : (this.#waitOf(candidate) ?? null),
      })),
      ballots: ballots
        .filter(({ expiresAtHeight }) => expiresAtHeight > chain.head.header.height)
        .map(({ voter, action, authority, expiresAtHeight }) => ({
          voter: addressOf(voter),
          action: actionName(action),
          address: addressOf(authority),
          expiresAtHeight,
        })),
      inFlight: inFlight
        ? { action: actionName(inFlight.action), address: addressOf(inFlight.authority) }
        : null,
      banned: banned.map(addressOf),
      slashed: this.#slashed
        .all()
        .map(({ publicKey, why, height }) => ({ address: addressOf(publicKey), why, height })),
      quorum: quorumOf(authorities.length),
      majority: Math.floor(authorities.length / 2) + 1,
      admission: this.#policy,
      joinWindowEndsAtMs: this.#policy === "open-lan" ? this.#windowEndsAtMs : null,
    };
  }

  /** Why this node does not vote for a candidate by itself; undefined if it does, or has, or if nobody asks with this key. */
  waitOf(publicKey: Uint8Array): AdmissionWait | undefined {
    const candidate = this.#candidates.get(publicKey, this.#modules.clock.monotonicMs());
    return candidate && !this.#hasVotedFor(candidate) ? this.#waitOf(candidate) : undefined;
  }

  async vote(request: AuthorityVoteRequest): Promise<Result<string, AuthorityControlFault | SubmitFault>> {
    if (!this.#isAuthority) return fail({ code: "authority/not-an-authority" });
    const { action, authority } = request;
    const terms = action === "add" ? this.#consentFor(request) : this.#removalTerms(request);
    if (!terms) return fail({ code: "authority/consent-missing", address: addressOf(authority) });
    if (action === "add") this.#sayWhatTwoMean();
    const cast = await this.#modules.caster.cast({ action: authorityActions[action], authority, ...terms });
    // A node that its operator takes out must not ask to be let in again while this process runs.
    const isOwnLeave = action === "remove" && bytesEqual(authority, this.#publicKey);
    if (cast.ok && isOwnLeave) this.#modules.candidacy.withdraw();
    return cast;
  }

  open(forMs: number): Result<number, AuthorityControlFault> {
    if (this.#policy !== "open-lan")
      return fail({ code: "authority/window-not-used", admission: this.#policy });
    const endsAtMs = this.#modules.clock.nowMs() + forMs;
    this.#windowEndsAtMs = Math.max(this.#windowEndsAtMs, endsAtMs);
    this.#considerAll();
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

  readonly #considerAll = (): void => {
    for (const candidate of this.#present()) this.#consider(candidate);
  };

  #consider(candidate: Candidate): void {
    const { permission } = this.#modules;
    if (!permission || !this.#isAuthority || this.#isMember(candidate.publicKey)) return;
    const wait = this.#waitOf(candidate);
    if (wait && operatorWaits.has(wait)) this.#announce(candidate);
    if (wait || permission.reason !== undefined || this.#hasVotedFor(candidate)) return;
    void this.#admit(candidate);
  }

  /** Before it is so, while the operator can still bring a third one. */
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
      if (cast.ok) logger.info({ address, name, id: cast.value }, "voted to add an authority");
      // The next candidacy message or head is the next try.
      else logger.debug({ address, fault: describeFault(cast.fault) }, "no vote for a candidate");
    } catch (thrown) {
      logger.error({ address, error: toError(thrown) }, "a vote for a candidate could not be submitted");
    } finally {
      this.#underWay.delete(key);
    }
  }

  /** Once for each candidate: the operator decides when. */
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

  #waitOf(candidate: Candidate): AdmissionWait | undefined {
    const { chain, clock } = this.#modules;
    const key = toHex(candidate.publicKey);
    return admissionWait(
      {
        isPrivate:
          candidate.address !== null &&
          (isPrivateAddress(candidate.address) || this.#modules.names?.isPrivate(candidate.address) === true),
        isConnected: candidate.address !== null,
        height: candidate.height,
        timesHeard: candidate.timesHeard,
        heardForMs: candidate.lastHeardMs - candidate.firstHeardMs,
        isBanned: includesBytes(this.#finality.banned, candidate.publicKey),
        // From the ledger, so that it holds after a restart, on nodes that joined later, and whoever voted.
        wasAuthority: chain.ledger.authority(key) !== undefined,
      },
      {
        policy: this.#policy,
        height: chain.head.header.height,
        authoritiesExpected: this.#authoritiesExpected(candidate.publicKey),
        isWindowOpen: clock.nowMs() < this.#windowEndsAtMs,
      },
    );
  }

  /** Authorities, and others than this candidate that may yet become ones with this node's vote. */
  #authoritiesExpected(candidate: Uint8Array): number {
    const { chain } = this.#modules;
    const { inFlight, ballots } = this.#finality;
    const ownBallots = ballots.filter(({ voter }) => bytesEqual(voter, this.#publicKey));
    const coming = [...(inFlight ? [inFlight] : []), ...ownBallots, ...this.#modules.caster.waiting()]
      .filter(({ action }) => action === authorityActions.add)
      .map(({ authority }) => toHex(authority));
    const others = new Set([...coming, ...this.#underWay]);
    others.delete(toHex(candidate));
    return authoritiesOf(chain.engine, chain.head).length + others.size;
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

  get #isAuthority(): boolean {
    return this.#isMember(this.#publicKey);
  }

  get #finality(): ChainFinality {
    const { engine, head } = this.#modules.chain;
    const finality = engine.authority?.finality(head);
    if (!finality) throw new Error("a Proof of Authority chain has finality");
    return finality;
  }
}

function actionName(action: number): AuthorityAction {
  return action === authorityActions.add ? "add" : "remove";
}
