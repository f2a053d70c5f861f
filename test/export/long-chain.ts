/** A chain of some length, with names and payments in each block. */
import { keyOf, registerUser, SyntheticChain, transfer } from "./synthetic-chain.ts";

export const longChainBlocks = 60;

export function longChain(): SyntheticChain {
  const chain = new SyntheticChain("pow");
  const sender = keyOf(100);
  for (let height = 1; height <= longChainBlocks; height += 1) {
    const producer = keyOf(1 + (height % 3));
    const newcomer = keyOf(1_000 + height);
    chain.append(producer, [
      chain.sign(sender, transfer(newcomer, BigInt(height)), 2 * height),
      chain.sign(newcomer, registerUser(`user${height}@example.com`)),
      chain.sign(sender, transfer(newcomer, 1n), 2 * height + 1),
    ]);
  }
  return chain;
}
