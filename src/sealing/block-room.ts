/** How much room a block has for transactions: what the producer fills, and what a transaction may take at most. */
import { offsetBytes } from "../mempool/selection.ts";
import type { Genesis } from "../protocol/genesis.ts";

/** What a block has besides its transactions and its consensus section: header, seal and offsets. */
const blockOverheadBytes = 1_024;
/** Of a section with one certificate: its fields and offsets, without bitmap and signatures. */
const certificateOverheadBytes = 128;
const signatureBytes = 64;

/** @param sectionBytes of the encoded consensus section */
export function roomInBlock({ blockBytesMax }: Genesis, sectionBytes: number): number {
  return blockBytesMax - blockOverheadBytes - sectionBytes;
}

/** Bytes of the largest transaction that fits into a block beside the certificate of all authorities; a larger one would wait for ever. */
export function largestTransactionBytes(genesis: Genesis, authorityCount: number): number {
  const votesBytes =
    authorityCount === 0 ? 0 : Math.ceil(authorityCount / 8) + signatureBytes * authorityCount;
  return Math.max(0, roomInBlock(genesis, certificateOverheadBytes + votesBytes) - offsetBytes);
}
