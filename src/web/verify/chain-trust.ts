/** Which chain this browser trusts at an address: remembered at the first verification, so that another chain there is noticed. */

export interface ChainTrust {
  readonly chainId: string;
  readonly sinceMs: number;
  /** Somebody has compared the chain id with one from elsewhere. */
  readonly isCompared: boolean;
}

export interface TrustStore {
  of(baseUrl: string): ChainTrust | undefined;
  remember(baseUrl: string, trust: ChainTrust): void;
  forget(baseUrl: string): void;
}

/** What a browser's `localStorage` has of {@link Storage}. */
export type TextStorage = Pick<Storage, "getItem" | "setItem" | "removeItem">;

const prefix = "aurex-chain:";

/** @param storage undefined where the browser refuses one: then it is remembered until the page is left */
export function createTrustStore(storage: TextStorage | undefined): TrustStore {
  const inMemory = new Map<string, ChainTrust>();
  const stored = <Value>(act: (storage: TextStorage) => Value): Value | undefined => {
    try {
      return storage && act(storage);
    } catch {
      // A full or forbidden storage: memory has it.
      return undefined;
    }
  };
  return {
    of: (baseUrl) =>
      inMemory.get(baseUrl) ?? readTrust(stored((texts) => texts.getItem(prefix + baseUrl)) ?? undefined),
    remember(baseUrl, trust) {
      inMemory.set(baseUrl, trust);
      stored((texts) => texts.setItem(prefix + baseUrl, JSON.stringify(trust)));
    },
    forget(baseUrl) {
      inMemory.delete(baseUrl);
      stored((texts) => texts.removeItem(prefix + baseUrl));
    },
  };
}

function readTrust(text: string | undefined): ChainTrust | undefined {
  if (text === undefined) return undefined;
  try {
    const { chainId, sinceMs, isCompared } = JSON.parse(text) as Partial<ChainTrust>;
    if (typeof chainId !== "string" || !isChainId(chainId) || !Number.isFinite(sinceMs)) return undefined;
    return { chainId, sinceMs: sinceMs as number, isCompared: isCompared === true };
  } catch {
    return undefined;
  }
}

export function isChainId(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

/** A chain id as people paste it: any case, blanks and line ends around and within, `0x` before it. Undefined if it is none. */
export function readChainId(text: string): string | undefined {
  const bare = text.replace(/\s+/g, "").toLowerCase().replace(/^0x/, "");
  return isChainId(bare) ? bare : undefined;
}
