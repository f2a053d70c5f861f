/** One COPY to the server, over the driver's connection: with back-pressure, and an error that reaches whoever writes. */
import type { Socket } from "node:net";
import type { Connection } from "pg";
import { toError } from "../../base/invariant.ts";

/** What the driver lets a statement of its own kind use. */
type DriverConnection = Connection & {
  readonly stream: Socket;
  sendCopyFromChunk(chunk: Uint8Array): void;
  endCopyFrom(): void;
};

/** Passed to `client.query`, which calls the methods without a comment: they are the driver's interface for statements. */
export class CopyIn {
  readonly #sql: string;
  readonly #ready = Promise.withResolvers<void>();
  readonly #done = Promise.withResolvers<void>();
  #connection: DriverConnection | undefined;
  #fault: Error | undefined;

  constructor(sql: string) {
    this.#sql = sql;
    // An error may come before anybody waits for either.
    this.#ready.promise.catch(() => undefined);
    this.#done.promise.catch(() => undefined);
  }

  submit(connection: Connection): void {
    this.#connection = connection as DriverConnection;
    connection.query(this.#sql);
  }

  handleCopyInResponse(): void {
    this.#ready.resolve();
  }

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    this.#done.resolve();
  }

  handleError(error: unknown): void {
    this.fail(toError(error));
  }

  /** Called by the driver if it has a time limit for statements. */
  callback(): void {}

  /** Makes every write fail from now on, as when the connection has ended. */
  fail(error: Error): void {
    this.#fault ??= error;
    this.#ready.reject(this.#fault);
    this.#done.reject(this.#fault);
  }

  /** Resolves when the system has room for more. */
  async write(chunks: readonly Uint8Array[]): Promise<void> {
    await this.#ready.promise;
    for (const chunk of chunks) {
      if (this.#fault) throw this.#fault;
      if (chunk.length === 0) continue;
      this.#connection?.sendCopyFromChunk(chunk);
      await this.#drained();
    }
    if (this.#fault) throw this.#fault;
  }

  /** Resolves when the server has taken all rows. */
  async end(): Promise<void> {
    await this.#ready.promise;
    if (this.#fault) throw this.#fault;
    this.#connection?.endCopyFrom();
    await this.#done.promise;
  }

  async #drained(): Promise<void> {
    const stream = this.#connection?.stream;
    if (!stream?.writableNeedDrain) return;
    const drained = Promise.withResolvers<void>();
    const done = () => drained.resolve();
    stream.once("drain", done);
    stream.once("close", done);
    try {
      await Promise.race([drained.promise, this.#done.promise]);
    } finally {
      stream.off("drain", done);
      stream.off("close", done);
    }
  }
}
