/** What a chain begins with. */
import { Type } from "typebox";
import { route, type Said } from "./route.ts";
import { Hash, Hex } from "./shapes.ts";

const GenesisAnswer = Type.Object({
  chainId: Type.String({ pattern: "^[0-9a-f]{64}$", description: "SHA256 of `bytes`" }),
  blockHash: Hash,
  stateRoot: Hash,
  spec: Type.Record(Type.String(), Type.Unknown(), {
    description: "the chain spec, as `aurex-node init` writes it and `--chain` reads it",
  }),
  bytes: Hex,
});
export type GenesisAnswer = Said<typeof GenesisAnswer>;

export const getGenesis = route({
  method: "GET",
  path: "/v1/genesis",
  topic: "light",
  summary: "The chain's spec as JSON, and the bytes whose hash is the chain id",
  answers: { 200: GenesisAnswer },
});
