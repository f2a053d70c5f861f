/** Asks a running node over its API, for the commands. */
import { toHex } from "../base/bytes.ts";
import { toError } from "../base/invariant.ts";
import type {
  AccountAnswer,
  AssetAnswer,
  BlockAnswer,
  BlocksAnswer,
  ErrorAnswer,
  NodeAnswer,
  SubmitAnswer,
  TransactionAnswer,
} from "./answers.ts";

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

  constructor(status: number, { code, message, next }: ErrorAnswer["error"]) {
    super(message);
    this.status = status;
    this.code = code;
    this.next = next;
  }
}

/** Every call throws {@link ApiUnreachable} or {@link ApiRefusal} where it has no answer. */
export interface ApiClient {
  readonly url: string;
  node(): Promise<NodeAnswer>;
  /** @param reference "head", a height or a hash */
  block(reference: string): Promise<BlockAnswer>;
  blocks(range?: { readonly from?: number; readonly limit?: number }): Promise<BlocksAnswer>;
  transaction(id: string): Promise<TransactionAnswer>;
  /** @param reference an address, a public key in hex or a registered name */
  account(reference: string): Promise<AccountAnswer>;
  asset(id: string): Promise<AssetAnswer>;
  /** @param bytes the SSZ of a signed transaction */
  submit(bytes: Uint8Array): Promise<SubmitAnswer>;
}

const timeoutMs = 10_000;

/** @param url e.g. `http://127.0.0.1:13280` */
export function createApiClient(url: string): ApiClient {
  const base = url.replace(/\/+$/, "");
  const get = <Answer>(path: string) => request<Answer>(base, path, {});
  const at = (reference: string | number) => encodeURIComponent(reference);
  return {
    url: base,
    node: () => get("/v1/node"),
    block: (reference) => get(`/v1/blocks/${at(reference)}`),
    blocks: ({ from, limit } = {}) => {
      const query = Object.entries({ from, limit }).filter(([, value]) => value !== undefined);
      return get(`/v1/blocks?${new URLSearchParams(query.map(([name, value]) => [name, String(value)]))}`);
    },
    transaction: (id) => get(`/v1/transactions/${at(id)}`),
    account: (reference) => get(`/v1/accounts/${at(reference)}`),
    asset: (id) => get(`/v1/assets/${at(id)}`),
    submit: (bytes) =>
      request(base, "/v1/transactions", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ bytes: toHex(bytes) }),
      }),
  };
}

async function request<Answer>(base: string, path: string, init: RequestInit): Promise<Answer> {
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(`${base}${path}`, { ...init, signal: AbortSignal.timeout(timeoutMs) });
    body = await response.json();
  } catch (thrown) {
    // What went wrong is in the cause: fetch itself only says that it failed.
    const { cause, message } = toError(thrown);
    const reason = cause === undefined ? message : toError(cause).message;
    throw new ApiUnreachable(base, reason, { cause: thrown });
  }
  if (response.ok) return body as Answer;
  if (isErrorAnswer(body)) throw new ApiRefusal(response.status, body.error);
  throw new ApiUnreachable(base, `what answers there is no Aurex node (HTTP ${response.status})`);
}

function isErrorAnswer(body: unknown): body is ErrorAnswer {
  if (typeof body !== "object" || body === null || !("error" in body)) return false;
  const { error } = body;
  return (
    typeof error === "object" && error !== null && "code" in error && "message" in error && "next" in error
  );
}
