/** A chain over the real store, with the real verifier. */
import { systemClock } from "../src/base/clock.ts";
import { silentLogger } from "../src/base/logger.ts";
import { Chain } from "../src/chain/chain.ts";
import { createEngine } from "../src/consensus/create-engine.ts";
import type { ChainSpec } from "../src/protocol/genesis.ts";
import type { TransactionVerifier } from "../src/protocol/transaction-verifier.ts";
import { openLevelStore } from "../src/store/level-store.ts";
import { createTransactionVerifier } from "../src/verifier/verifier.ts";

export interface OpenOptions {
  /** False: no block is added to the account index. Default true. */
  readonly accountIndex?: boolean;
  /** False: signatures count as valid, for a chain that the benchmark signed itself. Default true. */
  readonly verifies?: boolean;
}

const trusting: TransactionVerifier = {
  verify: async (transactions) => transactions.map(() => true),
  close: async () => undefined,
};

/** Everything is closed when `resources` are disposed of. */
export async function openChain(
  spec: ChainSpec,
  directory: string,
  resources: AsyncDisposableStack,
  { accountIndex = true, verifies = true }: OpenOptions = {},
): Promise<Chain> {
  const modules = { clock: systemClock, logger: silentLogger };
  const store = await openLevelStore({ directory, chainId: spec.chainId, accountIndex }, modules);
  resources.defer(() => store.close());
  const verifier = verifies ? createTransactionVerifier({}, modules) : trusting;
  resources.defer(() => verifier.close());
  const chain = await Chain.open({ spec }, { ...modules, store, verifier, engine: createEngine(spec) });
  resources.defer(() => chain.close());
  return chain;
}
