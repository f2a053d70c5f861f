/** Which authorities were slashed, as of the head, and why. The reason is read from the block that carries the evidence. */
import { bytesEqual, toHex } from "../base/bytes.ts";
import type { Chain } from "../chain/chain.ts";
import { decodeEvidence, type Evidence, offenderOf } from "../protocol/evidence.ts";

export interface Slashed {
  readonly publicKey: Uint8Array;
  /** Of the block with the evidence; null if the block is not found. */
  readonly height: number | null;
  /** E.g. "it signed two blocks at height 12". */
  readonly why: string;
}

const unknownWhy = "it contradicted itself";

/** What the evidence shows, in words. */
export function describeEvidence(evidence: Evidence): string {
  const { first, second } = evidence;
  if ("header" in first) return `it signed two blocks at height ${first.header.height}`;
  if (!("target" in second)) return unknownWhy;
  if (first.target.height === second.target.height) {
    return `it signed two votes for height ${first.target.height}`;
  }
  const link = ({ source, target }: typeof second) => `${source.height} to ${target.height}`;
  return `it signed contradicting votes, ${link(first)} and ${link(second)}`;
}

/** Keeps what it has read, since the status is asked for every few seconds. */
export class SlashedList {
  readonly #chain: Pick<Chain, "head" | "engine" | "ledger" | "blockAtHeight" | "hashAtHeight">;
  readonly #known = new Map<string, { readonly hashHex: string; readonly slashed: Slashed }>();

  constructor(chain: Pick<Chain, "head" | "engine" | "ledger" | "blockAtHeight" | "hashAtHeight">) {
    this.#chain = chain;
  }

  /** In the order of slashing. There are at most as many as a set may have authorities. */
  all(): Slashed[] {
    const { engine, head } = this.#chain;
    const banned = engine.authority?.finality(head).banned ?? [];
    if (banned.length === 0) this.#known.clear();
    return banned.map((publicKey) => this.#look(publicKey));
  }

  /** An authority is removed by the block that carries the evidence, so the ledger's entry has that block's height. */
  #look(publicKey: Uint8Array): Slashed {
    const keyHex = toHex(publicKey);
    const height = this.#chain.ledger.authority(keyHex)?.sinceHeight;
    const hash = height === undefined ? undefined : this.#chain.hashAtHeight(height);
    const hashHex = hash ? toHex(hash) : "";
    const known = this.#known.get(keyHex);
    if (known && known.hashHex === hashHex) return known.slashed;
    const evidence = height === undefined ? undefined : this.#evidenceAt(height, publicKey);
    const slashed: Slashed = evidence
      ? { publicKey, height: height ?? null, why: describeEvidence(evidence) }
      : { publicKey, height: null, why: unknownWhy };
    this.#known.set(keyHex, { hashHex, slashed });
    return slashed;
  }

  #evidenceAt(height: number, offender: Uint8Array): Evidence | undefined {
    const evidence = this.#chain.blockAtHeight(height)?.consensusSection.evidence ?? [];
    for (const bytes of evidence) {
      const decoded = decodeEvidence(bytes);
      if (decoded.ok && bytesEqual(offenderOf(decoded.value), offender)) return decoded.value;
    }
    return undefined;
  }
}
