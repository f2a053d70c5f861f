/** One step of the way from set to set of authorities, as it travels. */
import { ContainerType, ListCompositeType, type ValueOf } from "@chainsafe/ssz";
import { ok, type Result } from "../base/result.ts";
import { consensusStateBytesMax, HeaderType, sectionEvidenceMax } from "../protocol/block.ts";
import { byteList, decode } from "../protocol/codec.ts";
import { evidenceBytesMax } from "../protocol/evidence.ts";
import { AttestedBlockType } from "./attested-block.ts";
import { type LightFault, lightFault } from "./light-fault.ts";

/** As many blocks as a link of finality may span. */
export const linkBlocksMax = 64;

const StatedHeaderType = new ContainerType({ header: HeaderType, state: byteList(consensusStateBytesMax) });

/** Judged in the order of its fields. */
export const LightStepType = new ContainerType({
  /** Attested blocks, each the parent of the next. What the first one's parent is to the last, its source, is final by them. */
  link: new ListCompositeType(AttestedBlockType, linkBlocksMax),
  /** Of one block: each offender may be missing in the sets that follow. */
  evidence: new ListCompositeType(byteList(evidenceBytesMax), sectionEvidenceMax),
  /** A block that operators declared final, with the state under its header. */
  recovery: new ListCompositeType(StatedHeaderType, 1),
});
export type LightStep = ValueOf<typeof LightStepType>;

export function encodeLightStep(step: LightStep): Uint8Array {
  return LightStepType.serialize(step);
}

/** Strict; nothing in it is verified. */
export function decodeLightStep(bytes: Uint8Array): Result<LightStep, LightFault> {
  const decoded = decode(LightStepType, bytes, "light step");
  return decoded.ok ? ok(decoded.value) : lightFault("light/malformed", decoded.fault.reason);
}
