/** A chain of transfers whose blocks are bytes, as in the store: what the exports are measured with. */
import { toHex } from "../src/base/bytes.ts";
import type { AuthorityChange } from "../src/consensus/engine.ts";
import type { LedgerSource } from "../src/export/ledger-source.ts";
import { genesisBlockOf } from "../src/ledger/genesis-state.ts";
import { type Block, decodeBlock } from "../src/protocol/block.ts";
import type { ChainSpec } from "../src/protocol/genesis.ts";
import { BlockBuilder, keyOf, keysFrom, poaSpec, signedTransfer } from "./sample-chain.ts";

/** Block 0, and as many blocks of transfers among as many accounts above it. */
export function encodedChain(blocks: number, transfersPerBlock: number): EncodedChain {
  const authority = keyOf(0);
  const senders = keysFrom(1, transfersPerBlock);
  const spec = poaSpec([authority], senders);
  const builder = new BlockBuilder(spec, authority);
  const chain = [genesisBlockOf(spec)];
  while (chain.length <= blocks) {
    chain.push(
      builder.next(
        senders.map((sender, index) => {
          const receiver = senders[(index + chain.length) % senders.length] as typeof sender;
          return signedTransfer(sender, receiver, builder.sequenceOf(sender), spec);
        }),
      ),
    );
  }
  return new EncodedChain(spec, chain);
}

export class EncodedChain implements LedgerSource {
  readonly spec: ChainSpec;
  readonly final = undefined;
  readonly finalCertificate = () => undefined;
  readonly #blocks: readonly Block[];
  readonly #byHash: ReadonlyMap<string, Block>;
  height: number;

  constructor(spec: ChainSpec, blocks: readonly Block[]) {
    this.spec = spec;
    this.#blocks = blocks;
    this.#byHash = new Map(blocks.map((block) => [block.hashHex, block]));
    this.height = blocks.length - 1;
  }

  get head(): LedgerSource["head"] {
    return { header: (this.#blocks[this.height] as Block).header };
  }

  hashAtHeight(height: number): Uint8Array | undefined {
    return height > this.height ? undefined : this.#blocks[height]?.hash;
  }

  block(hash: Uint8Array): Block | undefined {
    const bytes = this.blockBytes(hash);
    const decoded = bytes && decodeBlock(bytes);
    return decoded?.ok ? decoded.value : undefined;
  }

  blockBytes(hash: Uint8Array): Uint8Array | undefined {
    return this.#byHash.get(toHex(hash))?.bytes;
  }

  headerOf(hash: Uint8Array): ReturnType<LedgerSource["headerOf"]> {
    const block = this.#byHash.get(toHex(hash));
    return block && { cumulativeWeight: BigInt(block.header.height), header: block.header, seal: block.seal };
  }

  authorityChanges(): readonly AuthorityChange[] {
    return [];
  }
}
