/** What machines that watch a node ask: whether it lives, and whether it is fit to be asked. */
import { Type } from "typebox";
import { route, type Said } from "./route.ts";
import { Count, Height } from "./shapes.ts";

const LiveAnswer = Type.Object({ status: Type.Literal("ok"), uptimeMs: Count });
export type LiveAnswer = Said<typeof LiveAnswer>;

export const getLivez = route({
  method: "GET",
  path: "/livez",
  topic: "health",
  summary: "Whether the node lives: it answers, whatever state its chain is in",
  description:
    "A supervisor that gets no answer may start the node anew. Also on the address of --metrics-address.",
  answers: { 200: LiveAnswer },
});

const NotReadyReason = Type.Object({
  code: Type.Enum(["peers", "behind", "syncing"]),
  message: Type.String({ description: "the reason in words" }),
});
export type NotReadyReason = Said<typeof NotReadyReason>;

const readiness = {
  reasons: Type.Array(NotReadyReason, { description: "why the node is not ready; empty if it is" }),
  peers: Count,
  height: Height,
  blocksBehind: Type.Integer({
    minimum: 0,
    description:
      "how far the head is below that of the middle one of the peers on this chain, or the target of a synchronization",
  }),
};
const ReadyAnswer = Type.Object({ status: Type.Literal("ready"), ...readiness });
const NotReadyAnswer = Type.Object({ status: Type.Literal("not ready"), ...readiness });
export type ReadyAnswer = Said<typeof ReadyAnswer>;
export type NotReadyAnswer = Said<typeof NotReadyAnswer>;

const WholeNumber = Type.String({ pattern: "^[0-9]{1,9}$", description: "a whole number from 0" });

export const getReadyz = route({
  method: "GET",
  path: "/readyz",
  topic: "health",
  summary: "Whether the node is fit to be asked: it has peers, and is not behind",
  description:
    "200 or 503 with the reasons. Without maxBlocksBehind a node is not ready while it catches up from far behind. Also on the address of --metrics-address.",
  query: Type.Object({
    minPeers: Type.Optional(WholeNumber),
    maxBlocksBehind: Type.Optional(WholeNumber),
  }),
  answers: { 200: ReadyAnswer, 503: NotReadyAnswer },
  example: { query: { maxBlocksBehind: "10" } },
});
