/** One transaction out of an encoded block, without decoding the others. */
import { invariant } from "../base/invariant.ts";
import { BlockType, HeaderType } from "./block.ts";
import { type DecodedTransaction, decodeTransaction } from "./transaction.ts";

const offsetBytes = 4;
/** Where the offset of the transactions stands: behind the header and the offsets of all fields between. */
const transactionsOffsetAt =
  (HeaderType.fixedSize as number) +
  offsetBytes * (Object.keys(BlockType.fields).indexOf("transactions") - 1);

/**
 * The transaction at a position of a block whose bytes decoded before.
 *
 * @param bytes of the whole block, as it is stored
 * @param position from 0, below the block's transaction count
 */
export function transactionAt(bytes: Uint8Array, position: number, chainId: Uint8Array): DecodedTransaction {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const listAt = view.getUint32(transactionsOffsetAt, true);
  const offsetOf = (index: number) => listAt + view.getUint32(listAt + offsetBytes * index, true);
  // An empty list has no offsets; in any other the first of them says where they end.
  const listEnd = listAt < bytes.length ? offsetOf(0) : listAt;
  invariant(listAt + offsetBytes * (position + 1) <= listEnd, "the block has a transaction at the position");
  const isLast = listAt + offsetBytes * (position + 1) === listEnd;
  const decoded = decodeTransaction(
    bytes.slice(offsetOf(position), isLast ? bytes.length : offsetOf(position + 1)),
    chainId,
  );
  invariant(decoded.ok, "a transaction of a block that decoded decodes");
  return decoded.value;
}
