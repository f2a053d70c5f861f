/** Signed node records: who a node says it is and where (the documented `node_list`); claims, each signed by its node. */
import { ContainerType, ListCompositeType, type ValueOf } from "@chainsafe/ssz";
import { fail, ok, type Result } from "../base/result.ts";
import { Bytes32, Bytes64, byteList, decode, SafeUint64, Uint8 } from "./codec.ts";
import type { MessageFault } from "./faults.ts";
import { domainHash, nodeRecordDomain } from "./hashing.ts";
import { type KeyPair, sign, verifySignature } from "./signing.ts";

export const nodeNameBytesMax = 64;
export const nodeAddressesMax = 8;
/** A record stamped further ahead of one's own clock than this is refused. */
export const nodeRecordAheadMaxMs = 60_000;

export const nodeRoles = { follower: 0, miner: 1, authority: 2 } as const;
export type NodeRole = keyof typeof nodeRoles;

const unsignedFields = {
  version: Uint8,
  publicKey: Bytes32,
  name: byteList(nodeNameBytesMax),
  /** Multiaddrs in text form. */
  addresses: new ListCompositeType(byteList(128), nodeAddressesMax),
  chainId: Bytes32,
  engine: Uint8,
  role: Uint8,
  height: SafeUint64,
  timestampMs: SafeUint64,
  software: byteList(64),
};
const UnsignedNodeRecordType = new ContainerType(unsignedFields);
export const NodeRecordType = new ContainerType({ ...unsignedFields, signature: Bytes64 });
export type NodeRecord = ValueOf<typeof NodeRecordType>;
/** The largest record on the wire, with room for the offsets. */
export const nodeRecordBytesMax = 2048;

export function signNodeRecord(
  record: Omit<NodeRecord, "version" | "publicKey" | "signature">,
  keyPair: KeyPair,
): NodeRecord {
  const unsigned = { version: 1, publicKey: keyPair.publicKey, ...record };
  const digest = domainHash(nodeRecordDomain, UnsignedNodeRecordType.serialize(unsigned));
  return { ...unsigned, signature: sign(digest, keyPair) };
}

export function encodeNodeRecord(record: NodeRecord): Uint8Array {
  return NodeRecordType.serialize(record);
}

/** Decodes a record and verifies that its own key signed it. */
export function openNodeRecord(bytes: Uint8Array): Result<NodeRecord, MessageFault> {
  const decoded = decode(NodeRecordType, bytes, "node record");
  if (!decoded.ok) return decoded;
  const record = decoded.value;
  if (record.version !== 1) return fail({ code: "record/invalid", reason: `version ${record.version}` });
  if (!Object.values(nodeRoles).some((role) => role === record.role)) {
    return fail({ code: "record/invalid", reason: `role ${record.role}` });
  }
  const digest = domainHash(nodeRecordDomain, UnsignedNodeRecordType.serialize(record));
  if (!verifySignature(digest, record.signature, record.publicKey))
    return fail({ code: "record/signature-invalid" });
  return ok(record);
}
