/** A header to seal, with the fields that a test cares about. */
import { blockVersion, emptyConsensusRoot, type Header, transactionsRoot } from "../../src/protocol/block.ts";
import { easiestTargetOf } from "../../src/protocol/genesis.ts";

/** Difficulty 64 in hex digits: one hash alone would do, so a search never ends by itself. */
export const unreachableTarget: Uint8Array = easiestTargetOf(64);

export function headerOf(fields: Partial<Header>): Header {
  return {
    version: blockVersion,
    chainId: new Uint8Array(32).fill(0xc1),
    height: 1,
    parentHash: new Uint8Array(32).fill(0xaa),
    timestampMs: 1_750_000_000_000,
    producer: new Uint8Array(32).fill(0x0b),
    transactionsRoot: transactionsRoot([]),
    transactionCount: 0,
    stateRoot: new Uint8Array(32).fill(0x5e),
    consensusRoot: emptyConsensusRoot,
    consensusStateHash: new Uint8Array(32).fill(0xc5),
    target: new Uint8Array(32),
    extraData: new Uint8Array(32),
    ...fields,
  };
}
