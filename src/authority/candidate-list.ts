/** The nodes that ask to become an authority: each one's consent, verified once, and for how long it has answered. Bounded. */
import { BoundedMap } from "../base/bounded-map.ts";
import { bytesEqual, toHex, toUtf8 } from "../base/bytes.ts";
import type { Candidacy, CandidacyMessage, Handshake } from "../network/messages.ts";
import { verifyConsent } from "../protocol/authority-consent.ts";
import type { CandidacyNotice } from "../protocol/candidacy-notice.ts";

export interface Candidate {
  readonly publicKey: Uint8Array;
  readonly name: string;
  /** Multiaddr of the connection; null if the candidate is known by its signed notices only. */
  readonly address: string | null;
  readonly height: number;
  readonly candidacy: Candidacy;
  readonly timesHeard: number;
  /** Monotonic. */
  readonly firstHeardMs: number;
  readonly lastHeardMs: number;
}

type Said = Omit<Candidate, "timesHeard" | "firstHeardMs" | "lastHeardMs">;

const candidatesMax = 256;
/** An attacker can sign any number of notices with new keys. They must not push out a candidate that is connected. */
const noticedMax = 128;
/** After a longer silence a node is no candidate any more, and has to answer for the whole time again. */
const silenceMaxMs = 30_000;

export class CandidateList {
  readonly #chainId: Uint8Array;
  readonly #candidates = new BoundedMap<string, Candidate>(candidatesMax);

  constructor(chainId: Uint8Array) {
    this.#chainId = chainId;
  }

  /**
   * Takes in what a peer on our chain says of its candidacy.
   *
   * @param address where the peer's connection comes from
   * @returns the candidate; undefined if the peer asks for nothing or shows a consent that is not its own
   */
  heard(
    { publicKey, name }: Pick<Handshake, "publicKey" | "name">,
    { height, candidacy: [candidacy] }: CandidacyMessage,
    address: string,
    monotonicMs: number,
  ): Candidate | undefined {
    const known = this.get(publicKey, monotonicMs);
    if (!candidacy || !this.#isConsent(candidacy, publicKey, known)) {
      this.#candidates.delete(toHex(publicKey));
      return undefined;
    }
    return this.#add({ publicKey, name: toUtf8(name) ?? "", address, height, candidacy }, known, monotonicMs);
  }

  /**
   * Takes in a candidate's signed notice, whose consent has been verified. A notice changes nothing about a candidate
   * that is connected: what it says over its connection counts for more.
   */
  noticed(notice: CandidacyNotice, monotonicMs: number): Candidate | undefined {
    const { publicKey, height, expiresAtHeight, consent } = notice;
    const known = this.get(publicKey, monotonicMs);
    if (known && known.address !== null) return undefined;
    if (!known && this.#noticedCount(monotonicMs) >= noticedMax) return undefined;
    const name = toUtf8(notice.name) ?? "";
    const candidacy = { expiresAtHeight, consent };
    return this.#add({ publicKey, name, address: null, height, candidacy }, known, monotonicMs);
  }

  #add(said: Said, known: Candidate | undefined, monotonicMs: number): Candidate {
    const candidate: Candidate = {
      ...said,
      timesHeard: (known?.timesHeard ?? 0) + 1,
      firstHeardMs: known?.firstHeardMs ?? monotonicMs,
      lastHeardMs: monotonicMs,
    };
    this.#candidates.set(toHex(said.publicKey), candidate);
    return candidate;
  }

  #noticedCount(monotonicMs: number): number {
    return this.present(monotonicMs).filter(({ address }) => address === null).length;
  }

  get(publicKey: Uint8Array, monotonicMs: number): Candidate | undefined {
    const candidate = this.#candidates.get(toHex(publicKey));
    return candidate && isPresent(candidate, monotonicMs) ? candidate : undefined;
  }

  /** Sorted by key, so that all authorities vote in the same order. */
  present(monotonicMs: number): Candidate[] {
    for (const [key, candidate] of [...this.#candidates.entries()]) {
      if (!isPresent(candidate, monotonicMs)) this.#candidates.delete(key);
    }
    return [...this.#candidates.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
  }

  #isConsent(candidacy: Candidacy, publicKey: Uint8Array, known: Candidate | undefined): boolean {
    const { expiresAtHeight, consent } = candidacy;
    const isKnown =
      known?.candidacy.expiresAtHeight === expiresAtHeight && bytesEqual(known.candidacy.consent, consent);
    return isKnown || verifyConsent(this.#chainId, expiresAtHeight, consent, publicKey);
  }
}

function isPresent({ lastHeardMs }: Candidate, monotonicMs: number): boolean {
  return monotonicMs - lastHeardMs <= silenceMaxMs;
}
