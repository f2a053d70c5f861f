/** The pool's messages: bytes that come back as they were, and bytes that are refused. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { concatBytes, fromUtf8, toHex } from "../../src/base/bytes.ts";
import {
  decodeNotice,
  decodeSubmit,
  decodeSubscribe,
  decodeVerdict,
  encodeNotice,
  encodeSubmit,
  encodeSubscribe,
  encodeVerdict,
  type JobNotice,
  noticeBytesMax,
  type RefusalCode,
  refusalCodes,
  submitBytes,
  subscribeBytesMax,
  verdictBytesMax,
  workOfNotice,
} from "../../src/pool/messages.ts";
import { HeaderType, headerRoot } from "../../src/protocol/block.ts";
import { headerOf } from "../sealing/headers.ts";

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const safe = fc.maxSafeNat();
const reason = fc.string({ unit: "grapheme", maxLength: 40 });
const code = fc.constantFrom<RefusalCode>(...Object.values(refusalCodes));
const headerBytes = HeaderType.serialize(headerOf({ target: new Uint8Array(32).fill(1) }));

const jobNotice: fc.Arbitrary<JobNotice> = fc.record(
  {
    kind: fc.constant("job" as const),
    jobId: safe,
    headerBytes: bytes(headerBytes.length),
    noncePrefix: bytes(8),
    shareTarget: bytes(32),
    isClean: fc.boolean(),
  },
  { noNullPrototype: true },
);
const refused = fc.record({ kind: fc.constant("refused" as const), code, reason }, { noNullPrototype: true });
const anyNotice = fc.oneof(jobNotice, refused, fc.constant({ kind: "idle" as const }));
const anyVerdict = fc.oneof(refused, fc.constant({ kind: "accepted" as const }));

function decodedOf<Value>(result: { ok: true; value: Value } | { ok: false; fault: unknown }): Value {
  assert.ok(result.ok);
  return result.value;
}

function reasonOf(result: { ok: true } | { ok: false; fault: { reason: string } }): string {
  assert.ok(!result.ok);
  return result.fault.reason;
}

describe("pool messages", () => {
  it("come back as they were, within their limits", () => {
    fc.assert(
      fc.property(anyNotice, (notice) => {
        const encoded = encodeNotice(notice);
        assert.ok(encoded.length <= noticeBytesMax);
        assert.deepEqual(decodedOf(decodeNotice(encoded)), notice);
      }),
    );
    fc.assert(
      fc.property(bytes(32), reason, safe, (account, software, hashesPerSecond) => {
        fc.pre(fromUtf8(software).length <= 64);
        const subscribe = { account, software, hashesPerSecond };
        const encoded = encodeSubscribe(subscribe);
        assert.ok(encoded.length <= subscribeBytesMax);
        assert.deepEqual(decodedOf(decodeSubscribe(encoded)), subscribe);
      }),
    );
    fc.assert(
      fc.property(safe, bytes(32), (jobId, nonce) => {
        const encoded = encodeSubmit({ jobId, nonce });
        assert.equal(encoded.length, submitBytes);
        assert.deepEqual(decodedOf(decodeSubmit(encoded)), { jobId, nonce });
      }),
    );
    fc.assert(
      fc.property(anyVerdict, (verdict) => {
        const encoded = encodeVerdict(verdict);
        assert.ok(encoded.length <= verdictBytesMax);
        assert.deepEqual(decodedOf(decodeVerdict(encoded)), verdict);
      }),
    );
  });

  it("shortens what is too long between two characters", () => {
    const verdict = { kind: "refused", code: 20, reason: "ä".repeat(150) } as const;
    assert.deepEqual(decodedOf(decodeVerdict(encodeVerdict(verdict))), {
      ...verdict,
      reason: "ä".repeat(100),
    });
    const software = `x${"€".repeat(40)}`;
    const subscribe = { account: new Uint8Array(32), software, hashesPerSecond: 0 };
    assert.equal(decodedOf(decodeSubscribe(encodeSubscribe(subscribe))).software, `x${"€".repeat(21)}`);
  });

  it("answers any bytes at all with a value that has just these bytes, or with a fault", () => {
    const mutated = fc
      .tuple(anyNotice, fc.nat(400), fc.integer({ min: 1, max: 255 }))
      .map(([notice, at, by]) => {
        const encoded = encodeNotice(notice).slice();
        encoded[at % encoded.length]! ^= by;
        return encoded;
      });
    const anything = fc.oneof(fc.uint8Array({ maxLength: noticeBytesMax }), mutated);
    fc.assert(
      fc.property(anything, (input) => {
        const notice = decodeNotice(input);
        if (notice.ok) {
          assert.deepEqual(encodeNotice(notice.value), input);
          if (notice.value.kind === "job") workOfNotice(notice.value);
        }
        const verdict = decodeVerdict(input);
        if (verdict.ok && verdict.value.kind === "refused")
          assert.deepEqual(encodeVerdict(verdict.value), input);
        const submit = decodeSubmit(input);
        if (submit.ok) assert.deepEqual(encodeSubmit(submit.value), input);
        const subscribe = decodeSubscribe(input);
        if (subscribe.ok) assert.deepEqual(encodeSubscribe(subscribe.value), input);
      }),
      { numRuns: 2_000 },
    );
  });

  it("names what is wrong", () => {
    const job = encodeNotice({
      kind: "job",
      jobId: 1,
      headerBytes,
      noncePrefix: new Uint8Array(8),
      shareTarget: new Uint8Array(32),
      isClean: true,
    });
    assert.equal(job.at(-1), 1);
    assert.match(reasonOf(decodeNotice(concatBytes([job.subarray(0, -1), Uint8Array.of(2)]))), /Boolean/);
    assert.ok(!decodeNotice(concatBytes([job, Uint8Array.of(0)])).ok);
    assert.ok(!decodeNotice(job.subarray(0, -1)).ok);
    assert.match(reasonOf(decodeNotice(new Uint8Array(0))), /kind undefined/);
    assert.match(reasonOf(decodeNotice(Uint8Array.of(9))), /kind 9/);
    assert.match(reasonOf(decodeNotice(Uint8Array.of(2, 0))), /nothing follows/);
    assert.match(reasonOf(decodeVerdict(Uint8Array.of(19, 5, 0, 0, 0))), /code 19/);
    assert.match(reasonOf(decodeVerdict(Uint8Array.of(20, 5, 0, 0, 0, 0xff))), /UTF-8/);
    const subscribe = encodeSubscribe({ account: new Uint8Array(32), software: "", hashesPerSecond: 0 });
    assert.match(
      reasonOf(decodeSubscribe(concatBytes([Uint8Array.of(2), subscribe.subarray(1)]))),
      /version 2/,
    );
  });

  it("reads a job's header, and refuses what could not be mined", () => {
    const header = headerOf({ target: new Uint8Array(32).fill(2) });
    const notice: JobNotice = {
      kind: "job",
      jobId: 7,
      headerBytes: HeaderType.serialize(header),
      noncePrefix: new Uint8Array(8).fill(3),
      shareTarget: new Uint8Array(32).fill(2),
      isClean: false,
    };
    const work = decodedOf(workOfNotice(notice));
    assert.deepEqual(work.header, header);
    assert.equal(toHex(work.headerRoot), toHex(headerRoot(header)));
    assert.match(reasonOf(workOfNotice({ ...notice, shareTarget: new Uint8Array(32) })), /zero/);
    assert.match(reasonOf(workOfNotice({ ...notice, shareTarget: new Uint8Array(32).fill(1) })), /harder/);
    const overHeight = notice.headerBytes.slice().fill(0xff, 33, 41);
    assert.match(reasonOf(workOfNotice({ ...notice, headerBytes: overHeight })), /uint64/);
  });
});
