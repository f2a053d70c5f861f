/** Assets: what their issuers said of them. */
import { Type } from "typebox";
import { route, type Said } from "./route.ts";
import { Address, Amount, AssetId, Hash, orNull, Units } from "./shapes.ts";

export const AssetAnswer = Type.Object({
  assetId: AssetId,
  symbol: Type.String(),
  name: Type.String(),
  decimals: Type.Integer({ minimum: 0 }),
  supply: Amount,
  supplyUnits: Units,
  issuer: Address,
  issuerName: orNull(Type.String()),
  metadata: Type.String(),
});
export type AssetAnswer = Said<typeof AssetAnswer>;

export const getAsset = route({
  method: "GET",
  path: "/v1/assets/{id}",
  topic: "assets",
  summary: "One asset",
  description: "The id of an asset is that of the transaction that issued it.",
  params: Type.Object({ id: Hash }),
  answers: { 200: AssetAnswer },
});
