/** Which inbound connection has to go for a newcomer. Each measure protects a few, so that no attacker can win them all. */

/** An inbound connection, and what its peer has been worth so far. */
export interface InboundPlace {
  readonly group: string;
  readonly openedMs: number;
  /** The peer has another connection, too. */
  readonly isSpare: boolean;
  readonly isAuthority: boolean;
  /** The peer has said that it is on this node's chain. */
  readonly isOnChain: boolean;
  /** Blocks and votes that this peer was the first to bring, or work for a pool. */
  readonly delivered: number;
  /** What is held against it. */
  readonly points: number;
}

/** Why a connection had to go: its peer has another one, has points or is not on this chain, or was the least useful. */
export type EvictionReason = "spare" | "useless" | "crowded";

/** Who is younger counts as on this chain: the handshake takes a few round trips. */
const greetingMs = 2_000;
/** The part of all places that each measure protects. */
const deliverersPart = 1 / 4;
const oldestPart = 1 / 4;

/**
 * The connection to end so that another one can have its place; undefined if each is protected.
 *
 * Protected are the authorities, those that delivered most, and of the rest those that have been here longest without
 * a fault. Of the others goes first: a spare connection; one whose peer has points or is not on this chain; one of the
 * largest group of addresses; the one that has been here longest. Never the youngest: it is the newcomer of a moment ago,
 * which had no time to be of use.
 */
export function leastUseful<Place extends InboundPlace>(
  places: readonly Place[],
  nowMs: number,
): Place | undefined {
  const spare = places.filter(({ isSpare }) => isSpare).toSorted(byAge)[0];
  if (spare) return spare;
  const isUseless = (place: Place) => reasonToGo(place, nowMs) === "useless";
  const deliverers = new Set(
    places
      .filter(({ delivered }) => delivered > 0)
      .toSorted((a, b) => b.delivered - a.delivered)
      .slice(0, Math.ceil(places.length * deliverersPart)),
  );
  const rest = places.filter((place) => !place.isAuthority && !deliverers.has(place)).toSorted(byAge);
  const oldest = new Set(
    rest
      .filter((place) => place.isOnChain && !isUseless(place))
      .slice(0, Math.floor(places.length * oldestPart)),
  );
  const sizes = new Map<string, number>();
  for (const { group } of places) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  const sizeOf = ({ group }: Place) => sizes.get(group) ?? 0;
  return rest
    .filter((place) => !oldest.has(place))
    .toSorted(
      (a, b) =>
        Number(isUseless(b)) - Number(isUseless(a)) || sizeOf(b) - sizeOf(a) || a.openedMs - b.openedMs,
    )[0];
}

/** Why this of all connections has to go, if it does. */
export function reasonToGo(
  { isSpare, points, isOnChain, openedMs }: InboundPlace,
  nowMs: number,
): EvictionReason {
  if (isSpare) return "spare";
  return points > 0 || (!isOnChain && nowMs - openedMs > greetingMs) ? "useless" : "crowded";
}

function byAge(a: InboundPlace, b: InboundPlace): number {
  return a.openedMs - b.openedMs;
}
