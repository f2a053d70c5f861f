/** Runs on a machine of a LAN: fetches what it is asked to, a JSON question and a JSON answer a line. */
import { createInterface } from "node:readline";
import { toError } from "../../base/invariant.ts";

export interface AgentQuestion {
  readonly id: number;
  readonly url: string;
  readonly method: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string | null;
}

export type AgentAnswer =
  | { readonly id: number; readonly status: number; readonly body: string }
  | { readonly id: number; readonly error: string };

const timeoutMs = 10_000;

for await (const line of createInterface({ input: process.stdin })) {
  void answer(JSON.parse(line)).then((given) => process.stdout.write(`${JSON.stringify(given)}\n`));
}

async function answer({ id, url, method, headers, body }: AgentQuestion): Promise<AgentAnswer> {
  try {
    const response = await fetch(url, {
      method,
      headers: headers.map(([name, value]): [string, string] => [name, value]),
      body,
      signal: AbortSignal.timeout(timeoutMs),
    });
    return { id, status: response.status, body: await response.text() };
  } catch (thrown) {
    const { cause, message } = toError(thrown);
    return { id, error: cause === undefined ? message : toError(cause).message };
  }
}
