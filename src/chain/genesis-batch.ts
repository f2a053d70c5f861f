/** The first batch of a store: the genesis block and its ledger. */
import type { ConsensusEngine } from "../consensus/engine.ts";
import { genesisBlockOf, genesisEntries } from "../ledger/genesis-state.ts";
import type { ChainSpec } from "../protocol/genesis.ts";
import type { CommitBatch } from "../store/chain-store.ts";

/** A batch that changes nothing. Other batches spread it and fill it in. */
export const emptyBatch: CommitBatch = {
  blocks: [],
  disconnected: [],
  connected: [],
  entries: new Map(),
  head: undefined,
  invalid: [],
};

/** The batch that begins a chain in an empty store. */
export function genesisBatch(spec: ChainSpec, engine: ConsensusEngine): CommitBatch {
  const block = genesisBlockOf(spec);
  const entries = genesisEntries(spec.genesis);
  const { hash, hashHex, header, seal, bytes } = block;
  return {
    ...emptyBatch,
    blocks: [
      {
        record: { hash, hashHex, header, seal, cumulativeWeight: 0n, ...engine.genesisState(block) },
        bytes,
      },
    ],
    connected: [
      {
        hash,
        height: 0,
        change: {
          entryCountBefore: 0,
          entryCountAfter: entries.length,
          changes: entries.map((after, index) => ({ index, before: undefined, after })),
        },
        transactions: [],
      },
    ],
    entries: new Map(entries.entries()),
    head: { hash, height: 0, entryCount: entries.length },
  };
}
