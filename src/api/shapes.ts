/** The pieces that answers and requests are made of. Amounts and 64-bit numbers are texts, so that no program rounds them. */
import { type TSchema, Type } from "typebox";
import type { Said } from "./route.ts";

/** Lower-case in answers; requests may use either case. */
export const Hash = Type.String({ pattern: "^[0-9a-fA-F]{64}$", description: "64 hex digits" });
/** A public key. */
export const PublicKey = Type.String({ pattern: "^[0-9a-fA-F]{64}$", description: "64 hex digits" });
/** Bytes of any length. */
export const Hex = Type.String({
  pattern: "^([0-9a-fA-F]{2})*$",
  description: "an even number of hex digits",
});
/** Of an account. */
export const Address = Type.String({
  pattern: "^aurex1[02-9ac-hj-np-z]+$",
  description: "an address (aurex1…)",
});
/** A decimal number of an asset's own units, e.g. AUR. */
export const Amount = Type.String({
  pattern: "^-?[0-9]+(\\.[0-9]+)?$",
  description: "a decimal number",
});
/** The same in base units: a whole number as text. */
export const Units = Type.String({ pattern: "^-?[0-9]+$", description: "a whole number of base units" });
/** A whole number of up to 64 bits as text. */
export const BigNumber = Type.String({ pattern: "^[0-9]+$", description: "a whole number" });
export const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
export const Height = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: "a height" });
/** Unix time. */
export const TimestampMs = Type.Integer({ description: "milliseconds since 1970" });
/** The same for people and for other programs. */
export const IsoTime = Type.String({
  pattern: "^[+-]?[0-9]{4,6}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$",
  description: "a time as ISO 8601 writes it, in UTC",
});
/** `AUR`, or the id of the transaction that issued the asset. */
export const AssetId = Type.String({ pattern: "^(AUR|[0-9a-f]{64})$", description: "AUR or 64 hex digits" });

export const pageItemsMax = 100;
export const pageItemsDefault = 20;

/** The query parameter `limit` of every list. */
export const Limit = Type.String({
  pattern: "^(100|[1-9][0-9]?)$",
  description: `a whole number from 1 to ${pageItemsMax}`,
});

/** The query parameter `cursor` of every list. */
export const CursorText = Type.String({
  pattern: "^[A-Za-z0-9_-]{1,512}$",
  description: "the next of the page before",
});

/** A query parameter that is a height. */
export const HeightText = Type.String({ pattern: "^[0-9]{1,15}$", description: "a height, 0 or more" });

/** A query parameter that is on or off. */
export const Switch = Type.Enum(["true", "false"]);

/** `schema` or null. */
export const orNull = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);

/** A block by both of its names. */
export const BlockReference = Type.Object({ height: Height, hash: Hash });
export type BlockReference = Said<typeof BlockReference>;

/** The head that an answer was read at: everything in the answer is from that one moment. */
export const HeadReference = Type.Object({ ...BlockReference.properties });

/** What every list answers. `next` is the `cursor` of the next page; null, and nothing else, says that this is the last. */
export const pageOf = <Item extends TSchema>(item: Item) =>
  Type.Object({ items: Type.Array(item), next: orNull(Type.String()), head: HeadReference });

/** `limit` as a number. */
export function limitOf(text: string | undefined): number {
  return text === undefined ? pageItemsDefault : Math.min(Number(text), pageItemsMax);
}

/** The latest time that a `Date` can say; timestamps may be any number of 64 bits. */
const lastTimestampMs = 8.64e15;

/** {@link IsoTime} of a timestamp; times after the year 275760 are shown as the end of that. */
export function isoTime(timestampMs: number): string {
  return new Date(Math.min(timestampMs, lastTimestampMs)).toISOString();
}
