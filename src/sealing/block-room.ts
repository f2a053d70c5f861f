/** How much room a block has for transactions: the producer fills it, and no transaction may be larger. */
import { offsetBytes } from "../mempool/selection.ts";
import type { Genesis } from "../protocol/genesis.ts";

/** Header, seal and offsets: a block without its transactions and its consensus section. */
const blockOverheadBytes = 1_024;
/** Fields and offsets of a section with one certificate, without bitmap and signatures. */
const certificateOverheadBytes = 128;
const signatureBytes = 64;

/** @param sectionBytes of the encoded consensus section */
export function roomInBlock({ blockBytesMax }: Genesis, sectionBytes: number): number {
  return blockBytesMax - blockOverheadBytes - sectionBytes;
}

/** Bytes of the largest transaction that fits into a block beside a certificate with all votes. A larger one would wait for ever. */
export function largestTransactionBytes(genesis: Genesis, authorityCount: number): number {
  const votesBytes =
    authorityCount === 0 ? 0 : Math.ceil(authorityCount / 8) + signatureBytes * authorityCount;
  return Math.max(0, roomInBlock(genesis, certificateOverheadBytes + votesBytes) - offsetBytes);
}
