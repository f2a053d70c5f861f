/** A client as a careful program is: it sends the same bytes again until it has an answer, and keeps what was acknowledged. */
import { setTimeout as delay } from "node:timers/promises";
import { ApiProblem } from "../../src/client/api-problem.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { type KeyPair, keyPairFromSeed } from "../../src/protocol/signing.ts";
import { type DecodedTransaction, signTransaction } from "../../src/protocol/transaction.ts";
import type { SeededRandom } from "../simulation/random.ts";
import type { AuthorityProcess } from "./authority-process.ts";

const pauseMs = 150;
const retryMs = 500;
/** Codes that are counted one by one. */
const refusalsShownMax = 20;

export interface Acknowledged {
  /** Hex. */
  readonly id: string;
  readonly account: string;
  readonly sequence: number;
  /** Name of the node that answered. */
  readonly by: string;
}

export interface ClientOptions {
  readonly keyPair: KeyPair;
  /** Others to send money to. */
  readonly receivers: readonly Uint8Array[];
  readonly chainId: Uint8Array;
  readonly nodes: readonly AuthorityProcess[];
  readonly random: SeededRandom;
}

export class CarefulClient {
  readonly acknowledged: Acknowledged[] = [];
  /** How often each refusal was answered, by code. */
  readonly refusals = new Map<string, number>();
  /** Requests without an answer. */
  unanswered = 0;
  readonly #options: ClientOptions;
  /** An index of `nodes`: where it sends while that node answers. */
  #home: number;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#home = options.random.between(0, options.nodes.length - 1);
  }

  get address(): string {
    return addressOf(this.#options.keyPair.publicKey);
  }

  /** Sends one transaction after another until the signal, and resolves when the last one is acknowledged or given up. */
  async run(signal: AbortSignal): Promise<void> {
    for (let sequence = 0; !signal.aborted; sequence += 1) {
      if (!(await this.#sendUntilAcknowledged(this.#next(sequence), signal))) return;
      await delay(pauseMs);
    }
  }

  #next(sequence: number): DecodedTransaction {
    const { keyPair, receivers, chainId, random } = this.#options;
    const draft = {
      payload: {
        kind: "transfer",
        to: random.pick(receivers),
        assetId: new Uint8Array(32),
        amount: 1n,
        memo: new Uint8Array(0),
      },
      sequence,
      fee: 0n,
      validUntil: 0,
      timestampMs: Date.now(),
    } as const;
    return signTransaction(draft, keyPair, chainId);
  }

  /** @returns false if the signal came first */
  async #sendUntilAcknowledged(transaction: DecodedTransaction, signal: AbortSignal): Promise<boolean> {
    const { nodes } = this.#options;
    while (!signal.aborted) {
      const node = nodes[this.#home] as AuthorityProcess;
      try {
        const { id } = await node.api.submit(transaction.bytes);
        this.acknowledged.push({
          id,
          account: this.address,
          sequence: transaction.transaction.sequence,
          by: node.name,
        });
        return true;
      } catch (error) {
        if (error instanceof ApiProblem) this.#note(error.code);
        else this.unanswered += 1;
        // An answer may have been lost: the same bytes go to the next node.
        this.#home = (this.#home + 1) % nodes.length;
        await delay(retryMs);
      }
    }
    return false;
  }

  #note(code: string): void {
    if (this.refusals.size < refusalsShownMax || this.refusals.has(code)) {
      this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
    }
  }
}

/** A key of its own for each account of a run. */
export function accountKey(seed: number, index: number): KeyPair {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint32(0, seed);
  bytes[31] = index + 1;
  return keyPairFromSeed(bytes);
}
