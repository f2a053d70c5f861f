/** Authorities: who they are, who wants to be one, and this node's own votes. */
import { Type } from "typebox";
import { route, type Said } from "./route.ts";
import { Address, Hash, Height, Hex, orNull, TimestampMs } from "./shapes.ts";

/** A day: whoever wants longer opens the window again. */
export const joinWindowMsMax = 24 * 60 * 60_000;

export const AuthorityAction = Type.Enum(["add", "remove"]);
export type AuthorityAction = Said<typeof AuthorityAction>;

export const AuthorityAnswer = Type.Object({
  address: Address,
  name: orNull(Type.String({ description: "as the node calls itself; null: it was not heard" })),
  lastHeardMs: Type.Union([TimestampMs, Type.Null()], {
    description: "when it last said hello to this node; null: not since the start",
  }),
  sealedHeight: Type.Integer({
    description: "of the last block that it sealed on this chain; the height of its admission before that",
  }),
  self: Type.Boolean({ description: "it is this node" }),
});
export type AuthorityAnswer = Said<typeof AuthorityAnswer>;

export const CandidateAnswer = Type.Object({
  address: Address,
  name: Type.String(),
  lastHeardMs: TimestampMs,
  height: Height,
  expiresAtHeight: Height,
  waitingBecause: orNull(
    Type.String({ description: "why this node does not vote for it by itself; null: it does" }),
  ),
});
export type CandidateAnswer = Said<typeof CandidateAnswer>;

export const BallotAnswer = Type.Object({
  voter: Address,
  action: AuthorityAction,
  address: Address,
  expiresAtHeight: Height,
});
export type BallotAnswer = Said<typeof BallotAnswer>;

export const AuthoritiesAnswer = Type.Object({
  authorities: Type.Array(AuthorityAnswer),
  candidates: Type.Array(CandidateAnswer),
  ballots: Type.Array(BallotAnswer, { description: "votes on the chain that have not passed so far" }),
  inFlight: Type.Union([Type.Object({ action: AuthorityAction, address: Address }), Type.Null()], {
    description: "the change that has passed and waits for the finality of its block",
  }),
  banned: Type.Array(Address, { description: "removed by evidence, for good" }),
  slashed: Type.Array(Type.Object({ address: Address, why: Type.String(), height: orNull(Height) }), {
    description: "the same with the reason, and the height of the block with the evidence",
  }),
  quorum: Type.Integer({ description: "how many authorities finality needs" }),
  majority: Type.Integer({ description: "how many votes a change needs" }),
  admission: Type.Enum(["open-lan", "token", "vote"]),
  joinWindowEndsAtMs: Type.Union([TimestampMs, Type.Null()], {
    description: "null if the policy has no window",
  }),
});
export type AuthoritiesAnswer = Said<typeof AuthoritiesAnswer>;

export const ConsentAnswer = Type.Object({ address: Address, consent: Hex, expiresAtHeight: Height });
export type ConsentAnswer = Said<typeof ConsentAnswer>;

export const getAuthorities = route({
  method: "GET",
  path: "/v1/authorities",
  topic: "consensus",
  summary: "Who seals, who asks to, open votes, the change in flight, what finality and a change need",
  description: "On a Proof of Work chain 409: it has no authorities.",
  answers: { 200: AuthoritiesAnswer },
});

const VoteBody = Type.Object(
  {
    action: AuthorityAction,
    address: Type.String({ maxLength: 128, description: "an address (aurex1…)" }),
    consent: Type.Optional(Type.String({ pattern: "^[0-9a-fA-F]{128}$", description: "128 hex digits" })),
    expiresAtHeight: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
        description: "a height, a whole number from 0",
      }),
    ),
  },
  // One is nothing without the other; a removal needs no consent, but may have an expiry.
  { dependentRequired: { consent: ["expiresAtHeight"] } },
);
export type VoteBody = Said<typeof VoteBody>;

export const postAuthorityVote = route({
  method: "POST",
  path: "/v1/authorities/votes",
  token: true,
  topic: "consensus",
  summary: "Casts this node's vote for or against an authority",
  description: "The same vote again is answered with the same transaction.",
  body: VoteBody,
  answers: { 202: Type.Object({ id: Hash, status: Type.Literal("pending") }) },
});

export const postJoinWindow = route({
  method: "POST",
  path: "/v1/authorities/open",
  token: true,
  topic: "consensus",
  summary: "Opens the join window of an open-lan network for a time, a day at most",
  body: Type.Object({
    forMs: Type.Integer({
      minimum: 1,
      maximum: joinWindowMsMax,
      description: `whole milliseconds, from 1 to ${joinWindowMsMax} (a day)`,
    }),
  }),
  answers: { 200: Type.Object({ joinWindowEndsAtMs: TimestampMs }) },
});

export const postCandidacy = route({
  method: "POST",
  path: "/v1/authorities/candidacy",
  token: true,
  topic: "consensus",
  summary: "Gives this node's consent to become an authority",
  // A body all the same: a web page can send an empty one without being asked, JSON it cannot.
  body: Type.Object({}),
  answers: { 200: ConsentAnswer },
});
