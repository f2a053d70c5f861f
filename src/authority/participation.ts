/** What the chain shows of each authority's work: blocks that it sealed, and its votes in the certificates that blocks carry. */

import { BoundedMap } from "../base/bounded-map.ts";
import { bytesEqual, includesBytes, toHex } from "../base/bytes.ts";
import type { Chain } from "../chain/chain.ts";
import { authoritiesOf } from "../consensus/engine.ts";
import type { Block, ConsensusSection, HeaderRecord } from "../protocol/block.ts";
import { signersOf } from "../protocol/certificate.ts";

/** One authority of the set, as the chain up to the head shows it. */
export interface MemberWork {
  readonly publicKey: Uint8Array;
  /** The height of its admission, if that is one of the newest {@link probationBlocks} blocks; undefined for older members. */
  readonly admittedAt: number | undefined;
  readonly hasSealed: boolean;
  /** A certificate on the chain carries its vote for a block with it in the set; among the newest blocks. */
  readonly hasVoted: boolean;
  /** Blocks since it last sealed, or since a certificate carried its vote, or since its admission. */
  readonly idleBlocks: number;
  /** The same by the blocks' timestamps, as far back as this process has followed the chain. */
  readonly idleMs: number;
}

/** For so many blocks a new member counts as a newcomer, and so far back its votes are looked for. Certificates are read once each. */
export function probationBlocks(members: number): number {
  return Math.max(64, 4 * members);
}

/** The window of the largest set: 256 authorities. */
const signersKeptMax = 1_024;

export type ParticipationChain = Pick<
  Chain,
  "head" | "engine" | "headerOf" | "headerAtHeight" | "blockAtHeight"
>;

export class Participation {
  readonly #chain: ParticipationChain;
  /** By the hash of the block that carries the certificate: the keys that it names, in hex. */
  readonly #signers = new BoundedMap<string, ReadonlySet<string>>(signersKeptMax);
  /** By key in hex: the height of the newest block since the start whose certificate has its vote. */
  readonly #noted = new BoundedMap<string, number>(signersKeptMax);
  readonly #startHeight: number;
  #counted: { readonly headHex: string; readonly members: readonly MemberWork[] } | undefined;

  constructor(chain: ParticipationChain) {
    this.#chain = chain;
    this.#startHeight = chain.head.header.height;
  }

  /** Takes in the certificate of a block that has joined the chain, so that it need not be read from disk. */
  note({ hashHex, header, consensusSection }: Pick<Block, "hashHex" | "header" | "consensusSection">): void {
    const signers = this.#signersOf(consensusSection);
    this.#signers.set(hashHex, signers);
    for (const key of signers) this.#noted.set(key, header.height);
  }

  /** Each member of the set at the head, in the order of the set. Every node on this head gets the same. */
  members(): readonly MemberWork[] {
    const { hashHex } = this.#chain.head;
    if (this.#counted?.headHex !== hashHex) {
      const keys = authoritiesOf(this.#chain.engine, this.#chain.head);
      const sealedHeights = this.#chain.engine.authority?.finality(this.#chain.head).sealedHeights ?? [];
      const members = keys.map((key, index) => this.#member(key, sealedHeights[index] ?? 0, keys.length));
      this.#counted = { headHex: hashHex, members };
    }
    return this.#counted?.members ?? [];
  }

  #member(publicKey: Uint8Array, sealedHeight: number, count: number): MemberWork {
    const { header } = this.#chain.head;
    const floor = Math.max(0, header.height - probationBlocks(count));
    const admittedAt = this.#admissionOf(publicKey, floor);
    const sealer = this.#chain.headerAtHeight(sealedHeight)?.header.producer;
    // The state has the height of the admission there as long as the member has sealed nothing.
    const hasSealed = sealedHeight > 0 && sealer !== undefined && bytesEqual(sealer, publicKey);
    const keyHex = toHex(publicKey);
    const votedAt = this.#lastVoteOf(keyHex, admittedAt ?? floor);
    const lastHeight = Math.max(sealedHeight, votedAt ?? 0);
    const lastKnown = Math.max(lastHeight, this.#noted.get(keyHex) ?? 0, this.#startHeight);
    const lastMs = this.#chain.headerAtHeight(lastKnown)?.header.timestampMs ?? header.timestampMs;
    return {
      publicKey,
      admittedAt,
      hasSealed,
      hasVoted: votedAt !== undefined,
      idleBlocks: header.height - lastHeight,
      idleMs: header.timestampMs - lastMs,
    };
  }

  /** The first block above `floor` with the key in its set; undefined if the set at `floor` has it. Goes from set to set. */
  #admissionOf(key: Uint8Array, floor: number): number | undefined {
    const { head, engine } = this.#chain;
    let admitted: number | undefined;
    let record: HeaderRecord | undefined = head;
    while (record && includesBytes(authoritiesOf(engine, record), key)) {
      admitted = engine.authority?.finality(record).authoritiesSinceHeight ?? 0;
      if (admitted <= floor) return undefined;
      record = this.#chain.headerAtHeight(admitted - 1);
    }
    return admitted;
  }

  /** The height of the newest block whose certificate has the key's vote, down to `floor`. */
  #lastVoteOf(keyHex: string, floor: number): number | undefined {
    for (let height = this.#chain.head.header.height; height > floor; height -= 1) {
      if (this.#signersIn(height).has(keyHex)) return height;
    }
    return undefined;
  }

  #signersIn(height: number): ReadonlySet<string> {
    const record = this.#chain.headerAtHeight(height);
    if (!record) return nobody;
    const known = this.#signers.get(record.hashHex);
    if (known) return known;
    const block = this.#chain.blockAtHeight(height);
    const read = block ? this.#signersOf(block.consensusSection) : nobody;
    this.#signers.set(record.hashHex, read);
    return read;
  }

  #signersOf({ certificates: [certificate] }: ConsensusSection): ReadonlySet<string> {
    const target = certificate && this.#chain.headerOf(certificate.targetHash);
    if (!certificate || !target) return nobody;
    const set = authoritiesOf(this.#chain.engine, target);
    const indexes = signersOf(certificate.bitmap, set.length) ?? [];
    return new Set(indexes.map((index) => toHex(set[index] as Uint8Array)));
  }
}

const nobody: ReadonlySet<string> = new Set();
