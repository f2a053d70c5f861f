/** Whom this browser has paid on a chain, and what a person should know of a recipient before paying again. */
import type { Keep } from "./keep.ts";
import type { ContactRow } from "./rows.ts";

const contactsMax = 500;
/** What people compare of an address: the beginning behind `aurex1`, and the end. */
const comparedCharacters = 4;

export async function contactsOf(keep: Keep, chainId: string): Promise<ContactRow[]> {
  const rows = (await keep.all("contacts")).filter((row) => row.chainId === chainId);
  return rows.sort((one, other) => other.lastPaidMs - one.lastPaidMs);
}

/** @param label a registered name or what the owner calls it; an empty one leaves what is there */
export function rememberPaid(
  keep: Keep,
  { chainId, address, label, atMs }: { chainId: string; address: string; label: string; atMs: number },
): Promise<void> {
  return keep.change("contacts", async (rows) => {
    const id = `${chainId}/${address}`;
    const before = await rows.get(id);
    const paidCount = (before?.paidCount ?? 0) + 1;
    await rows.put({
      id,
      chainId,
      address,
      label: label || before?.label || "",
      paidCount,
      lastPaidMs: atMs,
    });
    const all = (await rows.all()).sort((one, other) => one.lastPaidMs - other.lastPaidMs);
    for (const row of all.slice(0, Math.max(0, all.length - contactsMax))) await rows.remove(row.id);
  });
}

export type RecipientNotice =
  /** The recipient is the sender. */
  | { readonly kind: "self" }
  | { readonly kind: "new" }
  | { readonly kind: "known"; readonly paidCount: number; readonly label: string }
  /**
   * It was never paid, and begins and ends as one that was: the "address poisoning" attack sends dust from such an address
   * and hopes that it is copied from the history.
   */
  | { readonly kind: "lookalike"; readonly of: ContactRow };

/** What to point out about a recipient. */
export function recipientNotice(
  address: string,
  own: string,
  contacts: readonly ContactRow[],
): RecipientNotice {
  if (address === own) return { kind: "self" };
  const known = contacts.find((contact) => contact.address === address && contact.paidCount > 0);
  if (known) return { kind: "known", paidCount: known.paidCount, label: known.label };
  const similar = contacts.find((contact) => looksLike(contact.address, address));
  return similar ? { kind: "lookalike", of: similar } : { kind: "new" };
}

function looksLike(one: string, other: string): boolean {
  const begins = "aurex1".length + comparedCharacters;
  return (
    one !== other &&
    one.slice(0, begins) === other.slice(0, begins) &&
    one.slice(-comparedCharacters) === other.slice(-comparedCharacters)
  );
}
