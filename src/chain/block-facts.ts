/** What a chain says of its canonical blocks beside their own bytes: changes of the authorities, and what makes a block final. */
import { bytesEqual } from "../base/bytes.ts";
import { invariant } from "../base/invariant.ts";
import type { AuthorityChange, ConsensusEngine } from "../consensus/engine.ts";
import { linkFinalizes } from "../consensus/finality/vote-rule.ts";
import { certificateDepthMax } from "../consensus/poa/advance.ts";
import type { Block, ConsensusSection, HeaderRecord } from "../protocol/block.ts";
import type { Certificate } from "../protocol/certificate.ts";
import { type Checkpoint, isSameCheckpoint } from "../protocol/checkpoint.ts";

export interface AuthorityChangesModules {
  readonly engine: ConsensusEngine;
  recordOf(hash: Uint8Array): HeaderRecord | undefined;
  /** The record with the state that the block's header commits to. */
  committedOf(record: HeaderRecord): HeaderRecord | undefined;
}

/** How a stored block changed the set of authorities, by the states that the headers commit to: so all nodes say the same at all times. */
export function authorityChangesOf(
  { hash, header, consensusSection }: Pick<Block, "hash" | "header" | "consensusSection">,
  { engine, recordOf, committedOf }: AuthorityChangesModules,
): readonly AuthorityChange[] {
  const { authority } = engine;
  if (!authority) return [];
  const committed = (wanted: Uint8Array): HeaderRecord => {
    const record = recordOf(wanted);
    const found = record && committedOf(record);
    invariant(found, "a canonical block and its parent are stored with their states");
    return found;
  };
  const before = header.height === 0 ? undefined : committed(header.parentHash);
  return authority.changes(before, committed(hash), consensusSection);
}

export interface FinalCertificateModules {
  readonly engine: ConsensusEngine;
  readonly headHeight: number;
  /** Of the canonical chain. */
  recordAt(height: number): HeaderRecord | undefined;
  /** A certificate that came with a vote or a block; undefined once it is forgotten, for instance by a restart. */
  certificateOf(hash: Uint8Array): Certificate | undefined;
  /** Of the canonical block at a height. */
  sectionAt(height: number): ConsensusSection | undefined;
}

/**
 * The certificate that makes `final` final: the one for the lowest canonical block whose votes have `final` as their source.
 *
 * @returns undefined if neither memory nor the blocks above have it, and for block 0, which needs none
 */
export function finalCertificateOf(
  final: Checkpoint,
  { engine, headHeight, recordAt, certificateOf, sectionAt }: FinalCertificateModules,
): Certificate | undefined {
  if (final.height === 0) return undefined;
  const top = Math.min(headHeight, final.height + certificateDepthMax);
  const certified = new Map<number, Certificate>();
  for (let height = final.height + 1; height <= top; height += 1) {
    const record = recordAt(height);
    const found = record && (certificateOf(record.hash) ?? certificateIn(record));
    if (!record || !found || !bytesEqual(found.targetHash, record.hash)) continue;
    certified.set(height, found);
    const source = engine.authority?.finality(record).justified;
    const isLink = source !== undefined && isSameCheckpoint(source, final);
    if (isLink && linkFinalizes(final.height, height, (between) => certified.has(between))) return found;
  }
  return undefined;

  /** Read from the block that carries it: the first block above whose chain certifies the target. */
  function certificateIn({ header }: HeaderRecord): Certificate | undefined {
    const last = Math.min(headHeight, header.height + certificateDepthMax);
    for (let height = header.height + 1; height <= last; height += 1) {
      const justifiedHeight = recordAt(height)?.justifiedHeight ?? 0;
      if (justifiedHeight < header.height) continue;
      // Targets in one chain only go up: after a higher target no lower one follows.
      return justifiedHeight === header.height ? sectionAt(height)?.certificates[0] : undefined;
    }
    return undefined;
  }
}
