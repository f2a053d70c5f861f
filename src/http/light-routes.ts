/** The routes for readers who believe no node. */
import type { FastifyInstance } from "fastify";
import {
  getAccountProof,
  getBlockProof,
  getLight,
  getTransactionProof,
  type LightAnswer,
  type LightItem,
  lightItemsDefault,
} from "../api/light.ts";
import { fromHex, toHex } from "../base/bytes.ts";
import type { Chain } from "../chain/chain.ts";
import { stepsAfter } from "../light/build-steps.ts";
import { encodeLightStep } from "../light/light-step.ts";
import { encodeMinedHeader } from "../light/work-light.ts";
import { accountKeyOf } from "./account-reference.ts";
import { ApiError } from "./api-error.ts";
import { blockNamed } from "./block-lookup.ts";
import { finalReference, headReference } from "./chain-references.ts";
import { lightSourceOf } from "./light-source.ts";
import {
  accountProofAnswer,
  blockProofAnswer,
  shownFinalRecord,
  transactionProofAnswer,
} from "./proof-answers.ts";
import { serveRoute } from "./serve-route.ts";

export function addLightRoutes(app: FastifyInstance, chain: Chain): void {
  serveRoute(app, getLight, ({ query }) =>
    lightAnswer(Number(query.from ?? 0), Number(query.limit ?? lightItemsDefault), chain),
  );

  serveRoute(app, getBlockProof, ({ params }) =>
    blockProofAnswer(
      params.reference === "final" ? shownFinalRecord(chain) : blockNamed(params.reference, chain),
      chain,
    ),
  );

  serveRoute(app, getTransactionProof, ({ params }) => {
    const located = chain.transaction(fromHex(params.id) as Uint8Array);
    if (located) return transactionProofAnswer(located, chain);
    throw new ApiError(
      404,
      "transaction/not-committed",
      `no block of the chain has the transaction ${params.id}`,
      `GET /v1/transactions/${params.id} says what became of it`,
    );
  });

  serveRoute(app, getAccountProof, ({ params, query }) =>
    accountProofAnswer(accountKeyOf(params.account, chain), query.asset?.toLowerCase(), chain),
  );
}

function lightAnswer(from: number, limit: number, chain: Chain): LightAnswer {
  const { engine } = chain;
  const { items, next } = engine.authority ? setsAfter(from, limit, chain) : headersAfter(from, limit, chain);
  return {
    consensus: engine.name,
    head: headReference(chain),
    final: finalReference(chain),
    items,
    next,
  };
}

type LightPage = Pick<LightAnswer, "items" | "next">;

function setsAfter(from: number, limit: number, chain: Chain): LightPage {
  const { steps, more } = stepsAfter(from, lightSourceOf(chain), limit);
  const items = steps.map(({ height, step }): LightItem => ({ height, bytes: toHex(encodeLightStep(step)) }));
  return { items, next: more ? (items.at(-1)?.height ?? null) : null };
}

function headersAfter(from: number, limit: number, chain: Chain): LightPage {
  const items: LightItem[] = [];
  const { height: headHeight } = chain.head.header;
  for (let height = from + 1; height <= headHeight && items.length < limit; height += 1) {
    const record = chain.headerAtHeight(height);
    if (!record) break;
    const { header, seal } = record;
    items.push({ height, bytes: toHex(encodeMinedHeader({ header, nonce: seal.nonce })) });
  }
  const last = items.at(-1)?.height;
  return { items, next: last !== undefined && last < headHeight ? last : null };
}
