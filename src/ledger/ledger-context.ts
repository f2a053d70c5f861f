/** What the ledger has to know of a block that it executes. */
import { toHex } from "../base/bytes.ts";
import type { Header } from "../protocol/block.ts";
import { blockRewardAt, type Genesis } from "../protocol/genesis.ts";
import type { BlockContext } from "./apply-transaction.ts";

export function ledgerContext(
  { height, producer }: Pick<Header, "height" | "producer">,
  genesis: Genesis,
): BlockContext {
  return {
    height,
    producerHex: toHex(producer),
    rewardUnits: blockRewardAt(genesis, height),
    rewardMaturityBlocks: genesis.rewardMaturityBlocks,
    minimumFee: genesis.minimumFee,
  };
}
