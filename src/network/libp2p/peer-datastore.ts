/** Stores what libp2p knows of peers: in LevelDB on disk, and in memory while the disk takes no writes. */
import { LevelDatastore } from "datastore-level";
import { Level } from "level";
import { BoundedMap } from "../../base/bounded-map.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import { toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";

type Key = Parameters<LevelDatastore["put"]>[0];
type AbortOptions = Parameters<LevelDatastore["get"]>[1];
type Query = Parameters<LevelDatastore["query"]>[0];
type Pair =
  ReturnType<LevelDatastore["query"]> extends AsyncGenerator<infer Found> | Generator<infer Found>
    ? Found
    : never;

export interface PeerDatastoreModules {
  readonly clock: Clock;
  readonly logger: Logger;
}

const retryEveryMs = 10_000;
/** Records that wait for the disk. Each is about one peer: to forget the oldest costs less than a connection. */
const unwrittenMax = 2_000;
/** Keys are free, and what is written of each is its own claim: an honest node's record has 1 KiB. */
const recordBytesMax = 8 * 2 ** 10;

/**
 * libp2p asks this store in the middle of all that it does with a peer: an error here would end the connection. So a full
 * disk costs at most the memory of peers after the next start.
 */
export class PeerDatastore extends LevelDatastore {
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** Records that are not on disk yet, by key; undefined: deleted. Empty while the disk takes writes. */
  readonly #unwritten = new BoundedMap<string, { readonly key: Key; readonly value: Uint8Array | undefined }>(
    unwrittenMax,
  );
  #retry: Timer | undefined;
  #retrying: Promise<void> | undefined;
  #isClosed = false;

  constructor(directory: string, { clock, logger }: PeerDatastoreModules) {
    super(directory);
    this.#directory = directory;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** A record that is too long is left out. */
  override async put(key: Key, value: Uint8Array, options?: AbortOptions): Promise<Key> {
    options?.signal?.throwIfAborted();
    if (value.length > recordBytesMax) return key;
    if (!this.#retry) {
      try {
        return await super.put(key, value);
      } catch (thrown) {
        this.#failed(thrown);
      }
    }
    this.#unwritten.set(key.toString(), { key, value });
    return key;
  }

  override async delete(key: Key, options?: AbortOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    if (!this.#retry) {
      try {
        return await super.delete(key);
      } catch (thrown) {
        this.#failed(thrown);
      }
    }
    this.#unwritten.set(key.toString(), { key, value: undefined });
  }

  override async get(key: Key, options?: AbortOptions): Promise<Uint8Array> {
    const unwritten = this.#unwritten.get(key.toString());
    if (unwritten?.value) return unwritten.value;
    if (unwritten) throw notFound();
    try {
      return await super.get(key, options);
    } catch (thrown) {
      // While the database is being opened again, nothing is found in it.
      if (this.#retry && !options?.signal?.aborted) throw notFound();
      throw thrown;
    }
  }

  override async has(key: Key, options?: AbortOptions): Promise<boolean> {
    const unwritten = this.#unwritten.get(key.toString());
    if (unwritten) return unwritten.value !== undefined;
    try {
      return await super.has(key, options);
    } catch (thrown) {
      if (this.#retry && !options?.signal?.aborted) return false;
      throw thrown;
    }
  }

  override async *query(query: Query, options?: AbortOptions): AsyncGenerator<Pair> {
    if (this.#unwritten.size === 0) {
      yield* super.query(query, options);
      return;
    }
    // There are few, and they are read at the start, by code that can wait for the disk.
    const found = new Map<string, Pair>();
    try {
      const { prefix, filters } = query;
      const all = { ...(prefix === undefined ? {} : { prefix }), ...(filters ? { filters } : {}) };
      for await (const pair of super.query(all, options)) found.set(pair.key.toString(), pair);
    } catch (thrown) {
      if (!this.#retry) throw thrown;
    }
    for (const [name, { key, value }] of this.#unwritten.entries()) {
      const pair = value && { key, value };
      const isWanted =
        pair && name.startsWith(query.prefix ?? "") && (query.filters ?? []).every((fits) => fits(pair));
      if (isWanted) found.set(name, pair);
      else found.delete(name);
    }
    let pairs = [...found.values()];
    for (const order of query.orders ?? []) pairs.sort(order);
    pairs = pairs.slice(query.offset ?? 0);
    yield* query.limit === undefined ? pairs : pairs.slice(0, query.limit);
  }

  override async close(): Promise<void> {
    this.#isClosed = true;
    this.#retry?.cancel();
    await this.#retrying;
    await super.close();
  }

  #failed(thrown: unknown): void {
    if (this.#retry || this.#isClosed) return;
    this.#logger.warn(
      { error: toError(thrown), directory: this.#directory },
      "what is known of peers cannot be written to disk; it is kept in memory, and tried again every 10 s",
    );
    this.#retryLater();
  }

  #retryLater(): void {
    this.#retry = this.#clock.schedule(retryEveryMs, () => {
      this.#retrying = this.#writeAgain();
    });
  }

  /** After a failed write LevelDB takes no other write until it is opened again. */
  async #writeAgain(): Promise<void> {
    try {
      await this.db.close();
      this.db = new Level(this.#directory, { keyEncoding: "utf8", valueEncoding: "view" });
      await this.open();
      for (const [name, record] of [...this.#unwritten.entries()]) {
        if (record.value) await super.put(record.key, record.value);
        else await super.delete(record.key);
        if (this.#unwritten.get(name) === record) this.#unwritten.delete(name);
      }
    } catch (thrown) {
      this.#logger.debug({ error: toError(thrown) }, "what is known of peers still cannot be written");
      if (!this.#isClosed) this.#retryLater();
      return;
    }
    this.#retry = undefined;
    this.#logger.info({ directory: this.#directory }, "what is known of peers is written to disk again");
  }
}

/** libp2p recognises this error by its name. */
function notFound(): Error {
  return Object.assign(new Error("not found"), { name: "NotFoundError" });
}
