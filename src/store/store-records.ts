/** The bytes of the store's own records: totals, header records and transaction locations, in SSZ. */
import { ContainerType, ListCompositeType, type Type, type ValueOf } from "@chainsafe/ssz";
import { bigIntFromBytes, bigIntToBytes, toHex } from "../base/bytes.ts";
import { invariant } from "../base/invariant.ts";
import { consensusStateBytesMax, type HeaderRecord, HeaderType, SealType } from "../protocol/block.ts";
import { type Checkpoint, CheckpointType } from "../protocol/checkpoint.ts";
import { Bytes32, byteList, decode, SafeUint64, Uint32 } from "../protocol/codec.ts";
import type { StoredHead, TransactionLocation } from "./chain-store.ts";

const HeadType = new ContainerType({ hash: Bytes32, height: SafeUint64, entryCount: SafeUint64 });

const TotalsType = new ContainerType({
  /** Batches that were ever committed. */
  commitCount: SafeUint64,
  blockCount: SafeUint64,
  /** On the canonical line. */
  transactionCount: SafeUint64,
  /** Invalid marks that were ever made; the next one goes to this number modulo the bound. */
  invalidCount: SafeUint64,
  head: new ListCompositeType(HeadType, 1),
  final: new ListCompositeType(CheckpointType, 1),
});
type TotalsRecord = ValueOf<typeof TotalsType>;

/** What the store holds in all, written with every batch and compared at start. */
export interface StoreTotals extends Omit<TotalsRecord, "head" | "final"> {
  readonly head: StoredHead | undefined;
  readonly final: Checkpoint | undefined;
}

export const emptyTotals: StoreTotals = {
  commitCount: 0,
  blockCount: 0,
  transactionCount: 0,
  invalidCount: 0,
  head: undefined,
  final: undefined,
};

export function encodeTotals(totals: StoreTotals): Uint8Array {
  const { head, final } = totals;
  return TotalsType.serialize({ ...totals, head: head ? [head] : [], final: final ? [final] : [] });
}

export function decodeTotals(bytes: Uint8Array): StoreTotals | undefined {
  const totals = decoded(TotalsType, bytes);
  return totals && { ...totals, head: totals.head[0], final: totals.final[0] };
}

/** Room for more work than any chain can hold: 2^256 in each of 2^256 blocks. */
const cumulativeWeightBytes = 64;
const HeaderRecordType = new ContainerType({
  header: HeaderType,
  seal: SealType,
  /** Big-endian. */
  cumulativeWeight: byteList(cumulativeWeightBytes),
  justifiedHeight: SafeUint64,
  consensusState: byteList(consensusStateBytesMax),
});

export function encodeHeaderRecord(record: HeaderRecord): Uint8Array {
  const { header, seal, cumulativeWeight, justifiedHeight, consensusState } = record;
  invariant(cumulativeWeight >= 0n, "a chain's weight is not negative");
  const bytes = bigIntToBytes(cumulativeWeight, Math.ceil(cumulativeWeight.toString(16).length / 2));
  return HeaderRecordType.serialize({
    header,
    seal,
    cumulativeWeight: bytes,
    justifiedHeight,
    consensusState,
  });
}

export function decodeHeaderRecord(hash: Uint8Array, bytes: Uint8Array): HeaderRecord | undefined {
  const record = decoded(HeaderRecordType, bytes);
  if (!record) return undefined;
  const cumulativeWeight = bigIntFromBytes(record.cumulativeWeight);
  return { ...record, hash: new Uint8Array(hash), hashHex: toHex(hash), cumulativeWeight };
}

const LocationType = new ContainerType({ blockHash: Bytes32, position: Uint32 });

export function encodeLocation(location: TransactionLocation): Uint8Array {
  return LocationType.serialize(location);
}

export function decodeLocation(bytes: Uint8Array): TransactionLocation | undefined {
  return decoded(LocationType, bytes);
}

function decoded<Value>(type: Type<Value>, bytes: Uint8Array): Value | undefined {
  const result = decode(type, bytes, "record");
  return result.ok ? result.value : undefined;
}
