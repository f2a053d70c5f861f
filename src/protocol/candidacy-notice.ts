/** A candidate's signed word that it is there and consents to be an authority: what travels to those it is not connected with. */
import { ContainerType, type ValueOf } from "@chainsafe/ssz";
import { concatBytes } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { Bytes32, Bytes64, byteList, decode, SafeUint64 } from "./codec.ts";
import type { CodecFault } from "./faults.ts";
import { candidacyDomain } from "./hashing.ts";
import { type KeyPair, sign, verifySignature } from "./signing.ts";

const said = {
  publicKey: Bytes32,
  name: byteList(64),
  height: SafeUint64,
  /** The candidate's wall clock: a notice counts for a minute. */
  timestampMs: SafeUint64,
  expiresAtHeight: SafeUint64,
  /** As a vote for the candidate has to carry it. */
  consent: Bytes64,
};
const SaidType = new ContainerType(said);
const CandidacyNoticeType = new ContainerType({ ...said, signature: Bytes64 });
export type CandidacyNotice = ValueOf<typeof CandidacyNoticeType>;
/** The longest notice on the wire, with room for the offset. */
export const candidacyNoticeBytesMax = 384;

/** "aurex/candidacy/1" ‖ chainId ‖ what is said. */
function noticeMessage(chainId: Uint8Array, notice: ValueOf<typeof SaidType>): Uint8Array {
  return concatBytes([candidacyDomain, chainId, SaidType.serialize(notice)]);
}

export function signCandidacyNotice(
  chainId: Uint8Array,
  notice: Omit<ValueOf<typeof SaidType>, "publicKey">,
  keyPair: KeyPair,
): CandidacyNotice {
  const whole = { ...notice, publicKey: keyPair.publicKey };
  return { ...whole, signature: sign(noticeMessage(chainId, whole), keyPair) };
}

export function encodeCandidacyNotice(notice: CandidacyNotice): Uint8Array {
  return CandidacyNoticeType.serialize(notice);
}

/** Strict; nothing of it is verified. */
export function decodeCandidacyNotice(bytes: Uint8Array): Result<CandidacyNotice, CodecFault> {
  if (bytes.length > candidacyNoticeBytesMax) {
    return fail({ code: "codec/malformed", what: "candidacy notice", reason: `${bytes.length} bytes` });
  }
  const decoded = decode(CandidacyNoticeType, bytes, "candidacy notice");
  return decoded.ok ? ok(decoded.value) : decoded;
}

/** Whether the candidate itself says this, on this chain; the consent in it is a signature of its own. */
export function verifyCandidacyNotice(chainId: Uint8Array, notice: CandidacyNotice): boolean {
  return verifySignature(noticeMessage(chainId, notice), notice.signature, notice.publicKey);
}
