/** The thread that writes a ledger: an `ExportJob`, called from the node's thread, which also lends it the chain. */
import { platform, setPriority } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "../base/clock.ts";
import { invariant } from "../base/invariant.ts";
import type { Logger } from "../base/logger.ts";
import { decodeGenesis } from "../protocol/genesis.ts";
import type { NodeRecord } from "../protocol/node-record.ts";
import { ExportJob } from "./export-job.ts";
import type { LedgerJob } from "./ledger-job.ts";
import type { PoolRow } from "./pool-rows.ts";
import { RemoteFeed } from "./remote-feed.ts";
import {
  type ExportThreadData,
  type FromThread,
  type JobCall,
  type JobState,
  type LogLevel,
  sendError,
  type ToThread,
} from "./thread-messages.ts";

/** After the node's own thread and those that verify; before mining. */
const niceness = 5;

const port = parentPort;
invariant(port, "this file runs in a worker thread");
// Linux alone gives each thread its own priority.
if (platform() === "linux") setPriority(niceness);
const { job: options, postgres, genesis } = workerData as ExportThreadData;
const spec = decodeGenesis(genesis);
invariant(spec.ok, "the genesis of a chain that runs");
const send = (message: FromThread) => port.postMessage(message);
const feed = new RemoteFeed(spec.value, send);
const job = await openJob();
let stop: AbortController | undefined;
/** One call after the other: nothing is to be closed or emptied while rows are written. */
let lastCall: Promise<void> = Promise.resolve();

port.on("message", (message: ToThread) => {
  if (message.kind === "stop") stop?.abort();
  else if (message.kind !== "call") feed.receive(message);
  else lastCall = lastCall.then(() => answer(message.id, message.call, message.input));
});

/** Only who writes to PostgreSQL loads its driver. */
async function openJob(): Promise<LedgerJob> {
  const modules = { feed, clock: systemClock, logger: loggerOf({}) };
  if (!postgres) return new ExportJob(options, modules);
  const { PostgresJob } = await import("./postgres/postgres-job.ts");
  return new PostgresJob({ place: postgres }, modules);
}

async function answer(id: number, call: JobCall, input: unknown): Promise<void> {
  try {
    const output = await carryOut(call, input);
    send({ kind: "answer", id, output, state: stateOf() });
  } catch (thrown) {
    send({ kind: "failed", id, error: sendError(thrown), state: stateOf() });
  }
}

function carryOut(call: JobCall, input: unknown): unknown {
  switch (call) {
    case "open":
      return job.open();
    case "catchUp":
      return catchUp();
    case "recordNodes":
      return job.recordNodes(input as readonly NodeRecord[]);
    case "recordPool":
      return job.recordPool(input as readonly PoolRow[]);
    case "tidy":
      return job.tidy();
    case "close":
      return job.close();
  }
}

function catchUp() {
  const controller = new AbortController();
  stop = controller;
  return job.catchUp((progress) => send({ kind: "progress", progress, state: stateOf() }), controller.signal);
}

function stateOf(): JobState {
  return { cursor: job.cursor, logBytes: job.logBytes };
}

/** Writes to the node's log. */
function loggerOf(bindings: object): Logger {
  const write = (level: LogLevel) => (fields: object, message: string) =>
    send({ kind: "log", level, fields: { ...bindings, ...fields }, message });
  return {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    child: (more) => loggerOf({ ...bindings, ...more }),
  };
}
