/** This node's own wish to become an authority: its consent, renewed in time, while there is something to wish for. */

import { includesBytes } from "../base/bytes.ts";
import type { Chain } from "../chain/chain.ts";
import { authoritiesOf } from "../consensus/engine.ts";
import type { Candidacy } from "../network/messages.ts";
import { signConsent } from "../protocol/authority-consent.ts";
import type { KeyPair } from "../protocol/signing.ts";

/** Blocks for which a consent is good, and how many of them are left when a new one is signed. */
const consentBlocks = 1_000;
const renewBlocks = 500;

export interface OwnCandidacyOptions {
  readonly keyPair: KeyPair;
  /** The node was started to be an authority. */
  readonly authority: boolean;
}

export class OwnCandidacy {
  readonly #options: OwnCandidacyOptions;
  readonly #chain: Pick<Chain, "head" | "spec" | "engine">;
  #signed: Candidacy | undefined;
  #isWithdrawn = false;

  constructor(options: OwnCandidacyOptions, chain: Pick<Chain, "head" | "spec" | "engine">) {
    this.#options = options;
    this.#chain = chain;
  }

  /** What the node says in each hello; undefined where it asks for nothing. Signed again only when it is due. */
  current(): Candidacy | undefined {
    const { authority } = this.#options;
    if (!authority || this.#isWithdrawn || this.isMember || this.isBanned) return undefined;
    return this.#chain.spec.consensus === "poa" ? this.consent() : undefined;
  }

  /** A consent that is good for at least some hundred blocks. */
  consent(): Candidacy {
    const { head, spec } = this.#chain;
    const { height } = head.header;
    if (this.#signed && isInTime(this.#signed.expiresAtHeight, height)) return this.#signed;
    const expiresAtHeight = height + consentBlocks;
    this.#signed = {
      expiresAtHeight,
      consent: signConsent(spec.chainId, expiresAtHeight, this.#options.keyPair),
    };
    return this.#signed;
  }

  get isMember(): boolean {
    const { engine, head } = this.#chain;
    return this.#isIn(authoritiesOf(engine, head));
  }

  get isBanned(): boolean {
    const { engine, head } = this.#chain;
    return this.#isIn(engine.authority?.finality(head).banned ?? []);
  }

  /** Who leaves must not ask to be let in again by the same process. */
  withdraw(): void {
    this.#isWithdrawn = true;
  }

  /** The operator wants it after all. */
  ask(): void {
    this.#isWithdrawn = false;
  }

  #isIn(keys: readonly Uint8Array[]): boolean {
    return includesBytes(keys, this.#options.keyPair.publicKey);
  }
}

/** After a reorganization or another chain's start the head may be lower: a consent for too far ahead is none. */
function isInTime(expiresAtHeight: number, height: number): boolean {
  return expiresAtHeight >= height + renewBlocks && expiresAtHeight <= height + 2 * consentBlocks;
}
