/** Who asks to become an authority: each candidate's consent, verified once, and for how long it has answered. Bounded. */
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

const candidatesMax = 256;
/** Notices cost a stranger nothing but keys: they never push out a candidate that is connected. */
const noticedMax = 128;
/** Who was silent for longer begins anew, and is no candidate any more. */
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
   * @returns the candidate; undefined where the peer asks for nothing, or with a consent that is not its own
   */
  heard(
    { publicKey, name }: Pick<Handshake, "publicKey" | "name">,
    { height, candidacy: [candidacy] }: CandidacyMessage,
    address: string,
    monotonicMs: number,
  ): Candidate | undefined {
    const key = toHex(publicKey);
    const known = this.get(publicKey, monotonicMs);
    if (!candidacy || !this.#isConsent(candidacy, publicKey, known)) {
      this.#candidates.delete(key);
      return undefined;
    }
    const candidate: Candidate = {
      publicKey,
      name: toUtf8(name) ?? "",
      address,
      height,
      candidacy,
      timesHeard: (known?.timesHeard ?? 0) + 1,
      firstHeardMs: known?.firstHeardMs ?? monotonicMs,
      lastHeardMs: monotonicMs,
    };
    this.#candidates.set(key, candidate);
    return candidate;
  }

  /**
   * Takes in a signed notice of a candidate, whose consent has been verified. What a candidate says over a connection
   * of its own counts for more.
   */
  noticed(notice: CandidacyNotice, monotonicMs: number): Candidate | undefined {
    const { publicKey, height, expiresAtHeight, consent } = notice;
    const known = this.get(publicKey, monotonicMs);
    if (known && known.address !== null) return undefined;
    if (!known && this.#noticedCount(monotonicMs) >= noticedMax) return undefined;
    const candidate: Candidate = {
      publicKey,
      name: toUtf8(notice.name) ?? "",
      address: null,
      height,
      candidacy: { expiresAtHeight, consent },
      timesHeard: (known?.timesHeard ?? 0) + 1,
      firstHeardMs: known?.firstHeardMs ?? monotonicMs,
      lastHeardMs: monotonicMs,
    };
    this.#candidates.set(toHex(publicKey), candidate);
    return candidate;
  }

  #noticedCount(monotonicMs: number): number {
    return this.present(monotonicMs).filter(({ address }) => address === null).length;
  }

  get(publicKey: Uint8Array, monotonicMs: number): Candidate | undefined {
    const candidate = this.#candidates.get(toHex(publicKey));
    return candidate && isPresent(candidate, monotonicMs) ? candidate : undefined;
  }

  /** In the order of their keys, which is the same for every authority. */
  present(monotonicMs: number): Candidate[] {
    for (const [key, candidate] of [...this.#candidates.entries()]) {
      if (!isPresent(candidate, monotonicMs)) this.#candidates.delete(key);
    }
    return [...this.#candidates.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
  }

  delete(publicKey: Uint8Array): void {
    this.#candidates.delete(toHex(publicKey));
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
