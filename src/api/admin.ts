/** What an operator changes in a running node. Nothing of it is kept over a restart: what is to stay goes into the settings. */
import { Type } from "typebox";
import { BootstrapStatus } from "./node-status.ts";
import { route, type Said } from "./route.ts";
import { IsoTime, TimestampMs } from "./shapes.ts";

const lasting = {
  lastsOverRestart: Type.Literal(false, { description: "the next start takes the settings again" }),
  toKeep: Type.String({ description: "what to do so that it stays" }),
};

export const LogLevel = Type.Enum(["debug", "info", "warn", "error", "silent"]);
export type LogLevel = Said<typeof LogLevel>;

const LogLevelAnswer = Type.Object({ level: LogLevel, before: LogLevel, ...lasting });
export type LogLevelAnswer = Said<typeof LogLevelAnswer>;

export const postLogLevel = route({
  method: "POST",
  path: "/v1/admin/log-level",
  token: true,
  topic: "admin",
  summary: "Sets the least important lines that the node logs",
  body: Type.Object({ level: LogLevel }),
  answers: { 200: LogLevelAnswer },
  example: { body: { level: "info" } },
});

const BootstrapAnswer = Type.Object({
  changed: Type.Boolean({ description: "false if it was so already" }),
  bootstrap: Type.Array(BootstrapStatus),
  ...lasting,
});
export type BootstrapAnswer = Said<typeof BootstrapAnswer>;

export const postBootstrap = route({
  method: "POST",
  path: "/v1/admin/bootstrap",
  token: true,
  topic: "admin",
  summary: "Adds or removes a peer to dial",
  description: "An address that is removed is not dialled any more; a connection that there is stays.",
  body: Type.Object({
    action: Type.Enum(["add", "remove"]),
    address: Type.String({ maxLength: 512, description: "a multiaddr such as /ip4/192.0.2.1/tcp/13245" }),
  }),
  answers: { 200: BootstrapAnswer },
  example: { body: { action: "remove", address: "/ip4/192.0.2.1/tcp/13245" } },
});

const NodeId = Type.String({
  pattern: "^[1-9A-HJ-NP-Za-km-z]{40,64}$",
  description: "the node id of a peer, as GET /v1/peers shows it",
});

/** A month; whoever is to be kept out for longer is banned again. */
export const banMsMax = 30 * 24 * 60 * 60_000;
export const banMsDefault = 60 * 60_000;

const BanAnswer = Type.Object({
  nodeId: NodeId,
  untilMs: TimestampMs,
  until: IsoTime,
  wasConnected: Type.Boolean(),
  ...lasting,
});
export type BanAnswer = Said<typeof BanAnswer>;

export const postBan = route({
  method: "POST",
  path: "/v1/admin/peers/ban",
  token: true,
  topic: "admin",
  summary: "Hangs up on a peer, and refuses it in both directions for a time",
  body: Type.Object({
    nodeId: NodeId,
    forMs: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: banMsMax,
        description: `whole milliseconds, from 1 to ${banMsMax} (30 days); an hour if it is left out`,
      }),
    ),
    reason: Type.Optional(
      Type.String({ maxLength: 200, description: "a text for the log, of at most 200 characters" }),
    ),
  }),
  answers: { 200: BanAnswer },
  example: { body: { nodeId: "12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5", forMs: 1_000 } },
});

const UnbanAnswer = Type.Object({ nodeId: NodeId, wasBanned: Type.Boolean() });
export type UnbanAnswer = Said<typeof UnbanAnswer>;

export const postUnban = route({
  method: "POST",
  path: "/v1/admin/peers/unban",
  token: true,
  topic: "admin",
  summary: "Ends the ban of a peer, also if the node itself had banned it",
  body: Type.Object({ nodeId: NodeId }),
  answers: { 200: UnbanAnswer },
  example: { body: { nodeId: "12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5" } },
});

export const postStop = route({
  method: "POST",
  path: "/v1/admin/stop",
  token: true,
  topic: "admin",
  summary: "Stops the node as Ctrl-C does: everything is written, then the process ends with 0",
  description: "A supervisor that restarts what ends starts it again.",
  body: Type.Object({}),
  answers: { 202: Type.Object({ status: Type.Literal("stopping") }) },
});
