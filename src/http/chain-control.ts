/** The route by which an operator has a node leave its chain and begin anew; nothing is deleted. */
import type { FastifyInstance } from "fastify";
import { ApiError } from "./api-error.ts";

/** Why a node stays on its chain. */
export type FoundAnewRefusal = "established" | "given" | "not-ahead";

/** Undefined: it leaves the chain now, which ends the API for a moment. */
export type FoundAnew = () => FoundAnewRefusal | undefined;

const refusals: Readonly<Record<FoundAnewRefusal, readonly [message: string, next: string]>> = {
  established: [
    "this chain is established: others have a part in it, or it holds transactions of users",
    "wait until the clocks have caught up with it (aurex-node status); or begin another network: --network with a new name, and a new --data-dir",
  ],
  given: [
    "this chain was given with --chain or by an invitation: another one cannot be founded in its place",
    "write a new chain spec (aurex-node init --help), and start with it in a new --data-dir",
  ],
  "not-ahead": [
    "this Proof of Work chain is not ahead of this machine's clock",
    "leave it as it is; for a chain of its own use another --data-dir",
  ],
};

/** @param foundAnew undefined if nothing could begin anew when the node has stopped */
export function addChainRoutes(app: FastifyInstance, foundAnew: FoundAnew | undefined): void {
  const schema = { body: { type: "object", additionalProperties: false } };
  app.post("/v1/chain/anew", { schema }, (_request, reply) => {
    const refusal = foundAnew ? foundAnew() : "given";
    if (refusal) {
      const [message, next] = refusals[refusal];
      throw new ApiError(409, `chain/${refusal}`, message, next);
    }
    reply.status(202);
    return { status: "leaving" };
  });
}
