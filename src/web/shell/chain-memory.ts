/** Which chain was seen at an address last, in this browser: the same port may serve another one tomorrow. */

const key = "aurex-chains";
/** Addresses that are remembered; the oldest go first. */
const addressesMax = 20;

/** The part of `localStorage` that is needed. */
export type ChainStore = Pick<Storage, "getItem" | "setItem">;

/**
 * Remembers the chain.
 *
 * @returns the id of the chain that was seen there before, if it is another one
 */
export function rememberChain(store: ChainStore, baseUrl: string, chainId: string): string | undefined {
  try {
    const known = readChains(store.getItem(key));
    const before = known.get(baseUrl);
    known.delete(baseUrl);
    known.set(baseUrl, chainId);
    store.setItem(key, JSON.stringify([...known].slice(-addressesMax)));
    return before === chainId ? undefined : before;
  } catch {
    // Nothing is kept in this browser.
    return undefined;
  }
}

function readChains(text: string | null): Map<string, string> {
  try {
    const kept: unknown = JSON.parse(text ?? "[]");
    const isPair = (each: unknown): each is [string, string] =>
      Array.isArray(each) && each.length === 2 && each.every((part) => typeof part === "string");
    return new Map(Array.isArray(kept) ? kept.filter(isPair) : []);
  } catch {
    return new Map();
  }
}
