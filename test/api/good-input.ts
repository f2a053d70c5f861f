/** Good input for each route: what the document's examples say, and where the chain of a test has to know it, what it knows. */
import type { Input, Operation } from "./generated-client.ts";
import { type AuthorityWorld, type CouncilWorld, nonceFor, type World } from "./worlds.ts";

export interface Worlds {
  readonly authority: AuthorityWorld;
  readonly council: CouncilWorld;
  readonly candidate: World;
  readonly miner: World;
}

interface Good {
  /** Of the node that can answer; the authority if it is not said. */
  readonly world?: keyof Worlds;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** The error that is right here, for what no node of a test may do. */
  readonly refused?: { readonly status: number; readonly code: string };
}

/** By the operation's name in the document. */
const goodInput: Readonly<Record<string, (worlds: Worlds) => Good>> = {
  getTransaction: ({ authority }) => ({ parameters: { id: authority.committedId } }),
  getTransactionRaw: ({ authority }) => ({ parameters: { id: authority.committedId } }),
  getTransactionProof: ({ authority }) => ({ parameters: { id: authority.committedId } }),
  postTransactionCheck: ({ authority }) => ({ body: { bytes: authority.unsent } }),
  postTransactions: ({ authority }) => ({ body: { transactions: [authority.unsent] } }),
  getAsset: ({ authority }) => ({ parameters: { id: authority.assetId } }),
  postAuthorityVote: ({ council }) => ({ world: "council", body: { action: "add", ...council.consent } }),
  postJoinWindow: () => ({ body: { forMs: 1_000 } }),
  postCandidacy: () => ({ world: "candidate", body: {} }),
  // It would end the node; founding anew has tests of its own.
  postFoundAnew: () => ({ body: {}, refused: { status: 409, code: "chain/given" } }),
  // These nodes are parts of the test's process, which has no log of theirs; the routes have tests with processes.
  postLogLevel: () => ({ refused: { status: 409, code: "admin/log-not-own" } }),
  postStop: () => ({ body: {}, refused: { status: 409, code: "admin/not-stoppable" } }),
  getMining: () => ({ world: "miner" }),
  getMiningHistory: () => ({ world: "miner" }),
  getWork: () => ({ world: "miner" }),
  postWork: ({ miner }) => ({ world: "miner", body: nonceFor(miner.node) }),
  getPool: () => ({ world: "miner" }),
};

/** What paths call an account by; the examples' is on no chain of a test. */
const accountNames = new Set(["account", "name"]);

/** The parameters that the document's examples give, or the table above; undefined if a required one has neither. */
export function goodInputFor(operation: Operation, worlds: Worlds): (Good & Input) | undefined {
  const known = goodInput[operation.operationId]?.(worlds) ?? {};
  const { parameters = [], requestBody } = operation;
  const examples = parameters.flatMap(({ name, example }) =>
    example === undefined ? [] : [[name, example]],
  );
  const named = parameters.filter((parameter) => parameter.in === "path" && accountNames.has(parameter.name));
  const account = named.map(({ name }) => [name, worlds.authority.name]);
  const values = { ...Object.fromEntries([...examples, ...account]), ...known.parameters };
  if (parameters.some(({ name, required }) => required && values[name] === undefined)) return undefined;
  const body = known.body ?? requestBody?.content["application/json"]?.example;
  if (requestBody && body === undefined) return undefined;
  return { ...known, parameters: values, ...(body === undefined ? {} : { body }) };
}
