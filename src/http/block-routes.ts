/** The routes about blocks. */
import type { FastifyInstance } from "fastify";
import { getBlock, getBlocks } from "../api/blocks.ts";
import { limitOf } from "../api/shapes.ts";
import { fromHex } from "../base/bytes.ts";
import type { Chain } from "../chain/chain.ts";
import { notFound } from "./api-error.ts";
import { blockAnswer, blocksAnswer } from "./block-answer.ts";
import { serveRoute } from "./serve-route.ts";

export function addBlockRoutes(app: FastifyInstance, chain: Chain): void {
  serveRoute(app, getBlocks, ({ query }) =>
    blocksAnswer(chain, query.from === undefined ? undefined : Number(query.from), limitOf(query.limit)),
  );

  serveRoute(app, getBlock, ({ params }) => {
    const hash = blockHashOf(params.reference, chain);
    const record = hash && chain.headerOf(hash);
    const block = hash && chain.block(hash);
    if (!record || !block)
      throw notFound("block", params.reference, "ask GET /v1/blocks/head for the newest");
    return blockAnswer(block, record, chain);
  });
}

function blockHashOf(reference: string, chain: Chain): Uint8Array | undefined {
  if (reference === "head") return chain.head.hash;
  return fromHex(reference, 32) ?? chain.hashAtHeight(Number(reference));
}
