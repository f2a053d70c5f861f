/** The transaction of the same sender that comes before or after one: its sequence is one less or one more. */
import { getAccountPending, getAccountTransactions } from "../../../api/accounts.ts";
import type { ApiClient } from "../../../client/index.ts";

export interface SenderPlace {
  /** An address. */
  readonly sender: string;
  readonly sequence: number;
  /** Of the block that holds the transaction; undefined if none does. */
  readonly height: number | undefined;
}

/** Somebody who is paid all the time has others' transactions between their own: so many pages are looked through. */
const pagesMax = 5;
const pageItems = 100;

/**
 * @param step -1 for the one before, 1 for the one after
 * @returns its id; undefined if it is neither in the chain nearby nor among what waits
 */
export async function senderStep(
  api: Pick<ApiClient, "call">,
  { sender, sequence, height }: SenderPlace,
  step: -1 | 1,
  signal: AbortSignal,
): Promise<string | undefined> {
  const wanted = sequence + step;
  if (wanted < 0) return undefined;
  // What waits comes after all that is in the chain: before a waiting one both may be, after a committed one, too.
  const waits = () => waitingId(api, sender, wanted, signal);
  const inChain = () => committedId(api, sender, wanted, height, step, signal);
  return height === undefined
    ? ((await waits()) ?? (step < 0 ? await inChain() : undefined))
    : ((await inChain()) ?? (step > 0 ? await waits() : undefined));
}

async function waitingId(
  api: Pick<ApiClient, "call">,
  account: string,
  wanted: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const input = { params: { account }, query: { limit: pageItems } };
  const { items } = await api.call(getAccountPending, input, { signal });
  return items.find(({ sender, sequence }) => sender === account && sequence === wanted)?.id;
}

async function committedId(
  api: Pick<ApiClient, "call">,
  account: string,
  wanted: number,
  height: number | undefined,
  step: -1 | 1,
  signal: AbortSignal,
): Promise<string | undefined> {
  const from = height === undefined ? {} : { from: height };
  const list = { ...from, order: step < 0 ? "newest" : "oldest", limit: pageItems } as const;
  let cursor: string | null | undefined;
  for (let pages = 0; pages < pagesMax && cursor !== null; pages += 1) {
    const input = { params: { account }, query: { ...list, ...(cursor === undefined ? {} : { cursor }) } };
    const { items, next } = await api.call(getAccountTransactions, input, { signal });
    for (const { id, transaction } of items) {
      if (transaction?.sender === account && transaction.sequence === wanted) return id ?? undefined;
    }
    cursor = next;
  }
  return undefined;
}
