/** The worker that searches for a nonce, so that the page stays at hand meanwhile. It searches once and is then ended. */
import { type FoundNonce, type NonceSearch, searchNonces } from "./nonce-search.ts";

/** What the worker says: now and then how far it is, in the end what it has found. */
export interface MineReport {
  readonly attempts: number;
  readonly hashesPerSecond: number;
  readonly found: FoundNonce | undefined;
}

/** Between two reports. */
const batchNonces = 20_000;

const scope = globalThis as unknown as {
  addEventListener(type: "message", listener: (event: MessageEvent<NonceSearch>) => void): void;
  postMessage(report: MineReport): void;
};

scope.addEventListener("message", ({ data: search }) => {
  const startedMs = performance.now();
  for (let first = 0; ; first += batchNonces) {
    const found = searchNonces(search, first, batchNonces);
    const attempts = found?.attempts ?? first + batchNonces;
    const elapsedMs = Math.max(1, performance.now() - startedMs);
    scope.postMessage({ attempts, hashesPerSecond: (attempts * 1_000) / elapsedMs, found });
    if (found) return;
  }
});
