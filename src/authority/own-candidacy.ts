/** This node's place in the authority set, and its consent while it asks to be admitted. */
import { includesBytes } from "../base/bytes.ts";
import type { Chain } from "../chain/chain.ts";
import { authoritiesOf } from "../consensus/engine.ts";
import type { Candidacy } from "../network/messages.ts";
import { signConsent } from "../protocol/authority-consent.ts";
import type { KeyPair } from "../protocol/signing.ts";
import { consentBlocksMax } from "./admission-rule.ts";
import type { OwnPlace } from "./signing-reason.ts";

/**
 * A consent is valid for so many blocks. If authorities vote by themselves it is short: see {@link consentBlocksMax}. A
 * new one is signed if fewer than half of the blocks are left.
 */
const consentBlocks = { vote: 1_000, "open-lan": consentBlocksMax / 2, token: consentBlocksMax / 2 } as const;

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

  /** As of the head. */
  get place(): OwnPlace {
    if (this.isBanned) return "slashed";
    if (this.isMember) return "member";
    const { spec } = this.#chain;
    const isAsking = this.#options.authority && !this.#isWithdrawn && spec.consensus === "poa";
    return isAsking ? "candidate" : "outsider";
  }

  /** What the node tells its peers while it asks to be admitted; undefined if it does not. Signed anew only when due. */
  current(): Candidacy | undefined {
    return this.place === "candidate" ? this.consent() : undefined;
  }

  /** A consent that is valid for at least some hundred blocks. */
  consent(): Candidacy {
    const { head, spec } = this.#chain;
    const { height } = head.header;
    const blocks = consentBlocks[spec.admission ?? "vote"];
    if (this.#signed && isInTime(this.#signed.expiresAtHeight - height, blocks)) return this.#signed;
    const expiresAtHeight = height + blocks;
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

  /** The operator took this node out of the set: this process must not ask to be admitted again. */
  withdraw(): void {
    this.#isWithdrawn = true;
  }

  /** The operator wants this node in the set after all. */
  ask(): void {
    this.#isWithdrawn = false;
  }

  #isIn(keys: readonly Uint8Array[]): boolean {
    return includesBytes(keys, this.#options.keyPair.publicKey);
  }
}

/** After a reorganization the head may be lower, and peers refuse a consent that is valid for too long. */
function isInTime(left: number, blocks: number): boolean {
  return left >= blocks / 2 && left <= 2 * blocks;
}
