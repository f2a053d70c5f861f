/** Node records: signed by the node that they speak of, and nothing else gets in. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes, fromUtf8 } from "../../src/base/bytes.ts";
import { domainHash, nodeRecordDomain, transactionDomain } from "../../src/protocol/hashing.ts";
import {
  encodeNodeRecord,
  type NodeRecord,
  nodeAddressesMax,
  nodeNameBytesMax,
  nodeRecordBytesMax,
  nodeRoles,
  openNodeRecord,
  signNodeRecord,
} from "../../src/protocol/node-record.ts";
import { keyPairFromSeed } from "../../src/protocol/signing.ts";
import { chainId, keyPair } from "./samples.ts";

const fields = {
  name: fromUtf8("PoW_1"),
  addresses: [fromUtf8("/ip4/127.0.0.1/tcp/13245")],
  chainId,
  engine: 1,
  role: nodeRoles.miner as number,
  height: 12,
  timestampMs: 1_700_000_000_000,
  software: fromUtf8("aurex/0.1.0"),
};
const record = signNodeRecord(fields, keyPair);

function codeOf(altered: NodeRecord): string {
  const opened = openNodeRecord(encodeNodeRecord(altered));
  return opened.ok ? "ok" : opened.fault.code;
}

test("a record is opened as it was signed", () => {
  assert.deepEqual(openNodeRecord(encodeNodeRecord(record)), { ok: true, value: record });
  assert.deepEqual(record.publicKey, keyPair.publicKey);
});

test("no field can be changed by another", () => {
  const stranger = keyPairFromSeed(new Uint8Array(32).fill(8));
  const changes: Partial<NodeRecord>[] = [
    { publicKey: stranger.publicKey },
    { name: fromUtf8("PoW_2") },
    { addresses: [] },
    { chainId: new Uint8Array(32) },
    { engine: 2 },
    { role: nodeRoles.follower },
    { height: 13 },
    { timestampMs: 0 },
    { software: new Uint8Array(0) },
    { signature: new Uint8Array(64) },
  ];
  for (const change of changes) {
    assert.equal(codeOf({ ...record, ...change }), "record/signature-invalid", Object.keys(change).join());
  }
});

test("unknown versions and roles are refused, and damaged bytes are the codec's fault", () => {
  assert.equal(codeOf({ ...record, version: 2 }), "record/invalid");
  assert.equal(codeOf({ ...record, role: 3 }), "record/invalid");
  for (const bytes of [new Uint8Array(0), concatBytes([encodeNodeRecord(record), new Uint8Array(1)])]) {
    const opened = openNodeRecord(bytes);
    assert.equal(opened.ok, false);
  }
  const cut = openNodeRecord(encodeNodeRecord(record).subarray(0, 100));
  assert.equal(cut.ok ? undefined : cut.fault.code, "codec/malformed");
});

test("the largest record is within the limit on the wire", () => {
  const largest = signNodeRecord(
    {
      ...fields,
      name: new Uint8Array(nodeNameBytesMax),
      addresses: Array.from({ length: nodeAddressesMax }, () => new Uint8Array(128)),
      software: new Uint8Array(64),
    },
    keyPair,
  );
  assert.equal(codeOf(largest), "ok");
  assert.ok(encodeNodeRecord(largest).length <= nodeRecordBytesMax);
});

test("domains keep one kind of signed message from being another", () => {
  const bytes = fromUtf8("the same bytes");
  assert.notDeepEqual(domainHash(nodeRecordDomain, bytes), domainHash(transactionDomain, bytes));
});
