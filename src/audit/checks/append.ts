/** Check 11: what is known of the chain from before is still in the file, row by row. */
import { toHex } from "../../base/bytes.ts";
import type { AuditedChain } from "../audited-chain.ts";
import type { CheckReport } from "../chain-check.ts";
import { ContentDigest, type DigestRow } from "../content-digest.ts";
import type { LedgerReader } from "../ledger-reader.ts";

/** What an earlier audit, or a node that is trusted, said of a chain: the part of a digest document that is compared. */
export interface GivenDigest {
  /** Hex. */
  readonly chainId: string;
  readonly height: number;
  /** Of the block at the height, hex. */
  readonly hash: string;
  /** Hex. */
  readonly contentDigest: string;
}

/** Puts the hashes of the blocks' rows in order, whichever thread has made them, and comes to the digest. */
export class DigestPrefix {
  readonly #given: GivenDigest;
  readonly #digest: ContentDigest | undefined;
  readonly #waiting = new Map<number, Uint8Array>();
  #nextHeight: number;

  constructor(given: GivenDigest, chain: AuditedChain, reader: LedgerReader) {
    this.#given = given;
    this.#nextHeight = chain.firstHeight;
    this.#digest = chain.firstHeight === 0 ? firstDigest(chain, reader) : undefined;
  }

  /** @param hashes of the blocks from `from` on, 32 bytes each */
  add(from: number, hashes: Uint8Array): void {
    if (hashes.length > 0) this.#waiting.set(from, hashes);
    for (;;) {
      const next = this.#waiting.get(this.#nextHeight);
      if (!next) return;
      this.#waiting.delete(this.#nextHeight);
      for (let at = 0; at < next.length; at += 32) this.#digest?.appendHash(next.subarray(at, at + 32));
      this.#nextHeight += next.length / 32;
    }
  }

  judge(hashAt: (height: number) => string | undefined, report: CheckReport): boolean {
    const { height, hash, contentDigest } = this.#given;
    report.looked(height + 1);
    const found = hashAt(height);
    if (found !== hash) {
      report.finding({
        ...{ table: "blocks", row: `block ${height}`, column: "hash", expected: hash, found },
        meaning:
          found === undefined
            ? "the file ends before the block of the digest: blocks were cut off its end"
            : "the chain does not contain the block of the digest: it was replaced by another branch",
      });
      return false;
    }
    const digest = this.#nextHeight > height && this.#digest ? toHex(this.#digest.current) : undefined;
    if (digest === contentDigest) return true;
    report.finding({
      ...{ table: "", row: `all rows up to block ${height}`, column: null },
      ...{ expected: contentDigest, found: digest ?? "rows that no digest can be made of" },
      meaning: "rows that the digest covers were changed, added or taken away since it was made",
    });
    return false;
  }
}

function firstDigest({ meta, chainId }: AuditedChain, reader: LedgerReader): ContentDigest | undefined {
  const allocations = reader.rows("allocations", {
    ...{ where: "chain_id = ?", parameters: [chainId], order: "account" },
  });
  try {
    return new ContentDigest(meta as DigestRow, allocations as Iterable<DigestRow>);
  } catch {
    // A column is missing, which check 1 has said.
    return undefined;
  }
}
