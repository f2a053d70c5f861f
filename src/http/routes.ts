/** The routes of version 1: what each takes, and where its answer comes from. */
import type { FastifyInstance } from "fastify";
import { getPeers } from "../api/node.ts";
import type { ErrorDetails } from "../api/problem.ts";
import { fromHex } from "../base/bytes.ts";
import type { Chain } from "../chain/chain.ts";
import { formatAmount } from "../protocol/amount.ts";
import { publicKeyOfAddress } from "../protocol/identity.ts";
import { decodeTransaction } from "../protocol/transaction.ts";
import { accountAnswer, assetAnswer } from "./account-answer.ts";
import type { NodeAnswer, SubmitAnswer } from "./answers.ts";
import { ApiError } from "./api-error.ts";
import type { ApiModules } from "./api-modules.ts";
import { addAuthorityRoutes } from "./authority-routes.ts";
import { blockAnswer, blocksAnswer } from "./block-answer.ts";
import { addChainRoutes } from "./chain-control.ts";
import type { PoolAnswer } from "./pool-answer.ts";
import { refusalOf, type SubmitFault } from "./refusals.ts";
import { serveRoute } from "./serve-route.ts";
import { transactionAnswer } from "./transaction-answer.ts";

const blocksMax = 100;
const blocksDefault = 20;

const hash = { type: "string", pattern: "^[0-9a-fA-F]{64}$", description: "64 hex digits" };
const byId = { params: { type: "object", properties: { id: hash }, required: ["id"] } };
const blockReference = {
  params: {
    type: "object",
    properties: {
      reference: {
        type: "string",
        pattern: "^(head|[0-9]{1,15}|[0-9a-fA-F]{64})$",
        description: 'the word "head", a height or a hash of 64 hex digits',
      },
    },
    required: ["reference"],
  },
};
const blockRange = {
  querystring: {
    type: "object",
    properties: {
      from: { type: "string", pattern: "^[0-9]{1,15}$", description: "a height, 0 or more" },
      limit: {
        type: "string",
        pattern: "^(100|[1-9][0-9]?)$",
        description: `a whole number from 1 to ${blocksMax}`,
      },
    },
    additionalProperties: false,
  },
};
const signedTransaction = {
  body: {
    type: "object",
    properties: {
      bytes: {
        type: "string",
        pattern: "^([0-9a-fA-F]{2})+$",
        description: "the signed transaction as an even number of hex digits",
      },
      replace: {
        type: "boolean",
        description: "true or false: whether it may take the place of one that waits with the same sequence",
      },
    },
    required: ["bytes"],
    additionalProperties: false,
  },
};

interface SubmitBody {
  readonly bytes: string;
  readonly replace?: boolean;
}

export function addRoutes(app: FastifyInstance, modules: ApiModules): void {
  const { chain, status } = modules;

  app.get("/v1/node", (): NodeAnswer => {
    const { minimumFee } = chain.spec.genesis;
    return {
      ...status(),
      minimumFee: formatAmount(minimumFee),
      minimumFeeUnits: minimumFee.toString(),
    };
  });

  serveRoute(app, getPeers, () => modules.peers());

  app.get<{ Querystring: { from?: string; limit?: string } }>(
    "/v1/blocks",
    { schema: blockRange },
    ({ query }) =>
      blocksAnswer(
        chain,
        query.from === undefined ? undefined : Number(query.from),
        query.limit === undefined ? blocksDefault : Math.min(Number(query.limit), blocksMax),
      ),
  );

  app.get<{ Params: { reference: string } }>(
    "/v1/blocks/:reference",
    { schema: blockReference },
    ({ params }) => {
      const hash = blockHashOf(params.reference, chain);
      const record = hash && chain.headerOf(hash);
      const block = hash && chain.block(hash);
      if (!record || !block)
        throw notFound("block", params.reference, "ask GET /v1/blocks/head for the newest");
      return blockAnswer(block, record, chain);
    },
  );

  app.post<{ Body: SubmitBody }>(
    "/v1/transactions",
    { schema: signedTransaction },
    async ({ body }, reply) => {
      const { answer, statusCode } = await submit(body, modules);
      reply.status(statusCode);
      return answer;
    },
  );

  app.get<{ Params: { id: string } }>("/v1/transactions/:id", { schema: byId }, ({ params }) => {
    const answer = transactionAnswer(fromHex(params.id) as Uint8Array, modules);
    if (answer) return answer;
    throw notFound(
      "transaction",
      params.id,
      "check the id; one that was never sent to this node is not known",
    );
  });

  app.get<{ Params: { account: string } }>("/v1/accounts/:account", ({ params }) =>
    accountAnswer(accountKeyOf(params.account, chain), modules),
  );

  app.get<{ Params: { id: string } }>("/v1/assets/:id", { schema: byId }, ({ params }) => {
    const answer = assetAnswer(params.id.toLowerCase(), chain);
    if (answer) return answer;
    throw notFound(
      "asset",
      params.id,
      "check the id; an asset's id is that of the transaction that issued it",
    );
  });

  app.get("/v1/pool", (): PoolAnswer => {
    if (modules.pool) return modules.pool();
    throw new ApiError(
      409,
      "pool/not-served",
      "this node serves no mining pool",
      "serve one with: aurex-node pool serve",
    );
  });

  addAuthorityRoutes(app, modules.authorities);
  addChainRoutes(app, modules.foundAnew);
}

function blockHashOf(reference: string, chain: Chain): Uint8Array | undefined {
  if (reference === "head") return chain.head.hash;
  return fromHex(reference, 32) ?? chain.hashAtHeight(Number(reference));
}

/** Sending the same transaction again is answered as the first time, so that a wallet may repeat after a timeout. */
async function submit(
  { bytes, replace = true }: SubmitBody,
  modules: ApiModules,
): Promise<{ readonly statusCode: number; readonly answer: SubmitAnswer }> {
  const { chain } = modules;
  const decoded = decodeTransaction(fromHex(bytes) as Uint8Array, chain.spec.chainId);
  if (!decoded.ok) throw refused(decoded.fault);
  const { id, idHex } = decoded.value;
  if (chain.transaction(id)) return { statusCode: 200, answer: { id: idHex, status: "committed" } };
  const outcome = await modules.submit(decoded.value, { replace });
  if (!outcome.ok && outcome.fault.code !== "mempool/known") throw refused(outcome.fault);
  return { statusCode: 202, answer: { id: idHex, status: "pending" } };
}

function refused(fault: SubmitFault): ApiError {
  const { status, message, next } = refusalOf(fault);
  return new ApiError(status, fault.code, message, next, detailsOf(fault));
}

/** What a program needs of a fault, e.g. the fee that a replacement takes. */
function detailsOf({ code: _, ...fields }: SubmitFault): ErrorDetails {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === "bigint" ? `${value}` : value]),
  );
}

/** The key of an address, of 64 hex digits, or of a registered name. */
function accountKeyOf(reference: string, chain: Chain): Uint8Array {
  const key = fromHex(reference, 32) ?? publicKeyOfAddress(reference);
  if (key) return key;
  if (reference.startsWith("aurex1")) {
    throw new ApiError(
      400,
      "api/address-invalid",
      `${reference} is no address: a letter is wrong or missing`,
      "copy the whole address again",
    );
  }
  // Names stand in the ledger in this form alone.
  const user = chain.ledger.userByName(reference.normalize("NFC").toLowerCase());
  const userKey = user && fromHex(user.account, 32);
  if (userKey) return userKey;
  throw notFound("account named", reference, "check the name, or use the address (aurex1…)");
}

function notFound(what: string, reference: string, next: string): ApiError {
  const code = `${what.split(" ")[0]}/not-found`;
  return new ApiError(404, code, `there is no ${what} ${reference}`, next);
}
