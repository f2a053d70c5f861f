/** The API over a chain that a test builds block by block, so that it can branch and be reorganized. */
import assert from "node:assert/strict";
import type { Problem } from "../../src/api/problem.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { type Api, createApi } from "../../src/http/api.ts";
import type { ApiModules } from "../../src/http/api-modules.ts";
import { createMempool } from "../../src/mempool/mempool.ts";
import { mempoolChange, mempoolHead } from "../../src/node/node-core.ts";
import type { ChainSpec } from "../../src/protocol/genesis.ts";
import type { ChainStore } from "../../src/store/chain-store.ts";
import { createInlineVerifier } from "../../src/verifier/verifier.ts";
import { type OpenChain, openChain } from "../chain/open-chain.ts";
import { createMemoryStore } from "../support/memory-store.ts";

export interface ChainApi extends OpenChain {
  readonly api: Api;
  readonly url: string;
  /** The answer to GET, which has to be 200. */
  get<Body>(path: string): Promise<Body>;
  /** What GET is refused with. */
  refused(path: string): Promise<Problem>;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function openChainApi(
  spec: ChainSpec,
  others: Partial<ApiModules> = {},
  store: ChainStore = createMemoryStore(),
): Promise<ChainApi> {
  const open = await openChain({ spec }, { store });
  const { chain, clock } = open;
  const mempool = createMempool(
    {},
    { clock, verifier: createInlineVerifier(), logger: silentLogger, ledger: () => mempoolHead(chain) },
  );
  chain.events.on("headChanged", (change) => mempool.headChanged(mempoolChange(change)));
  const status = { mining: false, hashesPerSecond: null, hashesTried: null };
  const api = createApi(
    { port: 0, checkAnswers: true },
    {
      chain,
      mempool,
      submitMany: (transactions, adding) => mempool.addMany(transactions, adding),
      status: () => status as ReturnType<ApiModules["status"]>,
      peers: () => ({ peers: [], refused: [], banned: [], clockNote: null }),
      software: "aurex/test",
      logger: silentLogger,
      ...others,
    },
  );
  const url = await api.start();
  return {
    ...open,
    api,
    url,
    async get(path) {
      const response = await fetch(`${url}${path}`);
      const body = await response.json();
      assert.equal(response.status, 200, JSON.stringify(body));
      return body;
    },
    async refused(path) {
      const response = await fetch(`${url}${path}`);
      const body = (await response.json()) as Problem;
      assert.equal(response.status, body.status, JSON.stringify(body));
      return body;
    },
    async [Symbol.asyncDispose]() {
      await api.stop();
      await chain.close();
      mempool.close();
    },
  };
}
