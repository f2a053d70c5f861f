/** Verifies in this browser, in a worker: what a page asks, and the steps as they are made. */
import { ownScript } from "../shell/own-script.ts";
import type {
  FromWorker,
  ToWorker,
  VerifyOutcome,
  VerifyQuestion,
  VerifyReport,
  VerifyRequest,
} from "./report.ts";
import workerUrl from "./worker.ts?worker&url";

type From = Omit<VerifyRequest, "question">;
type Asked<Kind extends VerifyQuestion["kind"]> = Omit<
  Extract<VerifyQuestion, { readonly kind: Kind }>,
  "kind"
>;

/** The steps of a verification as they are made; the last report is the outcome. */
export function verifyTransaction(from: From, asked: Asked<"transaction">, signal?: AbortSignal) {
  return verify({ ...from, question: { kind: "transaction", ...asked } }, signal);
}

/** As {@link verifyTransaction}, of a block with all that it holds. */
export function verifyBlock(from: From, asked: Asked<"block">, signal?: AbortSignal) {
  return verify({ ...from, question: { kind: "block", ...asked } }, signal);
}

/** As {@link verifyTransaction}, of what an account has. */
export function verifyBalance(from: From, asked: Asked<"balance">, signal?: AbortSignal) {
  return verify({ ...from, question: { kind: "balance", ...asked } }, signal);
}

let worker: Worker | undefined;
let numbers = 0;
const listeners = new Map<number, (report: VerifyReport) => void>();

/** One worker for all that this page asks: it has the light clients. */
function running(): Worker {
  if (worker) return worker;
  const started = new Worker(ownScript(workerUrl), { type: "module", name: "aurex-verify" });
  started.onmessage = ({ data }: MessageEvent<FromWorker>) => listeners.get(data.number)?.(data.report);
  started.onerror = () => {
    // Its file did not arrive, e.g. while the node restarts: the next question tries again.
    worker = undefined;
    started.terminate();
    const outcome: VerifyOutcome = {
      result: "impossible",
      reason: "the part of this page that verifies could not be loaded",
      next: "verify again; if the node was updated, reload the page first",
    };
    for (const tell of [...listeners.values()]) tell({ type: "outcome", outcome });
  };
  worker = started;
  return started;
}

/** @param signal cancels it: then "cancelled" is the outcome */
export async function* verify(request: VerifyRequest, signal?: AbortSignal): AsyncGenerator<VerifyReport> {
  numbers += 1;
  const number = numbers;
  const reports: VerifyReport[] = [];
  let wake: () => void = () => undefined;
  listeners.set(number, (report) => {
    reports.push(report);
    wake();
  });
  const asked = running();
  const send = (message: ToWorker) => asked.postMessage(message);
  const cancel = () => send({ number, cancel: true });
  let isOver = false;
  try {
    send({ number, request });
    if (signal?.aborted) cancel();
    signal?.addEventListener("abort", cancel);
    while (!isOver) {
      const report = reports.shift();
      if (report) {
        isOver = report.type === "outcome";
        yield report;
        continue;
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    signal?.removeEventListener("abort", cancel);
    if (!isOver) cancel();
    listeners.delete(number);
  }
}
