/** Blocks whose bytes on disk are not those that were written. The rest of the store is sound, so their bytes can be fetched again. */
import { bytesEqual, toHex } from "../base/bytes.ts";
import type { HeaderRecord } from "../protocol/block.ts";
import { type Block, consensusRoot, decodeBlock, transactionsRoot } from "../protocol/block.ts";
import { StoreError } from "./chain-store.ts";

/** More at once than a hand or a bad sector damages: then it is the store that is to be made anew. */
export const damagedBlocksMax = 1_024;

const next =
  "the node fetches the block from its peers by itself; if that does not come about, connect it with a node that has the chain";

export class DamagedBlocks {
  readonly #directory: string;
  readonly #hashes = new Map<string, Uint8Array>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** As they were found. */
  list(): readonly Uint8Array[] {
    return [...this.#hashes.values()];
  }

  /** Takes note of it; returns the error for whoever wanted to read it. */
  found(hash: Uint8Array, why: string): StoreError {
    const hashHex = toHex(hash);
    if (this.#hashes.size < damagedBlocksMax) this.#hashes.set(hashHex, new Uint8Array(hash));
    return new StoreError("store/corrupt", `block ${hashHex} in ${this.#directory} is damaged: ${why}`, next);
  }

  /** The block is whole again, or removed. */
  forget(hash: Uint8Array): void {
    this.#hashes.delete(toHex(hash));
  }
}

/** Why a block's bytes are not those that its header record was made from; undefined if they are. */
export function bodyFault(bytes: Uint8Array, record: HeaderRecord): string | undefined {
  const decoded = decodeBlock(bytes);
  if (!decoded.ok) return "it does not decode";
  return contentFault(decoded.value, record);
}

/** {@link bodyFault} of a block that has been decoded. Everything in it hangs on the header: body by its roots, seal by the record. */
export function contentFault(
  block: Block,
  { hash, header, seal }: Pick<HeaderRecord, "hash" | "header" | "seal">,
): string | undefined {
  if (!bytesEqual(block.hash, hash)) return "it is another block";
  if (!bytesEqual(block.seal.nonce, seal.nonce) || !bytesEqual(block.seal.signature, seal.signature)) {
    return "its seal is another";
  }
  if (!bytesEqual(transactionsRoot(block.transactions), header.transactionsRoot)) {
    return "its transactions are not those of its header";
  }
  if (!bytesEqual(consensusRoot(block.consensusSection), header.consensusRoot)) {
    return "its votes and evidence are not those of its header";
  }
  return undefined;
}
