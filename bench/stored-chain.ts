/** A chain over the real store, with the real verifier. */
import { systemClock } from "../src/base/clock.ts";
import { silentLogger } from "../src/base/logger.ts";
import { Chain } from "../src/chain/chain.ts";
import { createEngine } from "../src/consensus/create-engine.ts";
import type { ChainSpec } from "../src/protocol/genesis.ts";
import { openLevelStore } from "../src/store/level-store.ts";
import { createTransactionVerifier } from "../src/verifier/verifier.ts";

/** Everything is closed when `resources` are disposed of. */
export async function openChain(
  spec: ChainSpec,
  directory: string,
  resources: AsyncDisposableStack,
): Promise<Chain> {
  const modules = { clock: systemClock, logger: silentLogger };
  const store = await openLevelStore({ directory, chainId: spec.chainId }, modules);
  resources.defer(() => store.close());
  const verifier = createTransactionVerifier({}, modules);
  resources.defer(() => verifier.close());
  const chain = await Chain.open({ spec }, { ...modules, store, verifier, engine: createEngine(spec) });
  resources.defer(() => chain.close());
  return chain;
}
