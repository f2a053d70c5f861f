/** Answers one question: verifies from the trusted chain id on, and holds what the page shows against what was proven. */
import { getNode } from "../../api/node.ts";
import { type ApiClient, ApiProblem, ApiUnreachable, type Verified } from "../../client/index.ts";
import { answerBalance } from "./answer-balance.ts";
import { answerBlock, answerTransaction } from "./answer-chain.ts";
import type { LightCache } from "./light-cache.ts";
import { type LightSession, type Listening, openSession } from "./light-session.ts";
import type { VerifyOutcome, VerifyReport, VerifyRequest } from "./report.ts";
import { Ended, provenBy, type Run, refuted, type Step, stepsTo } from "./run.ts";

export interface RunModules {
  readonly api: ApiClient;
  readonly cache: LightCache;
  readonly now: () => number;
  /** Light clients of earlier questions, by node and chain; one question at a time uses them. */
  readonly sessions: Map<string, LightSession>;
}

/** @returns what came of it; what it throws is a bug of ours */
export async function runVerification(
  request: VerifyRequest,
  modules: RunModules,
  report: (report: VerifyReport) => void,
  signal: AbortSignal,
): Promise<VerifyOutcome> {
  try {
    return await answered(request, modules, report, signal);
  } catch (thrown) {
    return outcomeOf(thrown, signal);
  }
}

async function answered(
  request: VerifyRequest,
  modules: RunModules,
  report: (report: VerifyReport) => void,
  signal: AbortSignal,
): Promise<VerifyOutcome> {
  const step = stepsTo(report);
  const onProgress = (height: number, of: number) => report({ type: "progress", height, of });
  await requireSameChain(request, modules, signal, step);
  const session = await sessionOf(request, modules, { signal, onProgress }, step);
  const { client } = session;
  const engine = client.status.consensus;
  try {
    provenBy(await client.sync(), { step, phase: "sync", engine });
  } finally {
    // What was learned before a fault or a cancel stays learned; a browser that keeps nothing learns it again.
    await session.keep().catch(() => undefined);
  }
  const run: Run = { api: withSignal(modules.api, signal), client, step };
  const { question } = request;
  switch (question.kind) {
    case "transaction":
      return answerTransaction(run, question);
    case "block":
      return answerBlock(run, question);
    case "balance":
      return answerBalance(run, question);
  }
}

/** A client that goes on from what was kept asks for no chain spec, so that it would notice another chain late. */
async function requireSameChain(
  { chainId }: VerifyRequest,
  { api }: RunModules,
  signal: AbortSignal,
  step: Step,
): Promise<void> {
  const said = await api.call(getNode, {}, { signal });
  if (said.chainId === chainId) return;
  const reason = `the node says that its chain is ${said.chainId}`;
  step("chain-id", "fails", reason);
  throw new Ended(refuted("light/wrong-genesis", reason));
}

/** The light client of an earlier question, or one that goes on from what was kept, or a new one. */
async function sessionOf(
  { chainId, baseUrl, isFromStart = false }: VerifyRequest,
  { api, cache, now, sessions }: RunModules,
  listening: Listening,
  step: Step,
): Promise<LightSession> {
  const key = `${baseUrl} ${chainId}`;
  if (isFromStart) {
    sessions.delete(key);
    await cache.forget(chainId);
  }
  const known = sessions.get(key);
  if (known) {
    const { spec, status } = known.client;
    step("chain-id", "holds", `the chain spec "${spec.name}" has the hash ${chainId}`);
    step("kept", "holds", `the chain up to block ${status.height} was verified before`);
    known.listen(listening);
    return known;
  }
  // A browser whose database fails goes without.
  const kept = await cache.read(chainId).catch(() => undefined);
  const modules = { api, cache, now };
  let opened: Verified<LightSession> = await openSession({ chainId, kept, listening }, modules);
  if (!opened.ok && opened.fault.code === "light/stored-invalid") {
    step("kept", "open", `${opened.fault.reason}: it was thrown away`);
    await cache.forget(chainId);
    opened = await openSession({ chainId, kept: undefined, listening }, modules);
  }
  const session = provenBy(opened, { step, phase: "open", engine: "poa" });
  if (session.keptAtMs !== undefined) {
    const day = new Date(session.keptAtMs).toISOString().slice(0, 10);
    step("kept", "holds", `the chain up to block ${session.client.status.height} was verified on ${day}`);
  }
  // One that has ended with its node's fault is opened anew by the next question.
  sessions.set(key, session);
  return session;
}

function withSignal(api: ApiClient, signal: AbortSignal): ApiClient {
  const call: ApiClient["call"] = (route, input, options) => api.call(route, input, { ...options, signal });
  return { ...api, call };
}

function outcomeOf(thrown: unknown, signal: AbortSignal): VerifyOutcome {
  if (signal.aborted) return { result: "cancelled" };
  if (thrown instanceof Ended) return thrown.outcome;
  if (thrown instanceof ApiProblem) {
    return { result: "impossible", reason: thrown.detail, next: thrown.next };
  }
  if (thrown instanceof ApiUnreachable) {
    const next = "verify again once the node answers";
    return { result: "impossible", reason: `the node does not answer: ${thrown.message}`, next };
  }
  throw thrown;
}
