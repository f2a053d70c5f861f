/** Which transactions a node has on its chain: follows the chain page by page, so that one look costs one request. */
import type { ApiClient } from "../client/api-client.ts";

/** A reorganization that goes deeper than this below the block where it began is looked up no more. */
const belowMax = 50;

export class ChainIds {
  readonly #api: ApiClient;
  readonly #lowest: number;
  readonly #blocks = new Map<number, { readonly hash: string; readonly ids: readonly string[] }>();
  readonly #ids = new Set<string>();

  /** @param fromHeight transactions from there on count */
  constructor(api: ApiClient, fromHeight: number) {
    this.#api = api;
    this.#lowest = Math.max(0, fromHeight - belowMax);
  }

  has(idHex: string): boolean {
    return this.#ids.has(idHex);
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
        this.#drop(height);
        const ids = transactions.map(({ id }) => id);
        this.#blocks.set(height, { hash, ids });
        for (const id of ids) this.#ids.add(id);
      }
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
  }

  #dropAbove(height: number): void {
    for (const each of [...this.#blocks.keys()]) if (each > height) this.#drop(each);
  }

  #drop(height: number): void {
    for (const id of this.#blocks.get(height)?.ids ?? []) this.#ids.delete(id);
    this.#blocks.delete(height);
  }
}
