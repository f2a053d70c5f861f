/** The answer of `GET /v1/authorities/uptime`: who sealed the newest blocks, and who was silent in their turn. */

import type { UptimeAnswer } from "../api/agreement.ts";
import { isoTime } from "../api/shapes.ts";
import { BoundedMap } from "../base/bounded-map.ts";
import { toHex } from "../base/bytes.ts";
import type { Chain } from "../chain/chain.ts";
import type { HeaderRecord } from "../protocol/block.ts";
import { addressOf } from "../protocol/identity.ts";
import { finalReference, headReference } from "./chain-references.ts";
import { nameOf } from "./transaction-answer.ts";

/** What a block's own ancestors say for ever of its turn. */
interface SealedTurn {
  readonly record: Pick<HeaderRecord, "header" | "hashHex">;
  /** Keys in hex of those whose turn came before the producer's, first of all first. */
  readonly missed: readonly string[];
}

/** Answers are asked for again with every block: turns of blocks are kept, by hash, so that each is worked out once. */
const turnsKept = 1_024;

/** Of one chain. */
export class UptimeBook {
  readonly #chain: Chain;
  readonly #turns = new BoundedMap<string, SealedTurn>(turnsKept);

  constructor(chain: Chain) {
    this.#chain = chain;
  }

  /** @param count blocks from the head downward; the genesis block, which nobody sealed, is none of them */
  answer(count: number): UptimeAnswer {
    const chain = this.#chain;
    const turns = this.#newest(count);
    const places = new Places();
    for (const key of chain.engine.authority?.setAt(chain.head) ?? []) places.of(toHex(key));
    const current = places.size;
    const blocks = turns.map(({ record: { header, hashHex }, missed }) => ({
      height: header.height,
      hash: hashHex,
      timestampMs: header.timestampMs,
      time: isoTime(header.timestampMs),
      producer: places.of(toHex(header.producer)),
      rank: missed.length,
      missed: missed.map((key) => places.of(key)),
    }));
    const authorities = places.keys().map((key, place) => ({
      address: addressOf(Buffer.from(key, "hex")),
      name: nameOf(key, chain.ledger),
      current: place < current,
      sealed: 0,
      sealedInTurn: 0,
      missed: 0,
    }));
    const at = (place: number) => authorities[place] as (typeof authorities)[number];
    for (const { producer, rank, missed } of blocks) {
      at(producer).sealed += 1;
      if (rank === 0) at(producer).sealedInTurn += 1;
      for (const place of missed) at(place).missed += 1;
    }
    return {
      head: headReference(chain),
      final: finalReference(chain),
      fromHeight: blocks.at(-1)?.height ?? chain.head.header.height,
      authorities,
      blocks,
    };
  }

  #newest(count: number): SealedTurn[] {
    const turns: SealedTurn[] = [];
    let record: HeaderRecord | undefined = this.#chain.head;
    let hashHex = record.hashHex;
    while (turns.length < count) {
      const known = this.#turns.get(hashHex);
      let parent: HeaderRecord | undefined;
      if (!known) {
        record ??= this.#chain.headerOf(Buffer.from(hashHex, "hex"));
        if (!record || record.header.height === 0) break;
        parent = this.#chain.headerOf(record.header.parentHash);
        if (!parent) break;
      }
      const turn = known ?? this.#turnOf(record as HeaderRecord, parent as HeaderRecord);
      if (!known) this.#turns.set(hashHex, turn);
      turns.push(turn);
      hashHex = toHex(turn.record.header.parentHash);
      record = parent;
    }
    return turns;
  }

  #turnOf({ header, hashHex }: HeaderRecord, parent: HeaderRecord): SealedTurn {
    const turns = this.#chain.engine.authority?.turns(parent) ?? [];
    const order = turns.map(({ authority }) => toHex(authority));
    const rank = order.indexOf(toHex(header.producer));
    return { record: { header, hashHex }, missed: order.slice(0, Math.max(0, rank)) };
  }
}

/** Numbers for keys, in the order in which they were first asked for. */
class Places {
  readonly #places = new Map<string, number>();

  get size(): number {
    return this.#places.size;
  }

  of(key: string): number {
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    this.#places.set(key, this.#places.size);
    return this.#places.size - 1;
  }

  keys(): string[] {
    return [...this.#places.keys()];
  }
}
