/** The routes about blocks. */
import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import {
  type BlocksAnswer,
  getBlock,
  getBlockHeader,
  getBlockRaw,
  getBlocks,
  getBlockTransactions,
  pageTransactionsMax,
} from "../api/blocks.ts";
import { cursorCodec } from "../api/cursor.ts";
import { Count, Hash, limitOf } from "../api/shapes.ts";
import { BoundedMap } from "../base/bounded-map.ts";
import { fromHex } from "../base/bytes.ts";
import type { Chain } from "../chain/chain.ts";
import type { Block, HeaderRecord } from "../protocol/block.ts";
import { ApiError, notFound } from "./api-error.ts";
import {
  blockAnswer,
  blockHeaderAnswer,
  blockSummary,
  blockTransactions,
  blockTransactionsAnswer,
} from "./block-answer.ts";
import { blockNamed, movingNames } from "./block-lookup.ts";
import { blockPage, type PageWish, pageCodec } from "./block-pages.ts";
import { headReference, standingOf } from "./chain-references.ts";
import { answered, cursorUndone, positionOf, serveRoute } from "./serve-route.ts";

/** How long a block is, by its hash: else a list would read a hundred blocks for it. */
const lengthsKept = 4_096;

export function addBlockRoutes(app: FastifyInstance, chain: Chain): void {
  const lengths = new BoundedMap<string, number>(lengthsKept);
  const lengthOf = (record: HeaderRecord): number => {
    const known = lengths.get(record.hashHex);
    if (known !== undefined) return known;
    const bytes = chain.blockBytes(record.hash)?.length ?? 0;
    lengths.set(record.hashHex, bytes);
    return bytes;
  };

  serveRoute(app, getBlocks, ({ query: { from, order, limit, cursor, transactions } }) => {
    if (cursor !== undefined && (from !== undefined || order !== undefined)) {
      throw new ApiError(
        400,
        "api/request-invalid",
        "the cursor already holds the place and the order of the list: leave out from and order",
        "leave from and order out, or ask without cursor for a new list",
      );
    }
    const ascending = order === undefined ? from !== undefined : order === "asc";
    return blocksAnswer(
      chain,
      { limit: limitOf(limit), cursor, ascending, from: from === undefined ? undefined : Number(from) },
      transactions === "true",
      lengthOf,
    );
  });

  serveRoute(app, getBlock, ({ params: { reference } }) => {
    const record = blockNamed(reference, chain);
    const body = blockAnswer(bodyOf(record, chain), record, chain);
    return answered(200, body, { immutableAs: immutableName(record, reference, chain) });
  });

  serveRoute(app, getBlockTransactions, ({ params: { reference }, query }) => {
    const limit = limitOf(query.limit);
    const { record, from } = transactionsPlace(reference, query.cursor, chain);
    const block = bodyOf(record, chain);
    const to = from + limit;
    const next =
      to < block.transactions.length
        ? transactionsCursor.encode({ hash: record.hashHex, position: to })
        : null;
    const body = blockTransactionsAnswer({ record, block }, { from, limit, next }, chain);
    const name = immutableName(record, reference, chain);
    return answered(200, body, { immutableAs: name && `${name}-transactions-${from}-${limit}` });
  });

  serveRoute(app, getBlockRaw, ({ params: { reference } }) => {
    const record = blockNamed(reference, chain);
    const bytes = chain.blockBytes(record.hash);
    if (!bytes) throw notFound("block", reference, "ask GET /v1/blocks/head for the newest");
    // Under a hash there are never other bytes, whatever becomes of the block.
    const isByHash = fromHex(reference, 32) !== undefined;
    const name = isByHash ? record.hashHex : immutableName(record, reference, chain);
    return answered(200, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), {
      immutableAs: name && `${name}-raw`,
    });
  });

  serveRoute(app, getBlockHeader, ({ params: { reference } }) => {
    const record = blockNamed(reference, chain);
    const name = immutableName(record, reference, chain);
    return answered(200, blockHeaderAnswer(record, chain), { immutableAs: name && `${name}-header` });
  });
}

const blocksCursor = pageCodec("blocks");
const transactionsCursor = cursorCodec(
  "transactions of a block",
  Type.Object({ hash: Hash, position: Count }),
);

function blocksAnswer(
  chain: Chain,
  wish: PageWish,
  withTransactions: boolean,
  lengthOf: (record: HeaderRecord) => number,
): BlocksAnswer {
  let transactionsSoFar = 0;
  const { records, next } = blockPage(chain, blocksCursor, wish, ({ header }) => {
    transactionsSoFar += header.transactionCount;
    return withTransactions && transactionsSoFar >= pageTransactionsMax;
  });
  const summaries = records.map((record) => blockSummary(record, lengthOf(record), chain));
  const items = summaries.map((summary, index) => {
    if (!withTransactions) return summary;
    const { transactions } = bodyOf(records[index] as HeaderRecord, chain);
    return { ...summary, transactions: blockTransactions(transactions, 0, chain) };
  });
  return {
    items,
    next,
    head: headReference(chain),
    headHeight: chain.head.header.height,
    blocks: summaries.toSorted((a, b) => a.height - b.height),
  };
}

/** Where a page of a block's transactions begins. A cursor stays with its block. */
function transactionsPlace(
  reference: string,
  cursor: string | undefined,
  chain: Chain,
): { readonly record: HeaderRecord; readonly from: number } {
  if (cursor === undefined) return { record: blockNamed(reference, chain), from: 0 };
  const { hash, position } = positionOf(transactionsCursor, cursor);
  if (!movingNames.has(reference) && blockNamed(reference, chain).hashHex !== hash) throw cursorUndone();
  return { record: blockNamed(hash, chain), from: position };
}

function bodyOf(record: HeaderRecord, chain: Chain): Block {
  const block = chain.block(record.hash);
  if (block) return block;
  throw notFound("block", record.hashHex, "ask GET /v1/blocks/head for the newest");
}

/** Undefined if the next answer to the same request may be another. */
function immutableName(record: HeaderRecord, reference: string, chain: Chain): string | undefined {
  return standingOf(record, chain).final && !movingNames.has(reference) ? record.hashHex : undefined;
}
