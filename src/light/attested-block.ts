/** A block that a quorum of its authorities vouches for: its header, the state after it, and their certificate. */
import { ContainerType, type ValueOf } from "@chainsafe/ssz";
import { bytesEqual, toHex } from "../base/bytes.ts";
import { ok, type Result } from "../base/result.ts";
import { certificateFault, type VerifyVoteSignature } from "../consensus/finality/certify.ts";
import { type AuthorityState, AuthorityStateType } from "../consensus/poa/authority-state.ts";
import { blockHash, consensusStateBytesMax, type Header, HeaderType, headerRoot } from "../protocol/block.ts";
import { CertificateType } from "../protocol/certificate.ts";
import { byteList, decode } from "../protocol/codec.ts";
import { sha256, zeroBytes32 } from "../protocol/hashing.ts";
import { type LightFault, lightFault } from "./light-fault.ts";

/** `state` is the SSZ of the consensus state, whose hash the header holds. */
export const AttestedBlockType = new ContainerType({
  header: HeaderType,
  state: byteList(consensusStateBytesMax),
  certificate: CertificateType,
});
export type AttestedBlock = ValueOf<typeof AttestedBlockType>;

/** A header with the state that it commits to. */
export interface StatedHeader {
  readonly header: Header;
  readonly hash: Uint8Array;
  readonly state: AuthorityState;
}

/** The hash of a Proof of Authority header: its nonce is zero. */
export function authorityHeaderHash(header: Header): Uint8Array {
  return blockHash(headerRoot(header), zeroBytes32);
}

/** Reads a state and holds it against its header. */
export function openState(
  header: Header,
  stateBytes: Uint8Array,
  chainId: Uint8Array,
): Result<StatedHeader, LightFault> {
  if (!bytesEqual(header.chainId, chainId)) {
    return lightFault("light/wrong-chain", `the header is of chain ${toHex(header.chainId)}`);
  }
  const hash = authorityHeaderHash(header);
  if (!bytesEqual(sha256(stateBytes), header.consensusStateHash)) {
    return lightFault("light/state-not-committed", `block ${header.height} commits to another state`);
  }
  const state = decode(AuthorityStateType, stateBytes, "authority state");
  if (!state.ok) return lightFault("light/malformed", state.fault.reason);
  return ok({ header, hash, state: state.value });
}

/** That a quorum of the authorities in the block's own state vouches for it; whether these are the true ones is the caller's question. */
export function openAttested(
  { header, state, certificate }: AttestedBlock,
  chainId: Uint8Array,
  verify: VerifyVoteSignature,
): Result<StatedHeader, LightFault> {
  const opened = openState(header, state, chainId);
  if (!opened.ok) return opened;
  const { hash } = opened.value;
  const { authorities, justified: source } = opened.value.state;
  if (certificate.targetHeight !== header.height || !bytesEqual(certificate.targetHash, hash)) {
    return lightFault("light/certificate-invalid", `it is for another block than ${toHex(hash)}`);
  }
  const checkpoint = { height: header.height, hash };
  const fault = certificateFault(certificate, { checkpoint, authorities, source }, chainId, verify);
  return fault ? lightFault("light/certificate-invalid", fault) : opened;
}
