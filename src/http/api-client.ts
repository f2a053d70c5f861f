/** Asks a running node over its API, for the commands. */

import type { AccountAnswer } from "../api/accounts.ts";
import type { AssetAnswer } from "../api/assets.ts";
import type { BlockAnswer, BlocksAnswer } from "../api/blocks.ts";
import type { AuthoritiesAnswer, AuthorityAction, ConsentAnswer } from "../api/consensus.ts";
import type { PoolAnswer } from "../api/mining.ts";
import type { PeersAnswer } from "../api/node.ts";
import type { NodeAnswer } from "../api/node-status.ts";
import { type ErrorDetails, isProblem, type Problem } from "../api/problem.ts";
import type { SubmitAnswer, Submitted, TransactionAnswer } from "../api/transactions.ts";
import { toHex } from "../base/bytes.ts";
import { toError } from "../base/invariant.ts";

/** Nothing answers at the URL, or what answers is no Aurex node. */
export class ApiUnreachable extends Error {
  override name = "ApiUnreachable";
  readonly url: string;

  constructor(url: string, reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.url = url;
  }
}

/** The node answered with an error. */
export class ApiRefusal extends Error {
  override name = "ApiRefusal";
  readonly status: number;
  readonly code: string;
  readonly next: string;
  readonly details: ErrorDetails;

  constructor(status: number, { code, detail, next, details = {} }: Problem) {
    super(detail);
    this.status = status;
    this.code = code;
    this.next = next;
    this.details = details;
  }
}

/** Every call throws {@link ApiUnreachable} or {@link ApiRefusal} where it has no answer. */
export interface ApiClient {
  readonly url: string;
  node(): Promise<NodeAnswer>;
  peers(): Promise<PeersAnswer>;
  /** @param reference "head", a height or a hash */
  block(reference: string): Promise<BlockAnswer>;
  blocks(range?: { readonly from?: number; readonly limit?: number }): Promise<BlocksAnswer>;
  transaction(id: string): Promise<TransactionAnswer>;
  /** @param reference an address, a public key in hex or a registered name */
  account(reference: string): Promise<AccountAnswer>;
  asset(id: string): Promise<AssetAnswer>;
  /**
   * @param bytes the SSZ of a signed transaction
   * @param replace whether it may take the place of one that waits with the same sequence, for a higher fee; default true
   */
  submit(bytes: Uint8Array, replace?: boolean): Promise<Submitted>;
  authorities(): Promise<AuthoritiesAnswer>;
  pool(): Promise<PoolAnswer>;
  /** Has the node cast its vote. */
  voteOnAuthority(vote: AuthorityVoteBody): Promise<SubmitAnswer>;
  openJoinWindow(forMs: number): Promise<{ readonly joinWindowEndsAtMs: number }>;
  /** Has the node leave its chain and begin anew. */
  foundAnew(): Promise<{ readonly status: "leaving" }>;
  /** The node's consent to become an authority. */
  proposeAuthority(): Promise<ConsentAnswer>;
}

export interface AuthorityVoteBody {
  readonly action: AuthorityAction;
  readonly address: string;
  /** Hex; goes with `expiresAtHeight`. */
  readonly consent?: string;
  readonly expiresAtHeight?: number;
}

/** A busy node answers late; one that is gone refuses at once. */
const timeoutMs = 30_000;

/** As `fetch` does, from this machine or from another. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/**
 * @param url e.g. `http://127.0.0.1:13280`
 * @param fetchFrom where the requests start
 */
export function createApiClient(url: string, fetchFrom: Fetch = fetch): ApiClient {
  const base = url.replace(/\/+$/, "");
  const request = <Answer>(path: string, init: RequestInit) => answerOf<Answer>(fetchFrom, base, path, init);
  const get = <Answer>(path: string) => request<Answer>(path, {});
  const post = <Answer>(path: string, body: object) =>
    request<Answer>(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  const at = (reference: string | number) => encodeURIComponent(reference);
  return {
    url: base,
    node: () => get("/v1/node"),
    peers: () => get("/v1/peers"),
    block: (reference) => get(`/v1/blocks/${at(reference)}`),
    blocks: ({ from, limit } = {}) => {
      const query = Object.entries({ from, limit }).filter(([, value]) => value !== undefined);
      return get(`/v1/blocks?${new URLSearchParams(query.map(([name, value]) => [name, String(value)]))}`);
    },
    transaction: (id) => get(`/v1/transactions/${at(id)}`),
    account: (reference) => get(`/v1/accounts/${at(reference)}`),
    asset: (id) => get(`/v1/assets/${at(id)}`),
    submit: (bytes, replace = true) => post("/v1/transactions", { bytes: toHex(bytes), replace }),
    authorities: () => get("/v1/authorities"),
    pool: () => get("/v1/pool"),
    voteOnAuthority: (vote) => post("/v1/authorities/votes", vote),
    openJoinWindow: (forMs) => post("/v1/authorities/open", { forMs }),
    foundAnew: () => post("/v1/chain/anew", {}),
    proposeAuthority: () => post("/v1/authorities/candidacy", {}),
  };
}

async function answerOf<Answer>(
  fetchFrom: Fetch,
  base: string,
  path: string,
  init: RequestInit,
): Promise<Answer> {
  let response: Response;
  let body: unknown;
  try {
    response = await fetchFrom(`${base}${path}`, { ...init, signal: AbortSignal.timeout(timeoutMs) });
    body = await response.json();
  } catch (thrown) {
    // What went wrong is in the cause: fetch itself only says that it failed.
    const { cause, message } = toError(thrown);
    const reason = cause === undefined ? message : toError(cause).message;
    throw new ApiUnreachable(base, reason, { cause: thrown });
  }
  if (response.ok) return body as Answer;
  if (isProblem(body)) throw new ApiRefusal(response.status, body);
  throw new ApiUnreachable(base, `what answers there is no Aurex node (HTTP ${response.status})`);
}
