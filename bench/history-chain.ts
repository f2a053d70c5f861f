/** A stored chain on which one account has very many transactions, made as fast as it can be: nothing is verified. */
import type { Chain } from "../src/chain/chain.ts";
import type { ChainSpec } from "../src/protocol/genesis.ts";
import type { KeyPair } from "../src/protocol/signing.ts";
import { BlockBuilder, keyOf, keysFrom, poaSpec, signedTransfer } from "./sample-chain.ts";
import { openChain } from "./stored-chain.ts";

export interface HistoryChain {
  readonly spec: ChainSpec;
  /** Sends half of its transactions, and receives the others. */
  readonly account: KeyPair;
  readonly authority: KeyPair;
  /** The block that the next one stands on is the last of these. */
  readonly builder: BlockBuilder;
  readonly others: readonly KeyPair[];
}

export interface HistoryChainOptions {
  /** LevelDB's; of a node, `chain` in its data directory. */
  readonly directory: string;
  /** Of the one account. */
  readonly transactions: number;
  readonly perBlock?: number;
  /** Who trades with it. */
  readonly others?: number;
  readonly accountIndex?: boolean;
}

/** Writes the chain into an empty directory and closes it. A node with the authority's key goes on with it. */
export async function storeHistoryChain(
  options: HistoryChainOptions,
  progress: (text: string) => void = () => undefined,
): Promise<HistoryChain> {
  const { transactions, perBlock = 1_000, others: othersCount = 100, accountIndex = true } = options;
  const authority = keyOf(0);
  const account = keyOf(1);
  const others = keysFrom(2, othersCount);
  const spec = poaSpec([authority], [account, ...others]);
  const builder = new BlockBuilder(spec, authority);
  await using resources = new AsyncDisposableStack();
  const chain = await openChain(spec, options.directory, resources, { accountIndex, verifies: false });
  const sequences = new Map<KeyPair, number>();
  for (let done = 0; done < transactions; done += perBlock) {
    const count = Math.min(perBlock, transactions - done);
    const block = builder.next(
      Array.from({ length: count }, (_, index) => {
        const other = others[(done + index) % others.length] as KeyPair;
        const [from, to] = index % 2 === 0 ? [account, other] : [other, account];
        const sequence = sequences.get(from) ?? 0;
        sequences.set(from, sequence + 1);
        return signedTransfer(from, to, sequence, spec);
      }),
    );
    await imported(chain, block);
    if ((done / perBlock) % 20 === 0) progress(`${done} of ${transactions} transactions stored`);
  }
  return { spec, account, authority, builder, others };
}

async function imported(chain: Chain, block: Parameters<Chain["importBlock"]>[0]): Promise<void> {
  const outcome = await chain.importBlock(block);
  if (!outcome.ok) throw new Error(`a sample block was refused: ${outcome.fault.code}`);
}
