/** What is being reviewed: a draft with everything that a person is shown beside it. */
import { getAccountTransactions, getNextSequence } from "../../../api/accounts.ts";
import { getSearch } from "../../../api/search.ts";
import { toHex } from "../../../base/bytes.ts";
import {
  type ApiClient,
  ApiProblem,
  addressOf,
  decodeTransaction,
  fromHex,
  type Payload,
} from "../../../client/index.ts";
import { contactsOf, type RecipientNotice, recipientNotice } from "../../wallet/address-book.ts";
import { type Draft, type DraftTerms, draftOf, draftOfPayload } from "../../wallet/draft.ts";
import type { ReadForm } from "../../wallet/form.ts";
import type { Keep } from "../../wallet/keep.ts";
import type { Outbox } from "../../wallet/outbox.ts";
import type { KeyRow, OutboxRow } from "../../wallet/rows.ts";
import { type AssetView, actionText } from "../../wallet/summary.ts";

export interface Proposal {
  readonly draft: Draft;
  readonly key: KeyRow;
  /** In one line. */
  readonly what: string;
  readonly asset: AssetView | undefined;
  /** The registered name by which the recipient was named. */
  readonly toName: string | undefined;
  readonly recipient: RecipientNotice | undefined;
  /** The transaction whose place it takes. */
  readonly replaces: OutboxRow | undefined;
  readonly isCancel: boolean;
  /** The same was signed within the last hour, and may still be on its way. */
  readonly same: OutboxRow | undefined;
  /** The same wish with what the node says now: another sequence, and another time. */
  readonly renew: () => Promise<Proposal>;
}

interface Context {
  readonly api: ApiClient;
  readonly chainId: string;
  readonly keep: Keep;
  readonly outbox: Outbox;
}

const recentMs = 60 * 60_000;

/** A draft of what a form says, with the sequence that the node counts next. */
export async function proposalOf(
  { wish, fee, validUntil }: ReadForm,
  key: KeyRow,
  named: { readonly toName: string | undefined; readonly asset: AssetView | undefined },
  context: Context,
): Promise<Proposal> {
  const { nextSequence } = await context.api.call(getNextSequence, { params: { account: key.address } });
  const terms = { sequence: nextSequence, fee, validUntil };
  const draft = draftOf(wish, termsOf(terms, key, context.chainId));
  if (!draft.ok) throw new Error(`the ${draft.fault.field} cannot be used: ${draft.fault.reason}`);
  const renew = () => proposalOf({ wish, fee, validUntil }, key, named, context);
  return finished(draft.value, key, { ...named, replaces: undefined, isCancel: false, renew }, context);
}

/** The same content as a transaction that waits, for a higher fee; or nothing at all, in its place. */
export async function replacementOf(
  row: OutboxRow,
  key: KeyRow,
  { fee, isCancel }: { readonly fee: bigint; readonly isCancel: boolean },
  context: Context,
): Promise<Proposal> {
  const decoded = decodeTransaction(row.bytes, fromHex(row.chainId, 32) as Uint8Array);
  if (!decoded.ok) throw new Error("the kept bytes are no transaction of this chain");
  const { transaction, payload } = decoded.value;
  const own: Payload = {
    kind: "transfer",
    to: transaction.sender,
    assetId: new Uint8Array(32),
    amount: 1n,
    memo: new Uint8Array(),
  };
  const terms = { sequence: row.sequence, fee, validUntil: isCancel ? 0 : transaction.validUntil };
  const draft = draftOfPayload(isCancel ? own : payload, termsOf(terms, key, context.chainId));
  const asset = isCancel ? undefined : await assetOf(payload, context.api);
  const renew = () => replacementOf(row, key, { fee, isCancel }, context);
  return finished(draft, key, { asset, toName: undefined, replaces: row, isCancel, renew }, context);
}

async function assetOf(payload: Payload, api: ApiClient): Promise<AssetView | undefined> {
  if (payload.kind !== "transfer" || payload.assetId.every((byte) => byte === 0)) return undefined;
  return api.asset(toHex(payload.assetId));
}

function termsOf(
  terms: Pick<DraftTerms, "sequence" | "fee" | "validUntil">,
  { id }: KeyRow,
  chainId: string,
): DraftTerms {
  return { ...terms, chainId, sender: fromHex(id, 32) as Uint8Array, timestampMs: Date.now() };
}

async function finished(
  draft: Draft,
  key: KeyRow,
  view: Pick<Proposal, "asset" | "toName" | "replaces" | "isCancel" | "renew">,
  context: Context,
): Promise<Proposal> {
  const { payload } = draft;
  const what = view.isCancel
    ? `Cancel sequence ${draft.sequence}`
    : actionText(payload, view.asset, view.toName);
  const recipient =
    payload.kind === "transfer" && !view.isCancel
      ? await noticeOf(addressOf(payload.to), key.address, context)
      : undefined;
  const entries = await context.outbox.entries(context.chainId, key.id);
  const same = view.replaces ? undefined : entries.find((row) => isSameWish(row, draft));
  return { draft, key, what, recipient, same, ...view };
}

function isSameWish(row: OutboxRow, draft: Draft): boolean {
  if (Date.now() - row.signedAtMs > recentMs || row.sequence === draft.sequence) return false;
  const decoded = decodeTransaction(row.bytes, fromHex(row.chainId, 32) as Uint8Array);
  if (!decoded.ok || decoded.value.payload.kind !== draft.payload.kind) return false;
  const { transaction, payload } = decoded.value;
  const again = draftOfPayload(payload, { ...draft, sequence: draft.sequence });
  return toHex(transaction.sender) === toHex(draft.sender) && again.id === draft.id;
}

/** This browser may be new to the account: its newest payments on the chain count, too. */
async function noticeOf(address: string, own: string, context: Context): Promise<RecipientNotice> {
  const contacts = await contactsOf(context.keep, context.chainId);
  const notice = recipientNotice(address, own, contacts);
  if (notice.kind !== "new" && notice.kind !== "lookalike") return notice;
  const paid = await paidOnChain(address, own, context.api);
  return paid ? { kind: "known", paidCount: paid, label: "" } : notice;
}

/** How many of the account's newest 100 payments went to an address; 0 if the node keeps no histories. */
async function paidOnChain(address: string, own: string, api: ApiClient): Promise<number> {
  try {
    const page = await api.call(getAccountTransactions, {
      params: { account: own },
      query: { direction: "out", limit: "100" },
    });
    return page.items.filter(({ counterparty }) => counterparty === address).length;
  } catch (thrown) {
    if (thrown instanceof ApiProblem) return 0;
    throw thrown;
  }
}

/**
 * The address that has a registered name, as the node says; undefined if nobody has it. By search, which answers with an
 * empty list where the account's own route answers 404: browsers report that as an error of the page.
 */
export async function addressOfName(api: ApiClient, name: string): Promise<string | undefined> {
  const { items } = await api.call(getSearch, { query: { q: name } });
  for (const hit of items) if (hit.type === "user" && hit.name === name) return hit.address;
  return undefined;
}
