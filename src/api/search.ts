/** Search: one text, and what it may mean. */
import { Type } from "typebox";
import { route, type Said } from "./route.ts";
import { Address, AssetId, Hash, HeadReference, Height, orNull } from "./shapes.ts";

const name = orNull(Type.String({ description: "a registered name" }));

/** What a text may mean, by `type`. */
const SearchHit = Type.Union([
  Type.Object({ type: Type.Literal("block"), height: Height, hash: Hash, canonical: Type.Boolean() }),
  Type.Object({
    type: Type.Literal("transaction"),
    id: Hash,
    status: Type.Enum(["committed", "pending", "dropped"]),
    /** Null if it stands in no block. */
    height: orNull(Height),
  }),
  Type.Object({ type: Type.Literal("account"), address: Address, name }),
  Type.Object({ type: Type.Literal("user"), name: Type.String(), address: Address }),
  Type.Object({
    type: Type.Literal("asset"),
    assetId: AssetId,
    symbol: Type.String(),
    name: Type.String(),
  }),
]);
export type SearchHit = Said<typeof SearchHit>;

const SearchAnswer = Type.Object({
  /** What was searched: the text without the white space around it. */
  q: Type.String(),
  items: Type.Array(SearchHit),
  /** There are more hits of some kind than are shown: a longer text finds them. */
  more: Type.Boolean(),
  head: HeadReference,
});
export type SearchAnswer = Said<typeof SearchAnswer>;

export const getSearch = route({
  method: "GET",
  path: "/v1/search",
  topic: "search",
  summary: "What a text may mean: height, hash, id, address, public key, name or symbol",
  description:
    "The beginning is enough, from 4 characters on (of an address: 4 behind aurex1). Exact hits come first, then at most " +
    "5 of each kind. No hit is an empty list, not an error. Beginnings of addresses and keys need the account index.",
  query: Type.Object({
    q: Type.String({ minLength: 1, maxLength: 192, description: "a text of 1 to 192 characters" }),
  }),
  answers: { 200: SearchAnswer },
  example: { query: { q: "AUR" } },
});
