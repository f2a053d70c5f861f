/** Which account bears which name after each block, from the transactions alone. */
import type { DecodedTransaction } from "../../protocol/transaction.ts";
import { textOf } from "../readable-value.ts";

export class NameBook {
  readonly #nameByAccount = new Map<string, string>();
  readonly #taken = new Set<string>();

  /** Takes over the names that a block's transactions register; a name or an account that has one is passed over. */
  apply(transactions: readonly DecodedTransaction[], refused: ReadonlySet<number>): void {
    for (const [position, { payload, senderHex }] of transactions.entries()) {
      if (payload.kind !== "registerUser" || refused.has(position)) continue;
      const name = textOf(payload.name);
      if (this.#taken.has(name) || this.#nameByAccount.has(senderHex)) continue;
      this.#taken.add(name);
      this.#nameByAccount.set(senderHex, name);
    }
  }

  /**
   * The name as the ledger's tables write it.
   *
   * @param accountHex public key
   */
  nameOf(accountHex: string): string | undefined {
    return this.#nameByAccount.get(accountHex);
  }
}
