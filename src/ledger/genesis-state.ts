/** The ledger that a chain starts from, and block 0 over it. */
import { toHex } from "../base/bytes.ts";
import type { Block } from "../protocol/block.ts";
import { type ChainSpec, type Genesis, genesisBlock } from "../protocol/genesis.ts";
import type { Entry } from "./entry.ts";
import { LedgerState } from "./ledger-state.ts";

/** The entries of a genesis by index from 0: the accounts with an allocation, then the authorities, each as listed. */
export function genesisEntries(genesis: Genesis): Entry[] {
  return [
    ...genesis.allocations.map(({ account, amount }): Entry => {
      return { type: "account", account: toHex(account), sequence: 0, balance: amount };
    }),
    ...genesis.authorities.map((account): Entry => {
      return { type: "authority", account: toHex(account), sinceHeight: 0, removed: false };
    }),
  ];
}

/** Block 0 with the root of the genesis entries. */
export function genesisBlockOf(spec: ChainSpec): Block {
  return genesisBlock(spec, LedgerState.fromEntries(genesisEntries(spec.genesis)).stateRoot());
}
