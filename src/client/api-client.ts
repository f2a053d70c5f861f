/** The API of one node, typed by the routes that it declares. */
import { type AccountAnswer, getAccount } from "../api/accounts.ts";
import { type AssetAnswer, getAsset } from "../api/assets.ts";
import { type BlockAnswer, type BlocksAnswer, getBlock, getBlocks } from "../api/blocks.ts";
import {
  type AuthoritiesAnswer,
  type ConsentAnswer,
  getAuthorities,
  postAuthorityVote,
  postCandidacy,
  postJoinWindow,
  type VoteBody,
} from "../api/consensus.ts";
import { getPool, type PoolAnswer } from "../api/mining.ts";
import { getNode, getPeers, type PeersAnswer, postFoundAnew } from "../api/node.ts";
import type { NodeAnswer } from "../api/node-status.ts";
import type { AnswerOf, RouteShape } from "../api/route.ts";
import {
  type Checked,
  getTransaction,
  postTransactionCheck,
  postTransactions,
  type SubmitAnswer,
  type Submitted,
  type SubmittedBatch,
  type TransactionAnswer,
} from "../api/transactions.ts";
import { toHex } from "../base/bytes.ts";
import {
  type CallInput,
  type CallOptions,
  callRoute,
  type Fetch,
  openRoute,
  type QueryInput,
} from "./call.ts";

/** The token of a node, if this program knows it. */
export type ReadToken = () => Promise<string | undefined>;

export interface ApiClientOptions {
  /** Where the requests start; the global `fetch` if it is left out. */
  readonly fetch?: Fetch;
  /** For each request, default 30,000: a busy node answers late, one that is gone refuses at once. */
  readonly timeoutMs?: number;
  /** How often a GET without an answer is sent again; default 2. Nothing else is ever sent again by itself. */
  readonly retries?: number;
  /** The node's admin token, or what reads it; it goes with the routes that need it and with no other. */
  readonly token?: string | ReadToken | undefined;
}

export interface ApiClient {
  /** Without a slash at its end. */
  readonly url: string;
  /**
   * Calls any declared route.
   *
   * @returns the answer of a status that the route declares
   * @throws ApiProblem if the node refused, ApiUnreachable if no node answered, the signal's reason if it was aborted
   */
  call<const Shape extends RouteShape>(
    route: Shape,
    input: CallInput<Shape>,
    options?: CallOptions,
  ): Promise<AnswerOf<Shape>>;
  /** As {@link call}, for a route that answers piece by piece: the response, its body not yet read. */
  open<const Shape extends RouteShape>(
    route: Shape,
    input: CallInput<Shape>,
    options?: CallOptions,
  ): Promise<Response>;
  node(): Promise<NodeAnswer>;
  peers(): Promise<PeersAnswer>;
  /** @param reference "head", a height or a hash */
  block(reference: string | number): Promise<BlockAnswer>;
  blocks(query?: QueryInput<typeof getBlocks>): Promise<BlocksAnswer>;
  /** @param id 64 hex digits */
  transaction(id: string): Promise<TransactionAnswer>;
  /** @param reference an address, a public key in hex or a registered name */
  account(reference: string): Promise<AccountAnswer>;
  /** @param id "AUR", or the id of the transaction that issued the asset */
  asset(id: string): Promise<AssetAnswer>;
  /**
   * Sends a transaction once. The answer may be lost: see `submitSafely`.
   *
   * @param bytes the SSZ of a signed transaction
   * @param replace whether it may take the place of one that waits with the same sequence, for a higher fee; default true
   */
  submit(bytes: Uint8Array, replace?: boolean): Promise<Submitted>;
  /** Up to 512 at once: what became of each is in `results`, in their order. */
  submitMany(transactions: readonly Uint8Array[], replace?: boolean): Promise<SubmittedBatch>;
  /** What submitting would answer, without doing it. */
  check(bytes: Uint8Array, replace?: boolean): Promise<Checked>;
  authorities(): Promise<AuthoritiesAnswer>;
  pool(): Promise<PoolAnswer>;
  /** Has the node cast its vote. */
  voteOnAuthority(vote: VoteBody): Promise<SubmitAnswer>;
  openJoinWindow(forMs: number): Promise<{ readonly joinWindowEndsAtMs: number }>;
  /** Has the node leave its chain and begin anew. */
  foundAnew(): Promise<{ readonly status: "leaving" }>;
  /** The node's consent to become an authority. */
  proposeAuthority(): Promise<ConsentAnswer>;
}

const timeoutMsDefault = 30_000;
const retriesDefault = 2;

/**
 * @param url of the node's API, e.g. `http://127.0.0.1:13280`
 * @throws TypeError if it is no URL of http or https
 */
export function createApiClient(url: string, options: ApiClientOptions = {}): ApiClient {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new TypeError(`${url} is no URL of http or https; write for example http://127.0.0.1:13280`);
  }
  const { token } = options;
  const connection = {
    url: url.replace(/\/+$/, ""),
    fetchFrom: options.fetch ?? ((target: string, init: RequestInit) => fetch(target, init)),
    timeoutMs: options.timeoutMs ?? timeoutMsDefault,
    retries: options.retries ?? retriesDefault,
    readToken: typeof token === "function" ? token : async () => token,
  };
  const call: ApiClient["call"] = (route, input, callOptions) =>
    callRoute(connection, route, input, callOptions);
  return {
    url: connection.url,
    node: () => call(getNode, {}),
    peers: () => call(getPeers, {}),
    block: (reference) => call(getBlock, { params: { reference } }),
    blocks: (query = {}) => call(getBlocks, { query }),
    transaction: (id) => call(getTransaction, { params: { id } }),
    account: (account) => call(getAccount, { params: { account } }),
    asset: (id) => call(getAsset, { params: { id } }),
    async submit(bytes, replace = true) {
      return (await call(postTransactions, { body: { bytes: toHex(bytes), replace } })) as Submitted;
    },
    async submitMany(transactions, replace = true) {
      const body = { transactions: transactions.map(toHex), replace };
      return (await call(postTransactions, { body })) as SubmittedBatch;
    },
    check: (bytes, replace = true) => call(postTransactionCheck, { body: { bytes: toHex(bytes), replace } }),
    authorities: () => call(getAuthorities, {}),
    pool: () => call(getPool, {}),
    voteOnAuthority: (body) => call(postAuthorityVote, { body }),
    openJoinWindow: (forMs) => call(postJoinWindow, { body: { forMs } }),
    foundAnew: () => call(postFoundAnew, { body: {} }),
    proposeAuthority: () => call(postCandidacy, { body: {} }),
    call,
    open: (route, input, callOptions) => openRoute(connection, route, input, callOptions),
  };
}
