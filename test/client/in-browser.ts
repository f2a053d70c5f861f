/** What the page of the tests is given besides the client itself: the ports and the comparison with their vectors. */
import * as hex from "../../src/base/hex/native.ts";
import * as crypto from "../../src/protocol/crypto/native.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { keyPairFromSeed, meetsConditions } from "../../src/protocol/signing.ts";
import {
  buildIssueAsset,
  buildRecord,
  buildRegisterUser,
  buildTransfer,
} from "../../src/wallet/build-transaction.ts";
import { type PortVectors, portMismatches } from "../protocol/port-vectors.ts";

export * from "../../src/client/index.ts";

export function mismatches(vectors: PortVectors): string[] {
  return portMismatches(vectors, { crypto, hex, meetsConditions });
}

export interface SignedText {
  readonly address: string;
  readonly id: string;
  readonly bytes: string;
}

/** One transaction of each kind that wallets build, by the key of a seed, as text. */
export function signedTexts(seed: string, chainId: string): SignedText[] {
  const keyPair = keyPairFromSeed(hex.fromHexDigits(seed));
  const terms = {
    keyPair,
    chainId: hex.fromHexDigits(chainId),
    sequence: 7,
    fee: 12_345_678_901n,
    validUntil: 9,
    timestampMs: 1_767_225_600_123,
  };
  const to = keyPairFromSeed(new Uint8Array(32).fill(5)).publicKey;
  const built = [
    buildTransfer({ ...terms, to, amount: 2n ** 60n, memo: "für dich \u{1F511}" }),
    buildRecord({ ...terms, data: "a note" }),
    buildRegisterUser({ ...terms, name: "Zoë@Example.com" }),
    buildIssueAsset({ ...terms, symbol: "GOLD", name: "Gold", decimals: 2, supply: 100n, metadata: "{}" }),
  ];
  return built.map((one) => {
    if (!one.ok) throw new Error(one.fault.reason);
    const { idHex, bytes } = one.value;
    return { address: addressOf(keyPair.publicKey), id: idHex, bytes: hex.toHex(bytes) };
  });
}
