/** Which transactions a node has on its chain: follows the chain page by page, so that one look costs one request. */
import type { ApiClient } from "../client/api-client.ts";

/** A reorganization that goes deeper than this below the block where it began is looked up no more. */
const belowMax = 50;

export class ChainIds {
  readonly #api: ApiClient;
  readonly #lowest: number;
  readonly #blocks = new Map<number, { readonly hash: string; readonly ids: ReadonlySet<string> }>();

  /** @param fromHeight transactions from there on count */
  constructor(api: ApiClient, fromHeight: number) {
    this.#api = api;
    this.#lowest = Math.max(0, fromHeight - belowMax);
  }

  /** Asks the blocks: after a reorganization a transaction may stand in another one, above or below. */
  has(idHex: string): boolean {
    return [...this.#blocks.values()].some(({ ids }) => ids.has(idHex));
  }

  /** Takes in what has joined the chain since the last call, and takes out what has left. */
  async follow(): Promise<void> {
    let cursor: string | undefined;
    let isFirst = true;
    do {
      const page = await this.#api.blocks({
        limit: "100",
        transactions: "true",
        ...(cursor === undefined ? {} : { cursor }),
      });
      if (isFirst) this.#dropAbove(page.head.height);
      isFirst = false;
      for (const { height, hash, transactions = [] } of page.items) {
        if (height < this.#lowest || this.#blocks.get(height)?.hash === hash) return;
        this.#blocks.set(height, { hash, ids: new Set(transactions.map(({ id }) => id)) });
      }
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
  }

  #dropAbove(height: number): void {
    for (const each of [...this.#blocks.keys()]) if (each > height) this.#blocks.delete(each);
  }
}
