/** Seals by signature: the only place where an authority's key signs blocks. Each block is in the journal before it leaves. */
import { bytesEqual, concatBytes } from "../../base/bytes.ts";
import { invariant } from "../../base/invariant.ts";
import { assembleBlock, type Block, blockHash, headerRoot, nonceBytes } from "../../protocol/block.ts";
import { sealDomain } from "../../protocol/hashing.ts";
import { type KeyPair, sign } from "../../protocol/signing.ts";
import type { BlockDraft } from "../block-sealer.ts";
import type { SealJournal } from "./seal-journal.ts";

export interface AuthoritySealer {
  /**
   * The bytes of the block that this authority signed on a parent, perhaps before a restart. That block is sent again: a
   * second one on the same parent would be evidence against the authority.
   */
  previousOn(parentHash: Uint8Array): Uint8Array | undefined;
  /**
   * Signs and assembles a block. The block is in the journal, synced, before it is returned. Rejects with an
   * InvariantError if another block was signed on the parent (ask {@link previousOn} first), and with a JournalError if
   * the journal cannot tell.
   *
   * @param draft with this authority as its producer
   */
  sealBlock(draft: BlockDraft): Promise<Block>;
  /** Closes the journal. */
  close(): Promise<void>;
}

/** The signature is Ed25519 over "aurex/seal/1" ‖ hash, the nonce zero (protocol section 3). */
export function createAuthoritySealer(
  { keyPair }: { readonly keyPair: KeyPair },
  { journal }: { readonly journal: SealJournal },
): AuthoritySealer {
  return {
    previousOn: (parentHash) => journal.sealedOn(parentHash),
    async sealBlock({ header, transactions, consensusSection }) {
      invariant(bytesEqual(header.producer, keyPair.publicKey), "an authority seals its own blocks only");
      const nonce = new Uint8Array(nonceBytes);
      const signature = sign(concatBytes([sealDomain, blockHash(headerRoot(header), nonce)]), keyPair);
      const block = assembleBlock(header, { nonce, signature }, transactions, consensusSection);
      await journal.record({
        parentHash: header.parentHash,
        height: header.height,
        blockBytes: block.bytes,
      });
      return block;
    },
    close: () => journal.close(),
  };
}
