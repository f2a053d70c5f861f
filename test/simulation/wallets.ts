/** The users of a simulation: each submits transactions of every kind to whatever node it likes, and remembers them. */
import { fromUtf8, toHex } from "../../src/base/bytes.ts";
import type { NodeCore } from "../../src/node/node-core.ts";
import { zeroBytes32 } from "../../src/protocol/hashing.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import {
  type DecodedTransaction,
  decodeTransaction,
  type Payload,
  signTransaction,
  TransactionType,
} from "../../src/protocol/transaction.ts";
import type { SeededRandom } from "./random.ts";

export class Wallet {
  readonly name: string;
  readonly keyPair: KeyPair;
  /** Everything that some node has accepted from this wallet, in that order. */
  readonly accepted: DecodedTransaction[] = [];
  readonly #random: SeededRandom;
  /** Signatures of this wallet do not hold. */
  readonly #forges: boolean;

  constructor(name: string, keyPair: KeyPair, random: SeededRandom, forges: boolean) {
    this.name = name;
    this.keyPair = keyPair;
    this.#random = random;
    this.#forges = forges;
  }

  /** Signs something for the next sequence that this node knows of, and hands it in; says what came of it. */
  async submit(core: NodeCore, others: readonly Wallet[]): Promise<string> {
    const chainId = core.chain.spec.chainId;
    const sequence = core.mempool.pendingSequence(toHex(this.keyPair.publicKey));
    const payload = this.#payload(others);
    const fee = BigInt(this.#random.between(1, 1_000));
    const draft = { payload, sequence, fee, validUntil: 0, timestampMs: 0 };
    const signed = signTransaction(draft, this.keyPair, chainId);
    const transaction = this.#forges ? forged(signed, chainId) : signed;
    const outcome = await core.submit(transaction);
    if (outcome.ok) this.accepted.push(transaction);
    return `${this.name} ${payload.kind} ${sequence} ${outcome.ok ? outcome.value : outcome.fault.code}`;
  }

  #payload(others: readonly Wallet[]): Payload {
    const random = this.#random;
    const to = random.pick(others).keyPair.publicKey;
    const memo = new Uint8Array(0);
    const issued = others.flatMap(({ accepted }) =>
      accepted.filter(({ payload }) => payload.kind === "issueAsset").map(({ id }) => id),
    );
    switch (random.between(0, 5)) {
      case 0:
        return { kind: "record", data: fromUtf8(`note ${random.between(0, 999)}`) };
      case 1:
        // Few names for many wallets, so that somebody comes too late.
        return { kind: "registerUser", name: fromUtf8(`user-${random.between(0, 5)}@example.com`) };
      case 2: {
        const symbol = fromUtf8(`S${random.between(0, 99)}`);
        const terms = { name: fromUtf8("Share"), decimals: 2, metadata: new Uint8Array(0) };
        return { kind: "issueAsset", symbol, supply: BigInt(random.between(1, 10_000)), ...terms };
      }
      case 3:
        if (issued.length > 0) {
          const amount = BigInt(random.between(1, 200));
          return { kind: "transfer", to, assetId: random.pick(issued), amount, memo };
        }
    }
    // Now and then more than anybody has.
    const amount = BigInt(random.between(1, 30)) * 10n ** BigInt(random.between(0, 9));
    return { kind: "transfer", to, assetId: zeroBytes32, amount, memo };
  }
}

function forged({ transaction }: DecodedTransaction, chainId: Uint8Array): DecodedTransaction {
  const signature = transaction.signature.slice();
  signature[40] = signature[40]! ^ 1;
  const decoded = decodeTransaction(TransactionType.serialize({ ...transaction, signature }), chainId);
  if (!decoded.ok) throw new Error(decoded.fault.code);
  return decoded.value;
}
