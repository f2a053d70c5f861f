/** Since when a Proof of Authority chain has something to seal, as far as its answers tell. */

export interface BusyFacts {
  readonly final: { readonly height: number } | null;
  /** The highest block with a transaction: it is to become final. */
  readonly unsettledHeight: number;
  readonly hasChangeInFlight: boolean;
  /** Undefined: not known, and then what waits for finality does not count so far. */
  readonly headMs: number | undefined;
  readonly waiting:
    | { readonly ready: boolean; readonly oldest: { readonly firstSeenMs: number } | null }
    | undefined;
  /** When the reader last saw that nothing that waits is ready; what has waited for longer was not ready then. */
  readonly idleSeenMs: number;
}

/** Undefined: nothing is to be sealed. */
export function busySince({
  final,
  unsettledHeight,
  hasChangeInFlight,
  headMs,
  waiting,
  idleSeenMs,
}: BusyFacts): number | undefined {
  const awaitsFinality = hasChangeInFlight || unsettledHeight > (final?.height ?? 0);
  const times: number[] = [];
  if (awaitsFinality && headMs !== undefined) times.push(headMs);
  if (waiting?.ready && waiting.oldest) times.push(Math.max(waiting.oldest.firstSeenMs, idleSeenMs));
  return times.length === 0 ? undefined : Math.min(...times);
}
