/** Addresses of public keys, remembered: the same accounts come in block after block, and each address is a checksum. */
import { BoundedMap } from "../base/bounded-map.ts";
import { toHex } from "../base/bytes.ts";
import { addressOf } from "../protocol/identity.ts";

const addressesMax = 100_000;

export class AddressMemory {
  readonly #addresses = new BoundedMap<string, string>(addressesMax);

  /** {@link addressOf} */
  of(publicKey: Uint8Array): string {
    const key = toHex(publicKey);
    const known = this.#addresses.get(key);
    if (known !== undefined) return known;
    const address = addressOf(publicKey);
    this.#addresses.set(key, address);
    return address;
  }
}
