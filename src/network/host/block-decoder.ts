/** Decodes blocks that peers send: a piece of one block in each turn of the event loop, and one peer's block after another's. */
import type { Result } from "../../base/result.ts";
import { type Block, decodeBlockInPieces } from "../../protocol/block.ts";
import type { BlockFault } from "../../protocol/faults.ts";
import type { PeerId } from "../peer-host.ts";
import { Turns } from "./turns.ts";

export class BlockDecoder {
  readonly #turns = new Turns();

  /** A small block is decoded at once; the answer for a large one comes later. */
  decode(bytes: Uint8Array, from: PeerId): Result<Block, BlockFault> | Promise<Result<Block, BlockFault>> {
    const pieces = decodeBlockInPieces(bytes);
    const first = pieces.next();
    return first.done ? first.value : this.#rest(pieces, from);
  }

  async #rest(
    pieces: ReturnType<typeof decodeBlockInPieces>,
    from: PeerId,
  ): Promise<Result<Block, BlockFault>> {
    for (;;) {
      await this.#turns.take(from);
      const piece = pieces.next();
      if (piece.done) return piece.value;
    }
  }
}
