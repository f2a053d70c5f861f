/** Assets: AUR, and what their issuers said of the others; who holds them. */
import { Type } from "typebox";
import { route, type Said } from "./route.ts";
import {
  Address,
  Amount,
  AssetId,
  Count,
  CursorText,
  HeadReference,
  Limit,
  orNull,
  pageOf,
  Units,
} from "./shapes.ts";

const AssetFields = Type.Object({
  assetId: AssetId,
  symbol: Type.String(),
  name: Type.String(),
  decimals: Type.Integer({ minimum: 0 }),
  supply: Amount,
  supplyUnits: Units,
  /** Null for AUR, which the chain itself issues. */
  issuer: orNull(Address),
  issuerName: orNull(Type.String()),
  metadata: Type.String(),
});

export const AssetAnswer = Type.Object({ ...AssetFields.properties, head: HeadReference });
export type AssetAnswer = Said<typeof AssetAnswer>;

const params = Type.Object({
  id: Type.String({ pattern: "^(AUR|[0-9a-fA-F]{64})$", description: "AUR or 64 hex digits" }),
});
const query = Type.Object({ limit: Type.Optional(Limit), cursor: Type.Optional(CursorText) });

export const getAsset = route({
  method: "GET",
  path: "/v1/assets/{id}",
  topic: "assets",
  summary: "One asset",
  description:
    "The id of an asset is that of the transaction that issued it. AUR, or 64 zeros, is the chain's own: its supply is all " +
    "that there is at the head, immature rewards included.",
  params,
  answers: { 200: AssetAnswer },
  example: { params: { id: "AUR" } },
});

const AssetsPage = Type.Object({ ...pageOf(AssetFields).properties, count: Count });
export type AssetsPage = Said<typeof AssetsPage>;

export const getAssets = route({
  method: "GET",
  path: "/v1/assets",
  topic: "assets",
  summary: "All issued assets, by symbol",
  description: "A symbol is no name: several assets may have the same, and only the id tells them apart.",
  query,
  answers: { 200: AssetsPage },
  example: { query: { limit: "10" } },
});

const Holder = Type.Object({
  address: Address,
  name: orNull(Type.String()),
  balance: Amount,
  balanceUnits: Units,
});
const HoldersPage = Type.Object({
  assetId: AssetId,
  symbol: Type.String(),
  ...pageOf(Holder).properties,
});
export type HoldersPage = Said<typeof HoldersPage>;

export const getHolders = route({
  method: "GET",
  path: "/v1/assets/{id}/holders",
  topic: "assets",
  summary: "Who holds an asset, those with most of it first",
  params,
  query,
  answers: { 200: HoldersPage },
  example: { params: { id: "AUR" }, query: { limit: "10" } },
});
