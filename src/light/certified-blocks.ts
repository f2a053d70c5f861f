/** Finds the certificates of a node's canonical chain, and the attested blocks that they make. */
import { bytesEqual } from "../base/bytes.ts";
import { committedRecord, isAsCommitted } from "../consensus/committed-state.ts";
import { certificateDepthMax } from "../consensus/poa/advance.ts";
import { type AuthorityState, authorityStateOf } from "../consensus/poa/authority-state.ts";
import type { HeaderRecord } from "../protocol/block.ts";
import type { Certificate } from "../protocol/certificate.ts";
import type { Checkpoint } from "../protocol/checkpoint.ts";
import type { AttestedBlock } from "./attested-block.ts";
import type { LightSource } from "./light-source.ts";
import { linkBlocksMax } from "./light-step.ts";

/** The state under a block's header; another than its record's, if the block was restated. */
export function committedState(record: HeaderRecord, source: LightSource): Uint8Array | undefined {
  const committed = committedRecord(record, {
    parentOf: ({ header }) => source.recordAt(header.height - 1),
    contentsOf: ({ header }) => source.contentsAt(header.height),
    advance: source.advance,
  });
  return committed?.consensusState;
}

/** The certificate for the canonical block at a height: as it was heard, else from one of the blocks above it. */
export function certificateFor(height: number, source: LightSource): Certificate | undefined {
  const target = source.recordAt(height);
  const known = target && source.certificateOf(target.hash);
  if (known) return known;
  const last = Math.min(source.head.header.height, height + certificateDepthMax);
  for (let above = height + 1; above <= last; above += 1) {
    const [certificate] = source.sectionAt(above)?.certificates ?? [];
    if (certificate?.targetHeight === height) return certificate;
    // Certificates of a chain go up: behind a higher one none of a lower target follows.
    if (certificate && certificate.targetHeight > height) return undefined;
  }
  return undefined;
}

/** Undefined for a block that is not certified, or not by the state under its header. */
export function attestedAt(height: number, source: LightSource): AttestedBlock | undefined {
  const record = height > 0 ? source.recordAt(height) : undefined;
  const certificate = record && isAsCommitted(record) ? certificateFor(height, source) : undefined;
  if (!record || !certificate || !bytesEqual(certificate.targetHash, record.hash)) return undefined;
  return { header: record.header, state: record.consensusState, certificate };
}

/** The highest block that can be attested. */
export function newestAttested(source: LightSource): AttestedBlock | undefined {
  const known = source.newestCertificate;
  const newest = known && attestedAt(known.targetHeight, source);
  return newest ?? attestedAt(authorityStateOf(source.head).justified.height, source);
}

/**
 * The attested blocks that show the source of a certified block to be final: those above the source, up to the block.
 * Undefined if one between is not certified, or the block itself is not.
 */
export function linkTo(height: number, source: LightSource): AttestedBlock[] | undefined {
  const target = source.recordAt(height);
  if (!target) return undefined;
  const { justified } = authorityStateOf(target);
  if (height - justified.height > linkBlocksMax) return undefined;
  const link: AttestedBlock[] = [];
  for (let at = justified.height + 1; at <= height; at += 1) {
    const attested = attestedAt(at, source);
    if (!attested) return undefined;
    link.push(attested);
  }
  return link;
}

/** What a link to this block proves to be final, the highest. */
export function finalBy(
  link: readonly AttestedBlock[],
  { finalized, justified }: AuthorityState,
): Checkpoint {
  const isLinked = link[0] !== undefined && link[0].header.height === justified.height + 1;
  return isLinked && justified.height > finalized.height ? justified : finalized;
}

/**
 * The final block that the newest certificates show, where the way of `stepsAfter` ends. A node learns of it from votes
 * before it has written it down as final.
 */
export function newestShownFinal(source: LightSource): Checkpoint | undefined {
  const newest = newestAttested(source);
  const record = newest && source.recordAt(newest.header.height);
  return record && finalBy(linkTo(record.header.height, source) ?? [], authorityStateOf(record));
}
