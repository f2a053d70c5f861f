/** What each field of a block and of a transaction is called and means, for people. */

/** How the bytes of a field are shown as a value. */
export type ValueForm = "number" | "time" | "hex" | "key" | "text" | "padded-text" | "aur";

export interface FieldText {
  readonly title: string;
  readonly meaning: string;
  readonly form: ValueForm;
}

const header: Readonly<Record<string, FieldText>> = {
  version: { title: "Version", meaning: "Of the header's layout.", form: "number" },
  chainId: {
    title: "Chain id",
    meaning: "The hash of the chain's first rules: the block counts on this chain only.",
    form: "hex",
  },
  height: { title: "Height", meaning: "How many blocks stand below this one.", form: "number" },
  parentHash: {
    title: "Parent",
    meaning: "The hash of the block below. It chains the blocks: whoever changes one changes all above.",
    form: "hex",
  },
  timestampMs: {
    title: "Time",
    meaning: "When the producer says that it made the block; later than the parent's.",
    form: "time",
  },
  producer: {
    title: "Producer",
    meaning: "Who made the block, and is paid its fees and its reward.",
    form: "key",
  },
  transactionsRoot: {
    title: "Transactions root",
    meaning: "The root of a tree of hashes over all transactions in their order.",
    form: "hex",
  },
  transactionCount: {
    title: "Transactions",
    meaning: "How many transactions the block holds.",
    form: "number",
  },
  stateRoot: {
    title: "State root",
    meaning: "The root of a tree of hashes over every balance, name and asset after the block.",
    form: "hex",
  },
  consensusRoot: {
    title: "Consensus root",
    meaning: "The root of a tree of hashes over the block's certificate and evidence.",
    form: "hex",
  },
  consensusStateHash: {
    title: "Consensus state",
    meaning: "The hash of what the chain knows of its authorities after the block, or of the next target.",
    form: "hex",
  },
  target: {
    title: "Target",
    meaning: "Proof of Work: the hash may be no higher than this number. Proof of Authority: zero.",
    form: "hex",
  },
  extraData: { title: "Note", meaning: "Up to 32 bytes that the producer chose.", form: "padded-text" },
};

const certificate: Readonly<Record<string, FieldText>> = {
  targetHeight: {
    title: "Certified height",
    meaning: "The block that the certificate is for.",
    form: "number",
  },
  targetHash: { title: "Certified hash", meaning: "The hash of that block.", form: "hex" },
  bitmap: {
    title: "Who signed",
    meaning: "A bit for each authority, in the order of their keys: 1 if its signature follows.",
    form: "hex",
  },
  signatures: {
    title: "Authority's signature",
    meaning: "An authority's vote for the block, one for each bit that is set.",
    form: "hex",
  },
};

const transaction: Readonly<Record<string, FieldText>> = {
  version: { title: "Version", meaning: "Of the transaction's layout.", form: "number" },
  kind: {
    title: "Kind",
    meaning: "1 transfer, 2 data record, 3 name, 4 asset, 5 vote on authorities.",
    form: "number",
  },
  sender: { title: "Sender", meaning: "The key that signs and pays.", form: "key" },
  sequence: {
    title: "Sequence",
    meaning:
      "The sender's transactions are counted from 0; each number is used once, so none can be repeated.",
    form: "number",
  },
  fee: { title: "Fee", meaning: "What the sender pays the block's producer.", form: "aur" },
  validUntil: {
    title: "Valid until",
    meaning: "The last height of a block that may hold it; 0 for no limit.",
    form: "number",
  },
  timestampMs: {
    title: "Signed at",
    meaning: "The time on the sender's clock. No rule reads it.",
    form: "time",
  },
  signature: {
    title: "Signature",
    meaning: "The sender's Ed25519 signature over the id, which is a hash of all other fields.",
    form: "hex",
  },
  "payload.to": { title: "Receiver", meaning: "The key that is paid.", form: "key" },
  "payload.assetId": {
    title: "Asset",
    meaning: "The id of the transaction that issued the asset; zero is AUR.",
    form: "hex",
  },
  "payload.amount": { title: "Amount", meaning: "In base units of the asset.", form: "number" },
  "payload.memo": { title: "Memo", meaning: "A text for the receiver; everybody can read it.", form: "text" },
  "payload.data": { title: "Data", meaning: "What is recorded, for good.", form: "text" },
  "payload.name": { title: "Name", meaning: "The name that is registered, or the asset's.", form: "text" },
  "payload.symbol": { title: "Symbol", meaning: "The asset's short name. Symbols may repeat.", form: "text" },
  "payload.decimals": {
    title: "Decimals",
    meaning: "Digits behind the point in one unit of the asset.",
    form: "number",
  },
  "payload.supply": { title: "Supply", meaning: "All of the asset, in base units.", form: "number" },
  "payload.metadata": { title: "Metadata", meaning: "What the issuer says of the asset.", form: "text" },
  "payload.action": { title: "Action", meaning: "1 adds an authority, 2 removes one.", form: "number" },
  "payload.authority": {
    title: "Authority",
    meaning: "Whom the vote is about.",
    form: "key",
  },
  "payload.expiresAtHeight": {
    title: "Expires at",
    meaning: "The last height at which the vote counts.",
    form: "number",
  },
  "payload.consent": {
    title: "Consent",
    meaning: "The candidate's signature: nobody becomes an authority without it. Zero for a removal.",
    form: "hex",
  },
};

const offsets: FieldText = {
  title: "Offset",
  meaning: "Where a field of variable length begins, counted from the start of what holds it.",
  form: "number",
};

const unknown: FieldText = { title: "Bytes", meaning: "Bytes of the payload.", form: "hex" };

const blockFields: Readonly<Record<string, FieldText>> = {
  ...prefixed("header.", header),
  "seal.nonce": {
    title: "Nonce",
    meaning: "Proof of Work: the number that the miner found. Proof of Authority: zero.",
    form: "hex",
  },
  "seal.signature": {
    title: "Seal",
    meaning: "Proof of Authority: the producer's signature over the hash. Proof of Work: empty.",
    form: "hex",
  },
  ...prefixed("consensusSection.certificates.", certificate),
  "consensusSection.evidence": {
    title: "Evidence",
    meaning: "Two signatures of one authority that contradict each other: it is removed.",
    form: "hex",
  },
  transactions: { title: "Transaction", meaning: "The bytes of a whole transaction.", form: "hex" },
};

function prefixed(
  prefix: string,
  fields: Readonly<Record<string, FieldText>>,
): Readonly<Record<string, FieldText>> {
  return Object.fromEntries(Object.entries(fields).map(([name, text]) => [`${prefix}${name}`, text]));
}

/** What a header's fields mean; by their names in the protocol. */
export const headerTexts = header;
/** What a transaction's fields mean; those of its payload as `payload.amount`. */
export const transactionTexts = transaction;

/** @param path of a span of a block or of a transaction */
export function fieldText(
  of: "block" | "transaction",
  { path, form }: { readonly path: string; readonly form: string },
): FieldText {
  if (form === "offsets") return offsets;
  const bare = path.replace(/\[\d+\]/g, "");
  return (of === "block" ? blockFields : transaction)[bare] ?? unknown;
}

/** The place in a list, from 1, e.g. `transactions[4]` is 5; undefined if it is in none. */
export function placeInList(path: string): number | undefined {
  const [, last] = /\[(\d+)\]$/.exec(path) ?? [];
  return last === undefined ? undefined : Number(last) + 1;
}
