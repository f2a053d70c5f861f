/** Lives of chains for properties: blocks, forks and returns to older branches, as fast-check draws them. */
import fc from "fast-check";
import type { Block } from "../../src/protocol/block.ts";
import type { DecodedTransaction } from "../../src/protocol/transaction.ts";
import { issueAsset, keyOf, record, registerUser, type SyntheticChain, transfer } from "./synthetic-chain.ts";

/** One step of a chain's life, drawn by fast-check. */
export interface ChainStep {
  readonly rewind: number;
  readonly returnTo: number;
  readonly blocks: readonly (readonly number[])[];
  readonly isExported: boolean;
}

export const chainStep = fc.record<ChainStep>({
  rewind: fc.integer({ min: 0, max: 4 }),
  returnTo: fc.integer({ min: 0, max: 12 }),
  blocks: fc.array(fc.array(fc.nat(19), { maxLength: 4 }), { maxLength: 3 }),
  isExported: fc.boolean(),
});
export const chainSteps = fc.array(chainStep, { maxLength: 7 });

/** A transaction that the chain's own history allows: one name to an account, assets only after their issue. */
function drawnTransaction(
  chain: SyntheticChain,
  pending: readonly DecodedTransaction[],
  choice: number,
  sequence: number,
): DecodedTransaction {
  const sender = keyOf(100 + (choice % 4));
  const receiver = keyOf(100 + ((choice + 1) % 4));
  const history = [...chain.canonical.flatMap((block) => block.transactions), ...pending];
  const senderHex = Buffer.from(sender.publicKey).toString("hex");
  const hasName = history.some(
    ({ payload, senderHex: other }) => payload.kind === "registerUser" && other === senderHex,
  );
  const asset = history.findLast(({ payload }) => payload.kind === "issueAsset");
  const kind = choice % 5;
  if (kind === 0 && !hasName)
    return chain.sign(sender, registerUser(`user${sequence}@example.com`), sequence);
  if (kind === 1)
    return chain.sign(sender, issueAsset(`A${sequence}`, sequence % 9, BigInt(sequence) + 1n), sequence);
  if (kind === 2 && asset) return chain.sign(sender, transfer(receiver, 1n, "", asset.id), sequence);
  if (kind === 3) return chain.sign(sender, record(`data ${sequence}`), sequence);
  return chain.sign(sender, transfer(receiver, BigInt(choice) + 1n), sequence, BigInt(choice));
}

/** Leads a chain through drawn steps. */
export class ChainLife {
  readonly #chain: SyntheticChain;
  readonly #branches: (readonly Block[])[] = [];
  #note = 0;

  constructor(chain: SyntheticChain) {
    this.#chain = chain;
  }

  live({ rewind, returnTo, blocks }: ChainStep): void {
    const chain = this.#chain;
    this.#branches.push(chain.canonical);
    const branch = this.#branches[returnTo];
    if (branch) chain.switchTo(branch);
    else chain.rewindTo(Math.max(0, chain.canonical.length - 1 - rewind));
    for (const choices of blocks) this.#append(choices);
  }

  /** A new block: the head is then none that a ledger may hold already, above which it would have to wait. */
  end(): void {
    this.#append([0]);
  }

  #append(choices: readonly number[]): void {
    this.#note += 1;
    const transactions: DecodedTransaction[] = [];
    for (const [index, choice] of choices.entries()) {
      transactions.push(drawnTransaction(this.#chain, transactions, choice, this.#note * 10 + index));
    }
    this.#chain.append(keyOf(1 + (this.#note % 3)), transactions, this.#note);
  }
}
