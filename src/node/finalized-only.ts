/** Refuses an SQL ledger of final blocks where the chain never has one. */
import type { ChainSpec } from "../protocol/genesis.ts";
import { exitCodes, OperatorError } from "./operator-error.ts";

/** @throws OperatorError if blocks of the chain never become final */
export function requireFinality({ name, consensus }: ChainSpec): void {
  if (consensus === "poa") return;
  throw new OperatorError(`--finalized-only writes nothing on the chain ${name}`, {
    code: "node/no-finality",
    exitCode: exitCodes.usage,
    why: "it is a Proof of Work chain, whose blocks never become final",
    next: "leave --finalized-only out, and count the blocks on top of a transaction: cursor_index in meta less its block_id",
  });
}
