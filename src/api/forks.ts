/** The branches of the chain that a node knows beside the one it follows. */
import { Type } from "typebox";
import { route, type Said } from "./route.ts";
import {
  Address,
  BigNumber,
  Count,
  Hash,
  HeadReference,
  Height,
  IsoTime,
  orNull,
  TimestampMs,
} from "./shapes.ts";

/** Blocks of one branch that an answer names, and branches that it shows. */
export const branchBlocksMax = 20;
export const branchesMax = 100;

const BranchBlock = Type.Object({
  height: Height,
  hash: Hash,
  parentHash: Hash,
  timestampMs: TimestampMs,
  time: IsoTime,
  producer: Address,
  producerName: orNull(Type.String()),
  transactionCount: Count,
});

const Branch = Type.Object({
  tip: BranchBlock,
  forkPoint: Type.Union([HeadReference, Type.Null()], {
    description:
      "the last block that the branch has in common with the chain; null if it is older than what is kept at hand",
  }),
  length: Type.Integer({ minimum: 1, description: "blocks of the branch, as far as they are at hand" }),
  cumulativeWeight: BigNumber,
  weightBehindHead: Type.String({
    pattern: "^-?[0-9]+$",
    description:
      "how much heavier the chain of the head is; below 0 where finality holds it on the lighter one",
  }),
  blocks: Type.Array(BranchBlock, { description: `highest first; the first ${branchBlocksMax}` }),
  producers: Type.Array(Type.Object({ address: Address, name: orNull(Type.String()), blocks: Count }), {
    description: `who made the branch; counted over \`blocks\`, most first`,
  }),
});
export type Branch = Said<typeof Branch>;

const ForksAnswer = Type.Object({
  head: HeadReference,
  final: orNull(HeadReference),
  branches: Type.Array(Branch, { description: "highest tip first" }),
  truncated: Type.Boolean({ description: "there are more branches than are shown" }),
});
export type ForksAnswer = Said<typeof ForksAnswer>;

export const getForks = route({
  method: "GET",
  path: "/v1/forks",
  topic: "blocks",
  summary: "Branches that this node stores beside its chain: their tips, where they begin, who made them",
  description:
    "Of the 1024 highest stored blocks that are not on the chain. Blocks that a reorganization has undone are among them; blocks that were refused are not.",
  query: Type.Object({
    limit: Type.Optional(
      Type.String({
        pattern: "^(100|[1-9][0-9]?)$",
        description: `a whole number from 1 to ${branchesMax}`,
      }),
    ),
  }),
  answers: { 200: ForksAnswer },
});
