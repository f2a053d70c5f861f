/** The door of `aurex/client`: what programs and pages use to talk to a node, sign, and verify. */
export { type ApiClient, type ApiClientOptions, createApiClient } from "./api-client.ts";
export { ApiProblem, ApiUnreachable } from "./api-problem.ts";
export type { CallInput, CallOptions, Fetch } from "./call.ts";
