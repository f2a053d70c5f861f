/** Names and assets as the rows of a branch need them that has left the chain: those of the chain up to where it parted, and its own. */
import { type Block, decodeBlock } from "../protocol/block.ts";
import type { ChainSpec } from "../protocol/genesis.ts";
import type { AuditedChain } from "./audited-chain.ts";
import type { LedgerReader } from "./ledger-reader.ts";
import { textOf } from "./readable-value.ts";
import type { AssetLabel, Surroundings } from "./rebuilt-rows.ts";
import { LedgerSurroundings } from "./surroundings.ts";

/** A branch may part from one that left the chain itself; so many steps back are followed. */
const stepsMax = 10_000;

export class BranchSurroundings implements Surroundings {
  readonly spec: ChainSpec;
  readonly chainNumber: bigint;
  readonly #base: LedgerSurroundings;
  /** Up to here the branch and the chain are one. */
  #sharedHeight: number;
  readonly #names = new Map<string, string>();
  readonly #assets = new Map<string, AssetLabel>();

  /** @param forkHash the block that the branch parts from, in the chain or on a branch that left it, too */
  constructor(chain: AuditedChain, reader: LedgerReader, forkHash: string, forkHeight: number) {
    this.spec = chain.spec;
    this.chainNumber = chain.chainNumber;
    this.#base = new LedgerSurroundings(chain.spec, chain.chainNumber, reader);
    this.#sharedHeight = forkHeight;
    const inChain = `SELECT 1 AS found FROM main.blocks WHERE chain_id = ? AND "index" = ? AND hash = ?`;
    const orphan =
      "SELECT previous_hash, block_bytes FROM main.orphaned_blocks WHERE chain_id = ? AND hash = ? LIMIT 1";
    let hash = forkHash;
    const left: Block[] = [];
    for (let step = 0; step < stepsMax; step += 1) {
      if (reader.lookUp(inChain, [chain.chainId, this.#sharedHeight, hash])) break;
      const row = reader.lookUp(orphan, [chain.chainId, hash]);
      const decoded = row?.block_bytes instanceof Uint8Array ? decodeBlock(row.block_bytes) : undefined;
      if (!decoded?.ok) break;
      left.push(decoded.value);
      hash = String(row?.previous_hash);
      this.#sharedHeight -= 1;
    }
    for (const block of left.reverse()) this.enter(block);
  }

  /** The next block of the branch. */
  enter({ transactions }: Block): void {
    for (const { payload, idHex, transaction } of transactions) {
      if (payload.kind === "registerUser") {
        this.#names.set(this.addressOf(transaction.sender), textOf(payload.name));
      } else if (payload.kind === "issueAsset") {
        this.#assets.set(idHex, { symbol: textOf(payload.symbol), decimals: payload.decimals });
      }
    }
  }

  addressOf(publicKey: Uint8Array): string {
    return this.#base.addressOf(publicKey);
  }

  nameOf(address: string): string | undefined {
    return this.#base.nameOf(address, this.#sharedHeight) ?? this.#names.get(address);
  }

  assetOf(assetId: string): AssetLabel | undefined {
    return this.#assets.get(assetId) ?? this.#base.assetOf(assetId);
  }
}
