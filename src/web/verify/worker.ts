/** The worker in which verifications run: it has the light clients, and answers one question at a time. */
import { toError } from "../../base/invariant.ts";
import { createApiClient } from "../../client/index.ts";
import { freshFetch } from "../live/fresh-fetch.ts";
import { createMemoryCache, type LightCache, openLightCache } from "./light-cache.ts";
import type { LightSession } from "./light-session.ts";
import type { FromWorker, ToWorker, VerifyReport } from "./report.ts";
import { runVerification } from "./verify-run.ts";

/** As much of a worker's global scope as is used. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker): void;
}

const scope = globalThis as unknown as WorkerScope;
const cancels = new Map<number, AbortController>();
const sessions = new Map<string, LightSession>();
let opening: Promise<LightCache> | undefined;
/** A light client is asked one thing at a time, so that its requests and steps belong to one question. */
let last: Promise<void> = Promise.resolve();

scope.onmessage = ({ data }) => {
  if ("cancel" in data) {
    cancels.get(data.number)?.abort();
    return;
  }
  const over = new AbortController();
  cancels.set(data.number, over);
  last = last.then(() => answer(data, over.signal)).finally(() => cancels.delete(data.number));
};

async function answer(
  { number, request }: Extract<ToWorker, { readonly request: unknown }>,
  signal: AbortSignal,
) {
  const report = (said: VerifyReport) => scope.postMessage({ number, report: said });
  try {
    opening ??= openLightCache().catch(createMemoryCache);
    const modules = {
      api: createApiClient(request.baseUrl, { fetch: freshFetch }),
      cache: await opening,
      now: Date.now,
      sessions,
    };
    report({ type: "outcome", outcome: await runVerification(request, modules, report, signal) });
  } catch (thrown) {
    // A fault of ours: it must not look like one of the node.
    const reason = `this page has a fault of its own: ${toError(thrown).message}`;
    const next = "reload the page; if that does not help, please report it";
    report({ type: "outcome", outcome: { result: "impossible", reason, next } });
  }
}
