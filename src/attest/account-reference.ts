/** Whom people mean by an account: an address, a node id, a key in hex, or a name that the ledger has. */
import { fromHex } from "../base/bytes.ts";
import { visibleText } from "../base/visible-text.ts";
import { publicKeyOfAddress, publicKeyOfNodeId } from "../protocol/identity.ts";
import { AttestError } from "./attest-error.ts";
import type { LedgerBlocks, LedgerChain } from "./ledger-blocks.ts";

export interface ReferredAccount {
  readonly publicKey: Uint8Array;
  /** The name that it was looked up by: what is proved about the account has to prove the name, too. */
  readonly name: string | undefined;
}

/** @throws AttestError if it is none of them */
export function accountIn(ledger: LedgerBlocks, chain: LedgerChain, reference: string): ReferredAccount {
  const key =
    publicKeyOfAddress(reference) ?? publicKeyOfNodeId(reference) ?? fromHex(reference.toLowerCase(), 32);
  if (key) return { publicKey: key, name: undefined };
  if (reference.startsWith("aurex1")) {
    throw new AttestError(
      "attest/not-found",
      `${visibleText(reference)} is no address: a letter is wrong or missing`,
      "copy the whole address again",
    );
  }
  const row = ledger.reader.has("users", ["chain_id", "name", "account"])
    ? ledger.reader.lookUp("SELECT account FROM main.users WHERE chain_id = ? AND name = ?", [
        chain.chainId,
        reference,
      ])
    : undefined;
  const named = typeof row?.account === "string" ? publicKeyOfAddress(row.account) : undefined;
  if (named) return { publicKey: named, name: reference };
  throw new AttestError(
    "attest/not-found",
    `nobody has the name ${visibleText(reference)} on the chain ${chain.spec.name} in this ledger`,
    "name an address (aurex1…), a node id (12D3KooW…), a public key of 64 hex digits, or a registered name",
  );
}
