/** Accounts: what each holds, and what its next transaction has to carry. */
import { Type } from "typebox";
import { route, type Said } from "./route.ts";
import { Address, Amount, AssetId, Count, orNull, PublicKey, Units } from "./shapes.ts";

/** `balance` in the asset's own units, `balanceUnits` in base units. */
export const AssetHolding = Type.Object({
  assetId: AssetId,
  symbol: Type.String(),
  balance: Amount,
  balanceUnits: Units,
});
export type AssetHolding = Said<typeof AssetHolding>;

export const AccountAnswer = Type.Object({
  address: Address,
  name: orNull(Type.String()),
  publicKey: PublicKey,
  balance: Amount,
  balanceUnits: Units,
  immature: Amount,
  immatureUnits: Units,
  sequence: Type.Integer({ description: "what the ledger at the head expects next" }),
  pendingSequence: Type.Integer({
    description: "what the account's next transaction should have, after those that wait",
  }),
  assets: Type.Array(AssetHolding, { description: "at most 1,000" }),
  assetCount: Count,
});
export type AccountAnswer = Said<typeof AccountAnswer>;

export const AccountReference = Type.String({
  minLength: 1,
  maxLength: 192,
  description: "an address, a public key or a registered name",
});

export const getAccount = route({
  method: "GET",
  path: "/v1/accounts/{account}",
  topic: "accounts",
  summary: "One account",
  description:
    "AUR that the account's blocks have earned and that cannot be spent yet is `immature`, and no part of `balance`. An address that the ledger does not know has a balance of zero; a name that nobody has registered is 404.",
  params: Type.Object({ account: AccountReference }),
  answers: { 200: AccountAnswer },
});
