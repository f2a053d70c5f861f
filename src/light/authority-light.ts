/** Follows a Proof of Authority chain by its sets of authorities alone: no body, and few of the headers. */
import { ContainerType, ListCompositeType } from "@chainsafe/ssz";
import { bytesEqual, includesBytes, toHex } from "../base/bytes.ts";
import { ok, type Result } from "../base/result.ts";
import type { VerifyVoteSignature } from "../consensus/finality/certify.ts";
import { type Change, ChangeType } from "../consensus/poa/authority-state.ts";
import { recoveredAuthorityState } from "../consensus/poa/recovered-state.ts";
import { genesisBlockOf } from "../ledger/genesis-state.ts";
import { type Checkpoint, CheckpointType } from "../protocol/checkpoint.ts";
import { Bytes32, decode, SafeUint64 } from "../protocol/codec.ts";
import { decodeEvidence, evidenceFault, offenderOf } from "../protocol/evidence.ts";
import { authoritiesMax, type ChainSpec } from "../protocol/genesis.ts";
import { authorityActions } from "../protocol/transaction.ts";
import { type AttestedBlock, openAttested, openState, type StatedHeader } from "./attested-block.ts";
import { type LightFault, lightFault } from "./light-fault.ts";
import type { LightStep } from "./light-step.ts";

/** The authorities from one block until the next set. */
export interface AuthoritySet {
  readonly sinceHeight: number;
  /** Sorted by key. */
  readonly authorities: readonly Uint8Array[];
}

/** What a reader knows of the chain. Immutable; a fault leaves the reader with what it had. */
export interface AuthorityLight {
  /** Ascending, never empty; the first is that of the genesis. */
  readonly sets: readonly AuthoritySet[];
  /** Whoever valid evidence convicts. */
  readonly convicted: readonly Uint8Array[];
  /** The newest block whose state is known; 0 for the genesis. */
  readonly attestedHeight: number;
  /** The change that has passed in that state and is not in force. */
  readonly inFlight: Change | undefined;
  readonly final: Checkpoint;
}

export interface AuthorityLightModules {
  readonly spec: ChainSpec;
  readonly verify: VerifyVoteSignature;
  /** Blocks that the reader takes for final on the word of operators (trust recovery), by hash. */
  readonly trusted?: readonly Uint8Array[];
}

/** @param spec of a Proof of Authority chain; its hash is the chain id, which is all that the reader has to be told */
export function beginAuthorityLight(spec: ChainSpec): AuthorityLight {
  return {
    sets: [{ sinceHeight: 0, authorities: spec.genesis.authorities }],
    convicted: [],
    attestedHeight: 0,
    inFlight: undefined,
    final: { height: 0, hash: genesisBlockOf(spec).hash },
  };
}

/** Judges one step and returns what the reader knows after it. */
export function followStep(
  light: AuthorityLight,
  { link, evidence, recovery }: LightStep,
  modules: AuthorityLightModules,
): Result<AuthorityLight, LightFault> {
  let known = ok(light) as Result<AuthorityLight, LightFault>;
  if (link.length > 0) known = followLink(light, link, modules);
  for (const bytes of evidence) known = known.ok ? convict(known.value, bytes, modules.spec.chainId) : known;
  for (const { header, state } of recovery) {
    if (!known.ok) return known;
    const opened = openState(header, state, modules.spec.chainId);
    known = opened.ok ? recover(known.value, opened.value, modules) : opened;
  }
  return known;
}

/**
 * Judges attested blocks, each the parent of the next. Final by them is what the last one's chain shows as final; and the
 * parent of the first, if it is what the last one certifies: then every block between the two is certified.
 */
export function followLink(
  light: AuthorityLight,
  blocks: readonly AttestedBlock[],
  modules: AuthorityLightModules,
): Result<AuthorityLight, LightFault> {
  const proven = proveLink(light, blocks, modules);
  if (!proven.ok) return proven;
  let known = proven.value.light;
  for (const checkpoint of proven.value.finals) {
    const moved = withFinal(known, checkpoint);
    if (!moved.ok) return moved;
    known = moved.value;
  }
  return ok(known);
}

export interface ProvenLink {
  readonly light: AuthorityLight;
  /** Checkpoints that the link proves to be final. */
  readonly finals: readonly Checkpoint[];
}

/** What a link proves, without moving the reader's own final block. */
export function proveLink(
  light: AuthorityLight,
  blocks: readonly AttestedBlock[],
  { spec, verify }: AuthorityLightModules,
): Result<ProvenLink, LightFault> {
  let known = light;
  let first: StatedHeader | undefined;
  let last: StatedHeader | undefined;
  for (const block of blocks) {
    const opened = openAttested(block, spec.chainId, verify);
    if (!opened.ok) return opened;
    const { header, hash } = opened.value;
    if (last && (header.height !== last.header.height + 1 || !bytesEqual(header.parentHash, last.hash))) {
      return lightFault("light/link-broken", `${toHex(hash)} is no child of ${toHex(last.hash)}`);
    }
    const attested = attest(known, opened.value);
    if (!attested.ok) return attested;
    known = attested.value;
    first ??= opened.value;
    last = opened.value;
  }
  if (!first || !last) return lightFault("light/malformed", "a link has at least one block");
  const { finalized, justified } = last.state;
  const isLinked =
    justified.height === first.header.height - 1 && bytesEqual(justified.hash, first.header.parentHash);
  return ok({ light: known, finals: isLinked ? [finalized, justified] : [finalized] });
}

/** Takes over the state of a block that its authorities attest, if they are those that the reader expects. */
function attest(light: AuthorityLight, block: StatedHeader): Result<AuthorityLight, LightFault> {
  const { header, state } = block;
  const { height } = header;
  const index = light.sets.findIndex(({ sinceHeight }) => sinceHeight === state.authoritiesSinceHeight);
  const set = light.sets[index];
  const unexplained = (reason: string) =>
    lightFault("light/authorities-unexplained", `block ${height}: ${reason}`);
  let { sets } = light;
  if (set) {
    const next = light.sets[index + 1];
    // Keys that are out may be for sale by now: they speak for the time in which they were in, and no later one.
    if (height < set.sinceHeight || (next && height >= next.sinceHeight)) {
      return unexplained(`the set of block ${set.sinceHeight} was not in force`);
    }
    if (!isSameSet(set.authorities, state.authorities)) return unexplained("other authorities");
  } else {
    const last = light.sets.at(-1) as AuthoritySet;
    const { authoritiesSinceHeight: sinceHeight, authorities } = state;
    if (sinceHeight <= light.attestedHeight || sinceHeight <= last.sinceHeight || sinceHeight > height) {
      return unexplained(`no set can have come into force at ${sinceHeight}`);
    }
    const reason = differenceFault(light, last.authorities, authorities);
    if (reason) return unexplained(reason);
    sets = [...sets, { sinceHeight, authorities }];
  }
  if (height <= light.attestedHeight) return ok(light);
  return ok({ ...light, sets, attestedHeight: height, inFlight: state.inFlight[0] });
}

/** Why the next set cannot follow; undefined if each difference is a change that is irrevocable, or a conviction. */
function differenceFault(
  light: AuthorityLight,
  before: readonly Uint8Array[],
  after: readonly Uint8Array[],
): string | undefined {
  const change =
    light.inFlight && light.final.height >= light.inFlight.passedAtHeight ? light.inFlight : undefined;
  const isChange = (action: number, key: Uint8Array) =>
    change?.action === action && bytesEqual(change.authority, key);
  const stranger = after.find((key) => !includesBytes(before, key) && !isChange(authorityActions.add, key));
  if (stranger) return `${toHex(stranger)} was not let in`;
  const missing = before.find(
    (key) =>
      !includesBytes(after, key) &&
      !isChange(authorityActions.remove, key) &&
      !includesBytes(light.convicted, key),
  );
  return missing && `${toHex(missing)} was not put out`;
}

function isSameSet(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((key, index) => bytesEqual(key, b[index] as Uint8Array));
}

function withFinal(light: AuthorityLight, next: Checkpoint): Result<AuthorityLight, LightFault> {
  const { final } = light;
  if (next.height === final.height && !bytesEqual(next.hash, final.hash)) {
    return lightFault(
      "light/contradiction",
      `${toHex(next.hash)} and ${toHex(final.hash)}, both of height ${next.height}, are final`,
    );
  }
  return ok(next.height > final.height ? { ...light, final: next } : light);
}

function convict(
  light: AuthorityLight,
  bytes: Uint8Array,
  chainId: Uint8Array,
): Result<AuthorityLight, LightFault> {
  const evidence = decodeEvidence(bytes);
  if (!evidence.ok) return lightFault("light/evidence-invalid", evidence.fault.reason);
  const fault = evidenceFault(evidence.value, chainId);
  if (fault) return lightFault("light/evidence-invalid", "reason" in fault ? fault.reason : fault.code);
  const offender = offenderOf(evidence.value);
  if (includesBytes(light.convicted, offender)) return ok(light);
  return ok({ ...light, convicted: [...light.convicted, offender] });
}

function recover(
  light: AuthorityLight,
  { header, hash, state }: StatedHeader,
  { trusted = [] }: AuthorityLightModules,
): Result<AuthorityLight, LightFault> {
  const { height } = header;
  if (!includesBytes(trusted, hash)) {
    return lightFault(
      "light/recovery-not-trusted",
      `operators declared block ${height}, ${toHex(hash)}, final without a quorum`,
    );
  }
  if (height <= light.attestedHeight) {
    return lightFault("light/contradiction", `block ${light.attestedHeight} above it has its quorum`);
  }
  const { authorities, authoritiesSinceHeight: sinceHeight } = recoveredAuthorityState(state, {
    height,
    hash,
  });
  const isNew = sinceHeight > (light.sets.at(-1) as AuthoritySet).sinceHeight;
  return ok({
    ...light,
    sets: isNew ? [...light.sets, { sinceHeight, authorities }] : light.sets,
    attestedHeight: height,
    inFlight: undefined,
    final: { height, hash },
  });
}

const AuthorityLightType = new ContainerType({
  sets: new ListCompositeType(
    new ContainerType({
      sinceHeight: SafeUint64,
      authorities: new ListCompositeType(Bytes32, authoritiesMax),
    }),
    2 ** 32,
  ),
  convicted: new ListCompositeType(Bytes32, 2 ** 32),
  attestedHeight: SafeUint64,
  inFlight: new ListCompositeType(ChangeType, 1),
  final: CheckpointType,
});

/** What a reader knows as bytes, to go on from there another time. Whoever can change them can make the reader believe anything. */
export function encodeAuthorityLight(light: AuthorityLight): Uint8Array {
  return AuthorityLightType.serialize({
    ...light,
    sets: light.sets.map(({ sinceHeight, authorities }) => ({ sinceHeight, authorities: [...authorities] })),
    convicted: [...light.convicted],
    inFlight: light.inFlight ? [light.inFlight] : [],
  });
}

/** Undefined for bytes that are none of {@link encodeAuthorityLight}. */
export function decodeAuthorityLight(bytes: Uint8Array): AuthorityLight | undefined {
  const decoded = decode(AuthorityLightType, bytes, "light");
  if (!decoded.ok || decoded.value.sets.length === 0) return undefined;
  return { ...decoded.value, inFlight: decoded.value.inFlight[0] };
}
