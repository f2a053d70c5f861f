/** What a reader needs who believes no node: the way from the chain id to a final block, and proofs under its header. */
import { Type } from "typebox";
import { AccountReference } from "./accounts.ts";
import { BlockName } from "./blocks.ts";
import { route, type Said } from "./route.ts";
import { Address, Count, Hash, HeadReference, Height, HeightText, Hex, orNull } from "./shapes.ts";

/** Of light steps and mined headers: they are small, and a reader asks for many. */
export const lightItemsMax = 1_000;
export const lightItemsDefault = 100;

const Consensus = Type.Enum(["pow", "poa"]);

export const LightItem = Type.Object({
  height: Type.Integer({
    minimum: 0,
    description:
      "Proof of Authority: the block with which the set of the step comes into force, in the last one the attested block; Proof of Work: of the header",
  }),
  bytes: Type.String({
    pattern: "^([0-9a-f]{2})+$",
    description: "SSZ: a light step (Proof of Authority), or a header and its nonce (Proof of Work)",
  }),
});
export type LightItem = Said<typeof LightItem>;

export const LightAnswer = Type.Object({
  consensus: Consensus,
  head: HeadReference,
  final: orNull(HeadReference),
  items: Type.Array(LightItem, { description: "ascending" }),
  next: Type.Union([Height, Type.Null()], { description: "from of the next page; null: this was the last" }),
});
export type LightAnswer = Said<typeof LightAnswer>;

/** That a block is on the chain: it alone with its nonce in Proof of Work; in Proof of Authority what shows that it is final. */
export const HeaderProof = Type.Object({
  header: Type.String({ pattern: "^[0-9a-f]+$", description: "SSZ of the block's header" }),
  nonce: Hash,
  link: Type.Array(Hex, { description: "SSZ of the attested blocks that show a block to be final" }),
  headers: Type.Array(Hex, {
    description: "SSZ of the headers above the block, up to the one that the link shows to be final",
  }),
});
export type HeaderProof = Said<typeof HeaderProof>;

export const BlockProofAnswer = Type.Object({
  consensus: Consensus,
  height: Height,
  hash: Hash,
  ...HeaderProof.properties,
  head: HeadReference,
  final: Type.Boolean(),
});
export type BlockProofAnswer = Said<typeof BlockProofAnswer>;

export const TransactionProofAnswer = Type.Object({
  id: Hash,
  bytes: Type.String({ pattern: "^[0-9a-f]+$", description: "the signed transaction" }),
  position: Count,
  siblings: Type.Array(Hash, { description: "from the sibling of the leaf up: 13" }),
  block: BlockProofAnswer,
  head: HeadReference,
  final: Type.Boolean(),
});
export type TransactionProofAnswer = Said<typeof TransactionProofAnswer>;

export const EntryProofItem = Type.Object({
  kind: Type.Enum(["account", "user", "assetBalance"]),
  bytes: Type.String({ pattern: "^[0-9a-f]+$", description: "SSZ of the ledger's entry, its tag first" }),
  index: Count,
  leafCount: Count,
  siblings: Type.Array(Hash, { description: "from the sibling of the leaf up: 32" }),
});
export type EntryProofItem = Said<typeof EntryProofItem>;

export const AccountProofAnswer = Type.Object({
  address: Address,
  publicKey: Hash,
  items: Type.Array(EntryProofItem, {
    description: "the account, its name if it has one, its holding of the asset that was asked for",
  }),
  block: BlockProofAnswer,
  head: HeadReference,
  final: Type.Boolean(),
});
export type AccountProofAnswer = Said<typeof AccountProofAnswer>;

export const getLight = route({
  method: "GET",
  path: "/v1/light",
  topic: "light",
  summary:
    "The way from one known block to the newest: changes of the authorities with their certificates, or headers with their work",
  description:
    "Begin with from=0 and the chain spec (GET /v1/genesis), whose hash is the chain id. The protocol's section 11 says how each item is judged; the package's aurex/client does it.",
  query: Type.Object({
    from: Type.Optional(HeightText),
    limit: Type.Optional(
      Type.String({
        pattern: "^(1000|[1-9][0-9]{0,2})$",
        description: `a whole number from 1 to ${lightItemsMax}`,
      }),
    ),
  }),
  answers: { 200: LightAnswer },
  example: { query: { from: "0" } },
});

export const getBlockProof = route({
  method: "GET",
  path: "/v1/blocks/{reference}/proof",
  topic: "light",
  summary: "What shows that a block is final (Proof of Authority), or its header and nonce (Proof of Work)",
  params: Type.Object({ reference: BlockName }),
  answers: { 200: BlockProofAnswer },
  example: { params: { reference: "0" } },
});

export const getTransactionProof = route({
  method: "GET",
  path: "/v1/transactions/{id}/proof",
  topic: "light",
  summary: "That a transaction stands in a block, and that the block is final",
  params: Type.Object({ id: Hash }),
  answers: { 200: TransactionProofAnswer },
});

export const getAccountProof = route({
  method: "GET",
  path: "/v1/accounts/{account}/proof",
  topic: "light",
  summary:
    "That an account has this balance, this name, and this much of an asset after the newest final block (Proof of Work: after the head)",
  description: "That an account is not there cannot be proven: the ledger is a list.",
  params: Type.Object({ account: AccountReference }),
  query: Type.Object({
    asset: Type.Optional(Type.String({ pattern: "^[0-9a-fA-F]{64}$", description: "64 hex digits" })),
  }),
  answers: { 200: AccountProofAnswer },
});
