/** Addresses of the accounts that answers name again and again: a checksum for each letter of each is most of a block's answer. */
import { BoundedMap } from "../base/bounded-map.ts";
import { addressOf } from "../protocol/identity.ts";

const rememberedMax = 8_192;
const remembered = new BoundedMap<string, string>(rememberedMax);

/** @param keyHex the same key in hex */
export function addressText(key: Uint8Array, keyHex: string): string {
  const known = remembered.get(keyHex);
  if (known !== undefined) return known;
  const address = addressOf(key);
  remembered.set(keyHex, address);
  return address;
}
