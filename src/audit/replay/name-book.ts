/** Which account bears which name after each block, from the transactions alone. */
import { toUtf8 } from "../../base/bytes.ts";
import type { DecodedTransaction } from "../../protocol/transaction.ts";

export class NameBook {
  readonly #nameByAccount = new Map<string, string>();
  readonly #taken = new Set<string>();

  /** Takes over the names that a block's transactions register; a name or an account that has one is passed over. */
  apply(transactions: readonly DecodedTransaction[], refused: ReadonlySet<number>): void {
    for (const [position, { payload, senderHex }] of transactions.entries()) {
      if (payload.kind !== "registerUser" || refused.has(position)) continue;
      const name = toUtf8(payload.name);
      if (name === undefined || this.#taken.has(name) || this.#nameByAccount.has(senderHex)) continue;
      this.#taken.add(name);
      this.#nameByAccount.set(senderHex, name);
    }
  }

  /** @param accountHex public key */
  nameOf(accountHex: string): string | undefined {
    return this.#nameByAccount.get(accountHex);
  }
}
