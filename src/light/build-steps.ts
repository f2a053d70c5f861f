/** Puts together, at a node, the way from one set of authorities to the newest, for readers without the blocks. */
import { bytesEqual, includesBytes } from "../base/bytes.ts";
import { isAsCommitted } from "../consensus/committed-state.ts";
import {
  type AuthorityState,
  AuthorityStateType,
  authorityStateOf,
} from "../consensus/poa/authority-state.ts";
import type { HeaderRecord } from "../protocol/block.ts";
import { committedState, linkTo, newestAttested } from "./certified-blocks.ts";
import type { LightSource } from "./light-source.ts";
import type { LightStep } from "./light-step.ts";

/** A step with the block that its set comes into force with; the last step has none. */
export interface PlacedStep {
  readonly height: number;
  readonly step: LightStep;
}

/** Steps in the order in which they are judged. */
export interface StepPage {
  readonly steps: readonly PlacedStep[];
  /** More steps follow; asked for from the height of the last one here. */
  readonly more: boolean;
}

/**
 * The steps for a reader who knows the authorities of a block: one for each later set, and one to the newest attested
 * block. The way leads from set to set by `authoritiesSinceHeight`, so it costs nothing per block between.
 *
 * @param from the height of the block, canonical
 * @param stepsMax that are put together for one page
 */
export function stepsAfter(from: number, source: LightSource, stepsMax: number): StepPage {
  const newest = newestAttested(source);
  if (!newest || newest.header.height <= from) return { steps: [], more: false };
  const { height } = newest.header;
  const changedAt: number[] = [];
  let at = authoritySince(source.recordAt(height));
  while (at !== undefined && at > from) {
    changedAt.push(at);
    at = authoritySince(source.recordAt(at - 1));
  }
  const steps: PlacedStep[] = [];
  for (const changed of changedAt.reverse()) {
    if (steps.length === stepsMax) return { steps, more: true };
    const step = stepInto(changed, source);
    if (step) steps.push({ height: changed, step });
  }
  if (steps.length === stepsMax) return { steps, more: true };
  steps.push({ height, step: { link: linkTo(height, source) ?? [newest], evidence: [], recovery: [] } });
  return { steps, more: false };
}

function authoritySince(record: HeaderRecord | undefined): number | undefined {
  return record && authorityStateOf(record).authoritiesSinceHeight;
}

/** Why the set of the block at a height differs from its parent's; undefined if the source lacks one of the two blocks. */
export function stepInto(height: number, source: LightSource): LightStep | undefined {
  const record = source.recordAt(height);
  const parent = source.recordAt(height - 1);
  const section = source.sectionAt(height);
  const committed = record && committedState(record, source);
  if (!record || !parent || !section || !committed) return undefined;
  const before = authorityStateOf(parent);
  const after = AuthorityStateType.deserialize(committed);
  const [certificate] = section.certificates;
  const link = certificate && changes(before, after) ? linkTo(certificate.targetHeight, source) : undefined;
  return {
    link: link ?? [],
    evidence: section.evidence,
    recovery: isAsCommitted(record) ? [] : [{ header: record.header, state: committed }],
  };
}

/** Whether the change that was in flight has come into force. */
function changes({ inFlight, authorities }: AuthorityState, after: AuthorityState): boolean {
  const [change] = inFlight;
  if (!change || after.inFlight.some((still) => bytesEqual(still.authority, change.authority))) return false;
  const { authority } = change;
  return includesBytes(authorities, authority) !== includesBytes(after.authorities, authority);
}
