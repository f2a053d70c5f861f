/** The bytes of a block from its rows: the way back from `rows.ts`. */
import { BlockType, ConsensusSectionType, HeaderType } from "../protocol/block.ts";

/**
 * @param row of the table `blocks`
 * @param bodies rows of its transactions in order, each with `bytes`
 * @param asBytes the value of a column of bytes; throws what its caller wants if it is something else
 * @throws SSZ's error if the columns are no parts of a block
 */
export function storedBlockBytes<Value>(
  row: Readonly<Record<string, Value>>,
  bodies: readonly Readonly<Record<string, Value>>[],
  asBytes: (value: Value | undefined) => Uint8Array,
): Uint8Array {
  return BlockType.serialize({
    header: HeaderType.deserialize(asBytes(row.header_bytes)),
    seal: { nonce: asBytes(row.nonce_bytes), signature: asBytes(row.seal_signature) },
    consensusSection: ConsensusSectionType.deserialize(asBytes(row.consensus_bytes)),
    transactions: bodies.map(({ bytes }) => asBytes(bytes)),
  });
}
