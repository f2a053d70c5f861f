/**
 * The blocks near the head, in memory: which descends from which, and the way from one head to another. Bounded. A
 * block that is not in memory is read from the store.
 */
import { bytesEqual, toHex } from "../base/bytes.ts";
import { invariant } from "../base/invariant.ts";
import type { Ancestry } from "../consensus/ancestry.ts";
import { compareHeads } from "../consensus/engine.ts";
import type { HeaderRecord } from "../protocol/block.ts";
import type { Checkpoint } from "../protocol/checkpoint.ts";
import type { ChainStore } from "../store/chain-store.ts";

/** The way from one block to another over their common ancestor. */
export interface BlockPath {
  /** Blocks that leave, highest first; empty if the way only goes up. */
  readonly disconnect: readonly HeaderRecord[];
  /** Blocks that join, lowest first; the last is the block that the way leads to. */
  readonly connect: readonly HeaderRecord[];
}

export interface BlockTreeOptions {
  readonly head: HeaderRecord;
  /** Undefined if the engine has no finality. */
  readonly final: Checkpoint | undefined;
  readonly limits?: BlockTreeLimits | undefined;
}

export interface BlockTreeLimits {
  /** Canonical blocks in memory, from the head down. */
  readonly lineMax: number;
  /** Side blocks in memory. Peers make them: of more, the worst are forgotten here. They stay in the store. */
  readonly sideMax: number;
}

/**
 * Reorganizations are rarely deeper than a few blocks, and a certificate reaches 64 blocks down. A deeper
 * reorganization reads the store. A record takes 1 to 2 KB, so both together take 4 MB at most.
 */
const usualLimits: BlockTreeLimits = { lineMax: 1_024, sideMax: 1_024 };

export class BlockTree implements Ancestry {
  readonly #store: Pick<ChainStore, "headerRecord" | "hashAtHeight">;
  readonly #limits: BlockTreeLimits;
  /** By hash: the line and the side blocks. */
  readonly #records = new Map<string, HeaderRecord>();
  /** Canonical blocks by height, from {@link #lowest} up to the head without a gap. */
  readonly #line = new Map<number, HeaderRecord>();
  readonly #sides = new Map<string, HeaderRecord>();
  #lowest: number;
  #headHeight: number;
  #final: Checkpoint | undefined;

  /** Takes in what the store has near the head. */
  constructor(
    store: Pick<ChainStore, "headerRecord" | "hashAtHeight" | "sideBlocks">,
    { head, final, limits = usualLimits }: BlockTreeOptions,
  ) {
    this.#store = store;
    this.#limits = limits;
    this.#final = final;
    this.#headHeight = head.header.height;
    this.#lowest = this.#headHeight;
    for (let record: HeaderRecord | undefined = head; record; record = this.#readBelow(record)) {
      this.#putOnLine(record);
      this.#lowest = record.header.height;
    }
    const near = store.sideBlocks().filter(({ height }) => height > this.#lowest);
    // Parents first: a block is held against its parent.
    for (const { hash } of near.slice(0, limits.sideMax).reverse()) {
      const record = this.#stored(hash);
      if (record && (!final || this.isDescendant(record, final))) this.#putAside(record);
    }
  }

  /** How many blocks are in memory. */
  get size(): number {
    return this.#records.size;
  }

  /** The side blocks in memory. */
  sides(): Iterable<HeaderRecord> {
    return this.#sides.values();
  }

  get(hash: Uint8Array): HeaderRecord | undefined {
    return this.#records.get(toHex(hash)) ?? this.#stored(hash);
  }

  isCanonical({ header: { height }, hash, hashHex }: HeaderRecord): boolean {
    if (height >= this.#lowest) return this.#line.get(height)?.hashHex === hashHex;
    const canonical = this.#store.hashAtHeight(height);
    return canonical !== undefined && bytesEqual(canonical, hash);
  }

  /** The canonical block at a height; undefined above the head. */
  canonicalAt(height: number): HeaderRecord | undefined {
    if (height >= this.#lowest) return this.#line.get(height);
    const hash = height < 0 ? undefined : this.#store.hashAtHeight(height);
    return hash && this.#store.headerRecord(hash);
  }

  /** Takes as many steps as `tip` is above the canonical line. */
  ancestorAt(tip: HeaderRecord, height: number): HeaderRecord | undefined {
    let ancestor: HeaderRecord | undefined = tip;
    while (ancestor && ancestor.header.height > height) {
      if (this.isCanonical(ancestor)) return this.canonicalAt(height);
      ancestor = this.get(ancestor.header.parentHash);
    }
    return ancestor?.header.height === height ? ancestor : undefined;
  }

  isDescendant(tip: HeaderRecord, { height, hash }: Checkpoint): boolean {
    const ancestor = this.ancestorAt(tip, height);
    return ancestor !== undefined && bytesEqual(ancestor.hash, hash);
  }

  /** @param to a block that is stored, or whose parent is */
  path(from: HeaderRecord, to: HeaderRecord): BlockPath {
    const disconnect: HeaderRecord[] = [];
    const connect: HeaderRecord[] = [];
    const parentOf = ({ hashHex, header }: HeaderRecord): HeaderRecord => {
      const parent = this.get(header.parentHash);
      invariant(parent, `the parent of the stored block ${hashHex} is not stored`);
      return parent;
    };
    let [leaving, joining] = [from, to];
    while (leaving.hashHex !== joining.hashHex) {
      if (joining.header.height >= leaving.header.height) {
        connect.push(joining);
        joining = parentOf(joining);
      } else {
        disconnect.push(leaving);
        leaving = parentOf(leaving);
      }
    }
    return { disconnect, connect: connect.reverse() };
  }

  /** Takes in a block that has been stored beside the canonical line. */
  add(record: HeaderRecord): void {
    this.#putAside(record);
    if (this.#sides.size > this.#limits.sideMax) this.#forgetWorst();
  }

  /** Follows the head to a block that was not canonical, once the store has followed it. */
  moveHead({ disconnect, connect }: BlockPath): void {
    for (const record of disconnect) {
      this.#line.delete(record.header.height);
      if (this.#records.has(record.hashHex)) this.#sides.set(record.hashHex, record);
    }
    for (const record of connect) {
      this.#putOnLine(record);
      // The reorganization was deeper than the line: the line begins at the fork now.
      this.#lowest = Math.min(this.#lowest, record.header.height);
      this.#headHeight = record.header.height;
    }
    // The way may only go down: what a proven offender sealed is no head.
    const last = disconnect.at(-1);
    if (last && connect.length === 0) this.#headHeight = last.header.height - 1;
    this.#shortenLine();
    if (this.#sides.size > this.#limits.sideMax) this.#forgetWorst();
  }

  /** Forgets blocks that were removed from the store. */
  forget(blocks: readonly Pick<HeaderRecord, "hash">[]): void {
    for (const { hash } of blocks) this.#forget(toHex(hash));
  }

  /** Forgets what lies below a final block that is canonical, and what does not descend from it. */
  prune(final: Checkpoint): void {
    this.#final = final;
    for (const [hashHex, record] of this.#sides) {
      if (!this.isDescendant(record, final)) this.#forget(hashHex);
    }
    this.#shortenLine();
  }

  /**
   * A record that is not in memory. A block above the final one counts only if its chain was judged as it is now: what
   * a chain certifies never goes down from parent to child, except above a block that operators declared final after
   * its children had been judged (trust recovery). Such children are unknown until they come, and are judged, anew.
   */
  #stored(hash: Uint8Array): HeaderRecord | undefined {
    const record = this.#store.headerRecord(hash);
    let block = record;
    while (block && this.#final && block.header.height > this.#final.height && !this.isCanonical(block)) {
      const inMemory = this.#records.get(toHex(block.header.parentHash));
      const parent = inMemory ?? this.#store.headerRecord(block.header.parentHash);
      if (!parent || block.justifiedHeight < parent.justifiedHeight) return undefined;
      if (inMemory) break;
      block = parent;
    }
    return record;
  }

  /** The parent of the lowest block in memory. A damaged record ends the line. The store's error comes when that block is asked for. */
  #readBelow({ header }: HeaderRecord): HeaderRecord | undefined {
    if (header.height <= this.#lowestWanted()) return undefined;
    try {
      return this.#store.headerRecord(header.parentHash);
    } catch {
      return undefined;
    }
  }

  #lowestWanted(): number {
    return Math.max(this.#final?.height ?? 0, this.#headHeight - this.#limits.lineMax + 1);
  }

  #putOnLine(record: HeaderRecord): void {
    this.#records.set(record.hashHex, record);
    this.#sides.delete(record.hashHex);
    this.#line.set(record.header.height, record);
  }

  #putAside(record: HeaderRecord): void {
    this.#records.set(record.hashHex, record);
    this.#sides.set(record.hashHex, record);
  }

  #shortenLine(): void {
    for (const lowest = this.#lowestWanted(); this.#lowest < lowest; this.#lowest += 1) {
      const record = this.#line.get(this.#lowest);
      this.#line.delete(this.#lowest);
      if (record) this.#records.delete(record.hashHex);
    }
  }

  /** A quarter at a time, so that a flood of side blocks costs one sorting for many of them. */
  #forgetWorst(): void {
    const kept = Math.floor((this.#limits.sideMax * 3) / 4);
    const worst = [...this.#sides.values()].sort(compareHeads).slice(kept);
    for (const { hashHex } of worst) this.#forget(hashHex);
  }

  #forget(hashHex: string): void {
    this.#sides.delete(hashHex);
    this.#records.delete(hashHex);
  }
}
