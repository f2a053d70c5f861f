/** What a pool and its members say to each other: protocol names, the SSZ of every message, and the codes of refusals. */
import { BooleanType, ByteVectorType, ContainerType } from "@chainsafe/ssz";
import { bigIntFromBytes, bytesEqual, concatBytes, fromUtf8, toUtf8 } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { type Header, HeaderType } from "../protocol/block.ts";
import { Bytes32, byteList, decode, SafeUint64, Uint8 } from "../protocol/codec.ts";
import type { CodecFault } from "../protocol/faults.ts";
import { sha256, zeroBytes32 } from "../protocol/hashing.ts";
import { nonceSpaceBytes } from "../sealing/pow/work-board.ts";

export const subscribeProtocol = "/aurex/pool/1/subscribe";
export const submitProtocol = "/aurex/pool/1/submit";
export const poolVersion = 1;

/** Why a share or a subscription is refused; the numbers are Stratum's. */
export const refusalCodes = {
  other: 20,
  jobNotFound: 21,
  duplicate: 22,
  lowDifficulty: 23,
  unauthorized: 24,
  notSubscribed: 25,
} as const;
export type RefusalCode = (typeof refusalCodes)[keyof typeof refusalCodes];

const acceptedCode = 0;
const headerBytes = HeaderType.fixedSize as number;
const reasonBytesMax = 200;
const softwareBytesMax = 64;

const SubscribeType = new ContainerType({
  version: Uint8,
  /** Whom the shares are credited to: a public key. */
  account: Bytes32,
  /** Name and version of the member's program, in UTF-8. */
  software: byteList(softwareBytesMax),
  /** What the member believes it can do; 0: it does not know yet. */
  hashesPerSecond: SafeUint64,
});
export interface Subscribe {
  readonly account: Uint8Array;
  readonly software: string;
  readonly hashesPerSecond: number;
}

const JobType = new ContainerType({
  jobId: SafeUint64,
  header: new ByteVectorType(headerBytes),
  /** Bytes 8..15 of every nonce that the member may try. */
  noncePrefix: new ByteVectorType(nonceSpaceBytes),
  /** A hash at or below it is a share. */
  shareTarget: Bytes32,
  /** Shares of all jobs before this one are worthless from now on. */
  clean: new BooleanType(),
});
const RefusedType = new ContainerType({ code: Uint8, reason: byteList(reasonBytesMax) });

export interface JobNotice {
  readonly kind: "job";
  readonly jobId: number;
  /** SSZ of the header that is to be sealed. */
  readonly headerBytes: Uint8Array;
  readonly noncePrefix: Uint8Array;
  readonly shareTarget: Uint8Array;
  readonly isClean: boolean;
}
/** What a pool tells a member, again and again, for as long as it stays subscribed. */
export type Notice =
  | JobNotice
  /** Nothing is to be mined until the next job; shares of all jobs before are worthless. */
  | { readonly kind: "idle" }
  | Refusal;
export interface Refusal {
  readonly kind: "refused";
  readonly code: RefusalCode;
  readonly reason: string;
}

const noticeKindBytes = { job: 1, idle: 2, refused: 3 } as const;
export const subscribeBytesMax: number = SubscribeType.maxSize;
export const noticeBytesMax: number = 1 + Math.max(JobType.maxSize, RefusedType.maxSize);

const SubmitType = new ContainerType({ jobId: SafeUint64, nonce: Bytes32 });
export interface Submit {
  readonly jobId: number;
  readonly nonce: Uint8Array;
}
export const submitBytes = SubmitType.fixedSize as number;

const VerdictType = new ContainerType({ code: Uint8, reason: byteList(reasonBytesMax) });
/** What became of a share. */
export type ShareVerdict = { readonly kind: "accepted" } | Refusal;
export const verdictBytesMax: number = VerdictType.maxSize;

export function encodeSubscribe({ account, software, hashesPerSecond }: Subscribe): Uint8Array {
  return SubscribeType.serialize({
    version: poolVersion,
    account,
    software: shortened(software, softwareBytesMax),
    hashesPerSecond,
  });
}

/** Strict: a version that is not known is malformed, too. */
export function decodeSubscribe(bytes: Uint8Array): Result<Subscribe, CodecFault> {
  const what = "pool subscription";
  const decoded = decode(SubscribeType, bytes, what);
  if (!decoded.ok) return decoded;
  const { version, account, hashesPerSecond } = decoded.value;
  if (version !== poolVersion) return malformed(what, `version ${version} is not known`);
  const software = toUtf8(decoded.value.software);
  if (software === undefined) return malformed(what, "the software's name is not UTF-8");
  return ok({ account, software, hashesPerSecond });
}

/** One byte for the kind, then what there is to say in that kind's own bytes. */
export function encodeNotice(notice: Notice): Uint8Array {
  const kind = Uint8Array.of(noticeKindBytes[notice.kind]);
  switch (notice.kind) {
    case "job": {
      const { headerBytes: header, isClean: clean, ...fields } = notice;
      return concatBytes([kind, JobType.serialize({ ...fields, header, clean })]);
    }
    case "idle":
      return kind;
    case "refused":
      return concatBytes([kind, RefusedType.serialize(refusalFields(notice))]);
  }
}

/** Strict in its form; {@link workOfNotice} looks at what a job says. */
export function decodeNotice(bytes: Uint8Array): Result<Notice, CodecFault> {
  const what = "pool notice";
  const body = bytes.subarray(1);
  switch (bytes[0]) {
    case noticeKindBytes.job: {
      const decoded = decode(JobType, body, what);
      if (!decoded.ok) return decoded;
      const { header, clean: isClean, ...fields } = decoded.value;
      return ok({ kind: "job", ...fields, headerBytes: header, isClean });
    }
    case noticeKindBytes.idle:
      return body.length === 0 ? ok({ kind: "idle" }) : malformed(what, "nothing follows on idle");
    case noticeKindBytes.refused: {
      const decoded = decode(RefusedType, body, what);
      return decoded.ok ? refusalOf(decoded.value, what) : decoded;
    }
    default:
      return malformed(what, `kind ${bytes[0]} is not known`);
  }
}

/** A job as a member needs it. */
export interface MemberWork {
  readonly jobId: number;
  readonly header: Header;
  /** What a nonce is hashed with, 32 bytes. */
  readonly headerRoot: Uint8Array;
  readonly noncePrefix: Uint8Array;
  readonly shareTarget: Uint8Array;
}

/** Reads a job's header, and refuses a job whose shares could never be found, or that asks more than a block does. */
export function workOfNotice(notice: JobNotice): Result<MemberWork, CodecFault> {
  const { jobId, headerBytes: bytes, noncePrefix, shareTarget } = notice;
  const header = decode(HeaderType, bytes, "header of a pool's job");
  if (!header.ok) return header;
  const what = "pool job";
  if (bytesEqual(shareTarget, zeroBytes32)) return malformed(what, "the share target is zero");
  if (bigIntFromBytes(shareTarget) < bigIntFromBytes(header.value.target)) {
    return malformed(what, "a share is harder than the block");
  }
  return ok({ jobId, header: header.value, headerRoot: sha256(bytes), noncePrefix, shareTarget });
}

export function encodeSubmit({ jobId, nonce }: Submit): Uint8Array {
  return SubmitType.serialize({ jobId, nonce });
}

export function decodeSubmit(bytes: Uint8Array): Result<Submit, CodecFault> {
  return decode(SubmitType, bytes, "share");
}

export function encodeVerdict(verdict: ShareVerdict): Uint8Array {
  if (verdict.kind === "refused") return VerdictType.serialize(refusalFields(verdict));
  return VerdictType.serialize({ code: acceptedCode, reason: new Uint8Array(0) });
}

export function decodeVerdict(bytes: Uint8Array): Result<ShareVerdict, CodecFault> {
  const what = "verdict on a share";
  const decoded = decode(VerdictType, bytes, what);
  if (!decoded.ok) return decoded;
  return decoded.value.code === acceptedCode ? ok({ kind: "accepted" }) : refusalOf(decoded.value, what);
}

function refusalFields({ code, reason }: Refusal): { code: number; reason: Uint8Array } {
  return { code, reason: shortened(reason, reasonBytesMax) };
}

function refusalOf(
  fields: { readonly code: number; readonly reason: Uint8Array },
  what: string,
): Result<Refusal, CodecFault> {
  const code = Object.values(refusalCodes).find((known) => known === fields.code);
  if (code === undefined) return malformed(what, `code ${fields.code} is not known`);
  const reason = toUtf8(fields.reason);
  return reason === undefined
    ? malformed(what, "the reason is not UTF-8")
    : ok({ kind: "refused", code, reason });
}

function malformed(what: string, reason: string): { readonly ok: false; readonly fault: CodecFault } {
  return fail({ code: "codec/malformed", what, reason });
}

/** At most `bytesMax` bytes of UTF-8, cut between two characters. */
function shortened(text: string, bytesMax: number): Uint8Array {
  const bytes = fromUtf8(text);
  if (bytes.length <= bytesMax) return bytes;
  let end = bytesMax;
  // Bytes 10xxxxxx go on with a character.
  while (((bytes[end] as number) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end);
}
