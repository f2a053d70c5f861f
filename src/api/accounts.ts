/** Accounts: what each holds, its history, what waits for it, and what its next transaction has to carry. */
import { Type } from "typebox";
import { route, type Said } from "./route.ts";
import {
  Address,
  Amount,
  AssetId,
  Count,
  CursorText,
  Hash,
  HeadReference,
  Height,
  HeightText,
  Limit,
  orNull,
  PublicKey,
  pageOf,
  Units,
} from "./shapes.ts";
import { BlockPlace, PendingTransaction, TransactionFields } from "./transaction-shapes.ts";

const Name = orNull(Type.String({ description: "a registered name" }));
const exampleAddress = "aurex1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0sxp8an6";

/** `balance` in the asset's own units, `balanceUnits` in base units. */
export const AssetHolding = Type.Object({
  assetId: AssetId,
  symbol: Type.String(),
  balance: Amount,
  balanceUnits: Units,
});
export type AssetHolding = Said<typeof AssetHolding>;

/** AUR of an account, by how sure it is. */
const Balances = Type.Object({
  /** At the final block; null on a Proof of Work chain, and while the account index is off or incomplete. */
  final: orNull(Amount),
  finalUnits: orNull(Units),
  /** Of that final block; null if `final` is. */
  finalHeight: orNull(Height),
  /** At the head. */
  committed: Amount,
  committedUnits: Units,
  /** What waiting transfers to the account would bring. */
  pendingIn: Amount,
  pendingInUnits: Units,
  /** What the account's own waiting transactions take, fees included. */
  pendingOut: Amount,
  pendingOutUnits: Units,
  /** `committed` less `pendingOut`: what another transaction may take now. */
  spendable: Amount,
  spendableUnits: Units,
});

export const AccountAnswer = Type.Object({
  address: Address,
  name: Name,
  publicKey: PublicKey,
  balance: Amount,
  balanceUnits: Units,
  balances: Balances,
  immature: Amount,
  immatureUnits: Units,
  sequence: Type.Integer({ description: "what the ledger at the head expects next" }),
  pendingSequence: Type.Integer({
    description: "what the account's next transaction should have, after those that wait",
  }),
  assets: Type.Array(AssetHolding, { description: "the first 1,000; GET …/assets has all" }),
  assetCount: Count,
  /** How many items its history has; null while the account index is off or incomplete. */
  itemCount: orNull(Count),
  head: HeadReference,
});
export type AccountAnswer = Said<typeof AccountAnswer>;

export const AccountReference = Type.String({
  minLength: 1,
  maxLength: 192,
  description: "an address, a public key or a registered name",
});

const params = Type.Object({ account: AccountReference });
const example = { params: { account: exampleAddress } };

export const getAccount = route({
  method: "GET",
  path: "/v1/accounts/{account}",
  topic: "accounts",
  summary: "One account",
  description:
    "AUR that the account's blocks have earned and that cannot be spent yet is `immature`, and no part of `balance`. " +
    "An address that the ledger does not know has a balance of zero; a name that nobody has registered is 404.",
  params,
  answers: { 200: AccountAnswer },
  example,
});

/** What an item does to one of the account's balances. */
const BalanceChange = Type.Object({
  assetId: AssetId,
  symbol: Type.String(),
  /** Negative for what is taken; of AUR the fee is a part of it. */
  amount: Amount,
  amountUnits: Units,
  /** After the item. */
  balance: Amount,
  balanceUnits: Units,
});

/** What a block pays its producer, when it is mature. */
const Reward = Type.Object({
  /** The block that earned it. */
  earnedAtHeight: Height,
  /** New AUR. */
  subsidy: Amount,
  subsidyUnits: Units,
  fees: Amount,
  feesUnits: Units,
});

export const HistoryItem = Type.Object({
  number: Type.Integer({ minimum: 0, description: "its place in the account's history, from 0" }),
  kind: Type.Enum(["transaction", "reward", "allocation"]),
  /** "about": a vote of an authority names the account. "credit": a reward, or an allocation of the genesis block. */
  direction: Type.Enum(["in", "out", "self", "about", "credit"]),
  block: BlockPlace,
  confirmations: Count,
  final: Type.Boolean(),
  /** Empty if no balance changes. Of all items before and with this one, the amounts add up to `balance`. */
  changes: Type.Array(BalanceChange),
  /** AUR that the account itself paid as a fee. */
  feePaid: Amount,
  feePaidUnits: Units,
  /** The other side of a transfer or a vote. */
  counterparty: orNull(Address),
  counterpartyName: Name,
  /** Null for a reward and an allocation. */
  id: orNull(Hash),
  position: orNull(Count),
  transaction: orNull(TransactionFields),
  reward: orNull(Reward),
});
export type HistoryItem = Said<typeof HistoryItem>;

const HistoryPage = Type.Object({
  ...pageOf(HistoryItem).properties,
  /** Items of the whole history, whatever the filters are. */
  itemCount: Count,
  /**
   * With order=oldest, the cursor behind the last item that was looked at, also on the last page: asked with it later, the
   * list goes on with what has come since. Null with order=newest, and for an account without items.
   */
  resume: orNull(Type.String()),
});
export type HistoryPage = Said<typeof HistoryPage>;

export const getAccountTransactions = route({
  method: "GET",
  path: "/v1/accounts/{account}/transactions",
  topic: "accounts",
  summary: "What has happened to an account, with the balance after each item",
  description:
    "Transactions that it sent or received, votes that name it, mature rewards and genesis allocations; newest first, " +
    "unless order is oldest. With `from`, the list begins at a height: with order=oldest at the first item there or " +
    "above, else at the last one there or below. What waits is not here, but under …/pending. A page may have fewer items than limit, even " +
    "none, and still a next: `next: null` alone is the end. A cursor holds while new blocks come; 410 `api/cursor-undone` " +
    "if its block has left the chain. 503 `index/building` while an older store is being indexed, 409 `index/off` on a " +
    "node with --no-account-index.",
  params,
  query: Type.Object({
    limit: Type.Optional(Limit),
    cursor: Type.Optional(CursorText),
    order: Type.Optional(Type.Enum(["newest", "oldest"])),
    direction: Type.Optional(Type.Enum(["in", "out", "self", "about", "credit"])),
    asset: Type.Optional(
      Type.String({
        pattern: "^(AUR|[0-9a-fA-F]{64})$",
        description: "AUR or an asset's id of 64 hex digits",
      }),
    ),
    from: Type.Optional(HeightText),
  }),
  answers: { 200: HistoryPage },
  example: { ...example, query: { limit: "10", direction: "in" } },
});

const PendingItem = Type.Object({
  direction: Type.Enum(["in", "out", "self"]),
  ...PendingTransaction.properties,
});
const AccountPendingPage = Type.Object({
  ...pageOf(PendingItem).properties,
  /** How many of the waiting transactions are its own, and how many are sent to it. */
  outCount: Count,
  inCount: Count,
});
export type AccountPendingPage = Said<typeof AccountPendingPage>;

export const getAccountPending = route({
  method: "GET",
  path: "/v1/accounts/{account}/pending",
  topic: "accounts",
  summary: "Waiting transactions of an account: its own by sequence, then those sent to it",
  params,
  query: Type.Object({ limit: Type.Optional(Limit), cursor: Type.Optional(CursorText) }),
  answers: { 200: AccountPendingPage },
  example,
});

const AccountAssetsPage = Type.Object({ ...pageOf(AssetHolding).properties, assetCount: Count });
export type AccountAssetsPage = Said<typeof AccountAssetsPage>;

export const getAccountAssets = route({
  method: "GET",
  path: "/v1/accounts/{account}/assets",
  topic: "accounts",
  summary: "The assets that an account has ever held, beside AUR, in the order in which it had them first",
  description: "One that it has given away altogether has a balance of 0.",
  params,
  query: Type.Object({ limit: Type.Optional(Limit), cursor: Type.Optional(CursorText) }),
  answers: { 200: AccountAssetsPage },
  example,
});

const NextSequence = Type.Object({
  address: Address,
  /** What the ledger at the head expects. */
  sequence: Count,
  /** What the next transaction should have, after those of the account that wait. */
  nextSequence: Count,
  head: HeadReference,
});
export type NextSequence = Said<typeof NextSequence>;

export const getNextSequence = route({
  method: "GET",
  path: "/v1/accounts/{account}/next-sequence",
  topic: "accounts",
  summary: "The sequence that an account's next transaction should have",
  params,
  answers: { 200: NextSequence },
  example,
});

const AccountListItem = Type.Object({
  address: Address,
  name: Name,
  balance: Amount,
  balanceUnits: Units,
  sequence: Count,
});
const AccountsPage = Type.Object({ ...pageOf(AccountListItem).properties, count: Count });
export type AccountsPage = Said<typeof AccountsPage>;

const listQuery = Type.Object({ limit: Type.Optional(Limit), cursor: Type.Optional(CursorText) });

export const getAccounts = route({
  method: "GET",
  path: "/v1/accounts",
  topic: "accounts",
  summary: "All accounts, those with most AUR first",
  description:
    "Each page is read at its own head: an account whose balance changes between two pages may be on both or on none.",
  query: Type.Object({ ...listQuery.properties, order: Type.Optional(Type.Enum(["balance"])) }),
  answers: { 200: AccountsPage },
  example: { query: { order: "balance", limit: "10" } },
});

const UserAnswer = Type.Object({ name: Type.String(), address: Address, publicKey: PublicKey });

const UsersPage = Type.Object({ ...pageOf(UserAnswer).properties, count: Count });
export type UsersPage = Said<typeof UsersPage>;

export const getUsers = route({
  method: "GET",
  path: "/v1/users",
  topic: "accounts",
  summary: "All registered names with their accounts, by name",
  query: listQuery,
  answers: { 200: UsersPage },
  example: { query: { limit: "10" } },
});

const UserByName = Type.Object({ ...UserAnswer.properties, head: HeadReference });
export type UserByName = Said<typeof UserByName>;

export const getUser = route({
  method: "GET",
  path: "/v1/users/{name}",
  topic: "accounts",
  summary: "Who has registered a name",
  params: Type.Object({
    name: Type.String({ minLength: 1, maxLength: 192, description: "a registered name" }),
  }),
  answers: { 200: UserByName },
  example: { params: { name: "alice@example.com" } },
});
