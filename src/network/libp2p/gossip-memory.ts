/** Bounds what gossipsub remembers of messages in number, too: it bounds it in time only, and a flood is as large as its time is long. */

/**
 * Messages that are remembered as seen, with who brought them: 1 KB each. With all that may be accepted (1,500 a second) it is
 * twenty seconds, and a message has reached everybody in two.
 */
const seenMax = 32_768;

/** What of the implementation concerns its memory, and is not in its published type. */
export interface GossipMemory {
  readonly seenCache: { readonly entries: Map<string, unknown>; put(id: string): boolean };
  readonly score: {
    readonly deliveryRecords: {
      readonly records: Map<string, unknown>;
      readonly queue: { shift(): { readonly msgId: string } | undefined };
      ensureRecord(id: string): unknown;
    };
  };
}

/** From now on the oldest goes where there would be one too many. What is forgotten and comes again is judged again. */
export function boundMemory({ seenCache, score }: GossipMemory, max = seenMax): void {
  const put = seenCache.put.bind(seenCache);
  seenCache.put = (id) => {
    const { entries } = seenCache;
    const isKnown = put(id);
    for (const oldest of entries.keys()) {
      if (entries.size <= max) break;
      entries.delete(oldest);
    }
    return isKnown;
  };
  const { deliveryRecords } = score;
  const ensure = deliveryRecords.ensureRecord.bind(deliveryRecords);
  deliveryRecords.ensureRecord = (id) => {
    const record = ensure(id);
    while (deliveryRecords.records.size > max) {
      const oldest = deliveryRecords.queue.shift();
      if (oldest) deliveryRecords.records.delete(oldest.msgId);
      else break;
    }
    return record;
  };
}
