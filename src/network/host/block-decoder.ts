/**
 * Decodes blocks that peers send: a piece of one block in each turn of the event loop, one peer's block after another's, and
 * the same bytes once. On a busy machine a block that came by gossip was decoded up to eight times: from each peer that
 * was asked for it meanwhile.
 */
import { bytesEqual, toHex } from "../../base/bytes.ts";
import { ok, type Result } from "../../base/result.ts";
import type { StageTimes } from "../../base/stage-times.ts";
import { type Block, decodeBlock, decodeBlockInPieces, peekSealedHeader } from "../../protocol/block.ts";
import type { BlockFault } from "../../protocol/faults.ts";
import type { PeerId } from "../peer-host.ts";
import { Turns } from "./turns.ts";

type Decoded = Result<Block, BlockFault>;

type Use<Used> = (decoded: Decoded) => Used | Promise<Used>;

interface Decoding {
  readonly bytes: Uint8Array;
  readonly decoded: Promise<Decoded>;
}

interface LargeBlock {
  readonly hashHex: string;
  readonly bytes: Uint8Array;
  readonly from: PeerId;
}

export interface BlockDecoderModules {
  /** A block of this hash that is decoded already, since it is being imported or was lately. */
  readonly decodedBlock: (hashHex: string) => Block | undefined;
  readonly times: StageTimes;
}

/** Decoded at once, in 4 ms at most: transactions are rarely below 150 bytes. */
const smallBlockBytes = 32 * 1024;

export class BlockDecoder {
  readonly #turns = new Turns();
  readonly #modules: BlockDecoderModules;
  /** By hash. A peer can send a known header with a false body, so what is under way counts for the same bytes alone. */
  readonly #underWay = new Map<string, Decoding>();

  constructor(modules: BlockDecoderModules) {
    this.#modules = modules;
  }

  /**
   * A small block is decoded at once; the answer for a large one comes later.
   *
   * @param use is called with what was decoded, before those who wait for the {@link end} of the decoding go on
   */
  decode<Used>(bytes: Uint8Array, from: PeerId, use: Use<Used>): Used | Promise<Used> {
    const sealed = bytes.length > smallBlockBytes ? peekSealedHeader(bytes) : undefined;
    if (!sealed) return use(this.#modules.times.measure("decode", () => decodeBlock(bytes)));
    const { hashHex } = sealed;
    const known = this.#modules.decodedBlock(hashHex);
    if (known && bytesEqual(known.bytes, bytes)) return use(ok(known));
    return this.#decodeLarge({ hashHex, bytes, from }, use);
  }

  /** Undefined unless a block that calls itself by this hash is being decoded; resolves when it is, and has been used. */
  end(hash: Uint8Array): Promise<unknown> | undefined {
    return this.#underWay.get(toHex(hash))?.decoded;
  }

  async #decodeLarge<Used>(block: LargeBlock, use: Use<Used>): Promise<Used> {
    const { hashHex, bytes } = block;
    const underWay = this.#underWay.get(hashHex);
    if (underWay && bytesEqual(underWay.bytes, bytes)) return use(await underWay.decoded);
    const decoded = this.#modules.times.measure("decode", () => this.#inPieces(block));
    const decoding = { bytes, decoded };
    if (!underWay) this.#underWay.set(hashHex, decoding);
    try {
      // Who begins comes first: who waits for the same promise goes on after `use`.
      return use(await decoded);
    } finally {
      if (!underWay) this.#underWay.delete(hashHex);
    }
  }

  async #inPieces({ bytes, from }: LargeBlock): Promise<Decoded> {
    const pieces = decodeBlockInPieces(bytes);
    for (;;) {
      const piece = pieces.next();
      if (piece.done) return piece.value;
      await this.#turns.take(from);
    }
  }
}
