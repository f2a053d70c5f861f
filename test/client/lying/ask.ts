/** What a client is asked to verify, and in a word what came of it; the same in Node and in a browser. */
import { createApiClient, LightClient, type Verified } from "../../../src/client/index.ts";

export interface Question {
  readonly url: string;
  readonly chainId: string;
  readonly ask: "open" | "sync" | "block" | "body" | "seal" | "transaction" | "balance";
  /** A height, a hash, an id, an account. */
  readonly of?: string;
  readonly asset?: string;
}

/** The fault's code, or "verified" with what was. */
export async function outcomeOf(question: Question): Promise<string> {
  try {
    return await verifiedOrNot(question);
  } catch (thrown) {
    return `thrown: ${thrown}`;
  }
}

async function verifiedOrNot({ url, chainId, ask, of = "", asset }: Question): Promise<string> {
  const opened = await LightClient.open({ chainId, api: createApiClient(url, { retries: 0 }) });
  if (!opened.ok) return opened.fault.code;
  if (ask === "open") return "verified";
  const followed = await opened.value.sync();
  if (!followed.ok) return followed.fault.code;
  if (ask === "sync") return `verified ${followed.value.height} ${followed.value.hash}`;
  const asked: Readonly<Record<typeof ask, () => Promise<Verified<unknown>>>> = {
    block: () => opened.value.verifyBlock(of),
    body: () => opened.value.verifyBody(of),
    seal: () => opened.value.verifySeal(of),
    transaction: () => opened.value.verifyTransaction(of),
    balance: () => opened.value.verifyBalance(of, asset),
  };
  const verified = await asked[ask]();
  return verified.ok ? `verified ${textOf(verified.value)}` : verified.fault.code;
}

/** Everything that was verified, as a text in which equal values are equal. */
function textOf(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) => {
    if (typeof one === "bigint") return String(one);
    return one instanceof Uint8Array ? [...one].join() : one;
  });
}
