/**
 * What lies beside the chain: which side blocks are stored, how much room they take, and which of them go first. A low
 * difficulty floor makes such blocks almost free, so peers could fill the disk with them. Bounded in bytes, in number and
 * in bytes a minute.
 */
import { toHex } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { Seldom } from "../base/seldom.ts";
import type { HeaderRecord } from "../protocol/block.ts";
import type { BlockFault } from "../protocol/faults.ts";
import type { SideBlock } from "../store/chain-store.ts";

export interface BesideLimits {
  /** Of all blocks beside the chain together. A branch that has more bytes above its fork can not become the chain. */
  readonly bytesMax: number;
  readonly blocksMax: number;
  /** What is written beside the chain in one minute. */
  readonly bytesPerMinuteMax: number;
}

export const usualBesideLimits: BesideLimits = {
  bytesMax: 128 * 2 ** 20,
  blocksMax: 32_768,
  bytesPerMinuteMax: 24 * 2 ** 20,
};

/** A fork that is behind by less than the work of this many blocks like the head is an everyday fork. */
const everydayBlocks = 64n;
/** What a block takes on disk besides its bytes: records, keys, and what LevelDB keeps of them until it compacts. */
const overheadBytes = 1_024;
/** Blocks that nobody asked for may use this share of a minute: the rest is for blocks that are fetched. */
const unaskedShare = 0.5;
/** Siblings that are kept though nobody asked for them; a further one is fetched if a better block stands on it. */
const unaskedSiblingsMax = 4;
/** Removed with one commit at most, so that no import waits for a long clean-up. */
const droppedPerCommitMax = 64;
const minuteMs = 60_000;
const warningEveryMs = 600_000;

/** @param parent of the head; undefined if the head is the genesis block */
export function isLowWork(
  { cumulativeWeight }: Pick<HeaderRecord, "cumulativeWeight">,
  head: Pick<HeaderRecord, "cumulativeWeight">,
  parent: Pick<HeaderRecord, "cumulativeWeight"> | undefined,
): boolean {
  const headWeight = head.cumulativeWeight - (parent?.cumulativeWeight ?? head.cumulativeWeight);
  return cumulativeWeight + everydayBlocks * headWeight < head.cumulativeWeight;
}

/** A block beside the chain, as far as it matters which of them goes first. */
export interface LyingBlock extends SideBlock {
  readonly bytes: number;
  readonly weight: bigint;
}

export interface BesideModules {
  readonly clock: Clock;
  readonly logger: Logger;
}

export class BesideChain {
  readonly #limits: BesideLimits;
  readonly #modules: BesideModules;
  readonly #warning: Seldom;
  /** By hash, oldest first. */
  readonly #blocks = new Map<string, LyingBlock>();
  /** How many of them stand on a block, by its hash. */
  readonly #children = new Map<string, number>();
  #bytes = 0;
  #minuteBeganMs = 0;
  #minuteBytes = 0;

  /** @param stored what the store holds beside the chain */
  constructor(limits: Partial<BesideLimits>, modules: BesideModules, stored: readonly LyingBlock[]) {
    this.#limits = { ...usualBesideLimits, ...limits };
    this.#modules = modules;
    this.#warning = new Seldom(warningEveryMs, modules.clock);
    for (const block of stored.toSorted((a, b) => a.height - b.height)) {
      this.#add({ ...block, bytes: costOf(block.bytes) });
    }
  }

  /** Bytes of all blocks beside the chain. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The fault of a block beside the chain that a peer sent unasked, and for which there is no use. */
  unaskedFault({ header }: HeaderRecord, bytes: number): BlockFault | undefined {
    const { bytesMax, bytesPerMinuteMax } = this.#limits;
    const siblings = this.#children.get(toHex(header.parentHash)) ?? 0;
    const isMinuteUsed = this.#writtenBytes() + costOf(bytes) > bytesPerMinuteMax * unaskedShare;
    if (siblings < unaskedSiblingsMax && !isMinuteUsed) return undefined;
    return { code: "block/far-behind", bytesMax };
  }

  /**
   * Which blocks have to go so that a block can be stored beside the chain: the lightest first, of equal ones the oldest.
   *
   * @param isNeeded by finality, or by a better block that waits for it; asked of the block and of those that would go
   * @returns the fault of a block for which there is no room
   */
  roomFor(
    { hash, header, cumulativeWeight }: HeaderRecord,
    bytes: number,
    isNeeded: (block: Pick<SideBlock, "hash">) => boolean,
  ): Result<readonly LyingBlock[], BlockFault> {
    const cost = costOf(bytes);
    const { bytesMax, bytesPerMinuteMax } = this.#limits;
    const fault = fail<BlockFault>({ code: "block/far-behind", bytesMax });
    if (this.#writtenBytes() + cost > bytesPerMinuteMax && !isNeeded({ hash })) return fault;
    const parentHex = toHex(header.parentHash);
    const isLighter = (block: LyingBlock) => block.weight < cumulativeWeight || isNeeded({ hash });
    const mayGo = (block: LyingBlock) =>
      isLighter(block) && toHex(block.hash) !== parentHex && !isNeeded(block);
    const dropped = this.#lightest({ bytes: cost, blocks: 1 }, mayGo);
    if (dropped.enough) return ok(dropped.blocks);
    this.#warning.say(() =>
      this.#modules.logger.warn(
        { height: header.height, hash: toHex(hash), bytesMax },
        "a block beside the chain is not kept: the limit of stored blocks beside the chain is reached, and all others are heavier",
      ),
    );
    return fault;
  }

  /** What has to go to keep to the limits, as after a reorganization: as much as one commit may remove. */
  excess(isNeeded: (block: Pick<SideBlock, "hash">) => boolean): readonly LyingBlock[] {
    const { bytesMax, blocksMax } = this.#limits;
    if (this.#bytes <= bytesMax && this.#blocks.size <= blocksMax) return [];
    return this.#lightest({ bytes: 0, blocks: 0 }, (block) => !isNeeded(block)).blocks;
  }

  /** A block was stored beside the chain, or has left the chain. */
  joined(record: HeaderRecord, bytes: number): void {
    const { hash, header, cumulativeWeight: weight } = record;
    this.#add({ hash, height: header.height, parentHash: header.parentHash, bytes: costOf(bytes), weight });
  }

  /** Counts a block that was written to disk beside the chain. */
  written(bytes: number): void {
    this.#minuteBytes = this.#writtenBytes() + costOf(bytes);
  }

  /** Blocks are canonical now, or removed. */
  left(blocks: readonly Pick<SideBlock, "hash">[]): void {
    for (const { hash } of blocks) {
      const hashHex = toHex(hash);
      const block = this.#blocks.get(hashHex);
      if (!block) continue;
      this.#blocks.delete(hashHex);
      this.#bytes -= block.bytes;
      const parentHex = toHex(block.parentHash);
      const siblings = (this.#children.get(parentHex) ?? 1) - 1;
      if (siblings > 0) this.#children.set(parentHex, siblings);
      else this.#children.delete(parentHex);
    }
  }

  #add(block: LyingBlock): void {
    const hashHex = toHex(block.hash);
    if (this.#blocks.has(hashHex)) return;
    this.#blocks.set(hashHex, block);
    this.#bytes += block.bytes;
    const parentHex = toHex(block.parentHash);
    this.#children.set(parentHex, (this.#children.get(parentHex) ?? 0) + 1);
  }

  /** Blocks on which no other stands, the lightest first, until a block of this size fits within the limits. */
  #lightest(
    room: { readonly bytes: number; readonly blocks: number },
    mayGo: (block: LyingBlock) => boolean,
  ): { readonly blocks: readonly LyingBlock[]; readonly enough: boolean } {
    const { bytesMax, blocksMax } = this.#limits;
    const blocks: LyingBlock[] = [];
    let bytes = this.#bytes + room.bytes;
    const isEnough = () => bytes <= bytesMax && this.#blocks.size + room.blocks - blocks.length <= blocksMax;
    if (isEnough()) return { blocks, enough: true };
    const gone = new Map<string, number>();
    const standing = (hashHex: string) => (this.#children.get(hashHex) ?? 0) - (gone.get(hashHex) ?? 0);
    // A parent is never heavier than its child, so children come first where both may go.
    const tips = [...this.#blocks].filter(([hashHex]) => standing(hashHex) === 0);
    const queue = tips.map(([, block]) => block).sort(byWeight);
    while (!isEnough() && blocks.length < droppedPerCommitMax) {
      const block = queue.shift();
      if (!block) break;
      if (!mayGo(block)) continue;
      blocks.push(block);
      bytes -= block.bytes;
      const parentHex = toHex(block.parentHash);
      gone.set(parentHex, (gone.get(parentHex) ?? 0) + 1);
      const parent = this.#blocks.get(parentHex);
      // The rest of a branch goes before the next branch does: half a branch is worth nothing.
      if (parent && standing(parentHex) === 0) queue.unshift(parent);
    }
    return { blocks, enough: isEnough() };
  }

  #writtenBytes(): number {
    const nowMs = this.#modules.clock.monotonicMs();
    if (nowMs - this.#minuteBeganMs < minuteMs) return this.#minuteBytes;
    this.#minuteBeganMs = nowMs;
    this.#minuteBytes = 0;
    return 0;
  }
}

function costOf(bytes: number): number {
  return bytes + overheadBytes;
}

function byWeight(a: LyingBlock, b: LyingBlock): number {
  if (a.weight !== b.weight) return a.weight < b.weight ? -1 : 1;
  return a.height - b.height;
}
