/** Accounts as requests name them: by address, by public key, or by registered name. */
import { fromHex } from "../base/bytes.ts";
import type { Chain } from "../chain/chain.ts";
import { publicKeyOfAddress } from "../protocol/identity.ts";
import { ApiError, notFound } from "./api-error.ts";

/**
 * The key of an account.
 *
 * @param reference an address, 64 hex digits, or a name that is registered at the head
 * @throws ApiError 400 for an address with a wrong letter, 404 for a name that nobody has
 */
export function accountKeyOf(reference: string, chain: Chain): Uint8Array {
  const key = fromHex(reference, 32) ?? publicKeyOfAddress(reference);
  if (key) return key;
  if (reference.startsWith("aurex1")) {
    throw new ApiError(
      400,
      "api/address-invalid",
      `${reference} is no address: a letter is wrong or missing`,
      "copy the whole address again",
    );
  }
  // Names stand in the ledger in this form alone.
  const user = chain.ledger.userByName(reference.normalize("NFC").toLowerCase());
  const userKey = user && fromHex(user.account, 32);
  if (userKey) return userKey;
  throw notFound("account named", reference, "check the name, or use the address (aurex1…)");
}
