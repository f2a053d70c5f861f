/** A chain of the node's thread, read from the thread that writes the ledger: questions go out, answers come in parts. */
import { invariant } from "../base/invariant.ts";
import type { ChainSpec } from "../protocol/genesis.ts";
import type { Cursor } from "./chain-meta.ts";
import type { FedBlock, FedBlocks, FedHashes, FeedLimits, FeedReader, LedgerFeed } from "./ledger-feed.ts";
import {
  type FeedCall,
  type FeedCalls,
  type FromThread,
  receiveError,
  type ToThread,
} from "./thread-messages.ts";

interface Waiting {
  readonly parts: FedBlocks[];
  readonly resolve: (output: FedBlocks | FedHashes) => void;
  readonly reject: (error: Error) => void;
}

/** At the thread that writes. */
export class RemoteFeed implements LedgerFeed {
  readonly spec: ChainSpec;
  readonly #send: (message: FromThread) => void;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;

  constructor(spec: ChainSpec, send: (message: FromThread) => void) {
    this.spec = spec;
    this.#send = send;
  }

  blocksAfter(cursor: Cursor | undefined, limits: FeedLimits): Promise<FedBlocks> {
    return this.#ask("blocksAfter", { cursor, limits });
  }

  hashes(first: number, last: number): Promise<FedHashes> {
    return this.#ask("hashes", { first, last });
  }

  blockIsDamaged(hash: Uint8Array): void {
    this.#send({ kind: "damaged", hash });
  }

  #ask<Call extends FeedCall>(
    call: Call,
    input: FeedCalls[Call]["input"],
  ): Promise<FeedCalls[Call]["output"]> {
    const id = this.#asked;
    this.#asked += 1;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { parts: [], resolve: resolve as Waiting["resolve"], reject });
      this.#send({ kind: "ask", id, call, input });
    });
  }

  /** A message of the chain's thread. */
  receive(message: ToThread & { kind: "fed" | "unread" }): void {
    const { id } = message;
    const waiting = this.#waiting.get(id);
    invariant(waiting, "an answer to a question");
    if (message.kind === "unread") {
      this.#waiting.delete(id);
      waiting.reject(receiveError(message.error));
      return;
    }
    const { output, isLast } = message;
    const part = output as FedBlocks | FedHashes;
    if ("hashes" in part) {
      this.#waiting.delete(id);
      waiting.resolve(part);
      return;
    }
    waiting.parts.push(part);
    if (!isLast) return;
    this.#waiting.delete(id);
    waiting.resolve(joined(waiting.parts));
  }
}

/**
 * Each part follows the block before it, and is of its own moment: the last one that still has that block on its chain
 * speaks for all.
 */
function joined(parts: readonly FedBlocks[]): FedBlocks {
  const blocks: FedBlock[] = [];
  let last = parts[0] as FedBlocks;
  for (const part of parts) {
    // The chain has left the blocks of the parts before: what they were written as would have to be taken back at once.
    if (!part.isOnChain && blocks.length > 0) return { ...last, blocks, fault: undefined };
    blocks.push(...part.blocks);
    last = part;
  }
  return { ...last, blocks };
}

/**
 * The block in memory of its own, which may move to another thread. A view is cloned with all that its buffer holds, and
 * the chain's own bytes must stay.
 */
function ownBytes({ hash, bytes, seal, authorityChanges, ...rest }: FedBlock) {
  return {
    ...rest,
    authorityChanges: authorityChanges.map((each) => ({
      ...each,
      authority: new Uint8Array(each.authority),
    })),
    hash: new Uint8Array(hash),
    bytes: new Uint8Array(bytes),
    seal: seal && { nonce: new Uint8Array(seal.nonce), signature: new Uint8Array(seal.signature) },
  };
}

/** So long the node's thread reads for the export at a time; then it does what else there is. */
const readMaxMs = 4;

/** At the chain's thread: answers a question, in as many parts as it takes to hold nothing up. */
export async function answerFeedCall(
  reader: FeedReader,
  call: FeedCall,
  input: unknown,
  send: (output: FedBlocks | FedHashes, isLast: boolean, moved: readonly ArrayBuffer[]) => void,
  pause: () => Promise<void>,
): Promise<void> {
  if (call === "hashes") {
    const { first, last } = input as FeedCalls["hashes"]["input"];
    const { view, hashes } = reader.hashes(first, last);
    send({ view, hashes: hashes.map((hash) => hash && new Uint8Array(hash)) }, true, []);
    return;
  }
  let { cursor, limits } = input as FeedCalls["blocksAfter"]["input"];
  for (;;) {
    const beginMs = performance.now();
    const part = reader.blocksAfter(cursor, limits, () => performance.now() - beginMs >= readMaxMs);
    const last = part.blocks.at(-1);
    const bytes = part.blocks.reduce((sum, block) => sum + block.bytes.length, 0);
    limits = { bytes: limits.bytes - bytes, blocks: limits.blocks - part.blocks.length };
    const isLast =
      !last ||
      part.fault !== undefined ||
      last.height >= part.view.headHeight ||
      limits.bytes <= 0 ||
      limits.blocks <= 0;
    const blocks = part.blocks.map(ownBytes);
    send(
      { ...part, blocks },
      isLast,
      blocks.map((block) => block.bytes.buffer),
    );
    if (isLast) return;
    cursor = { index: last.height, hash: Buffer.from(last.hash).toString("hex") };
    await pause();
  }
}
