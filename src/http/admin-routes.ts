/** The routes of the operator: each needs the node's token, and changes the running node alone. */
import type { FastifyInstance } from "fastify";
import { banMsDefault, postBan, postBootstrap, postLogLevel, postStop, postUnban } from "../api/admin.ts";
import { isoTime } from "../api/shapes.ts";
import type { Result } from "../base/result.ts";
import type { AdminControl, AdminFault } from "./admin-control.ts";
import { ApiError } from "./api-error.ts";
import { answered, serveRoute } from "./serve-route.ts";

/** The next start takes the settings again. */
const untilStop = { lastsOverRestart: false } as const;

/** @param control undefined where the node cannot be changed while it runs */
export function addAdminRoutes(app: FastifyInstance, control: AdminControl | undefined): void {
  serveRoute(app, postLogLevel, ({ body: { level } }) => ({
    level,
    before: resultOf(required(control).setLogLevel(level)),
    ...untilStop,
    toKeep: `start the node with --log-level ${level}`,
  }));

  serveRoute(app, postBootstrap, ({ body: { action, address } }) => {
    const admin = required(control);
    const changed = resultOf(admin.changeBootstrap(action, address));
    return {
      changed,
      bootstrap: admin.bootstrap(),
      ...untilStop,
      toKeep:
        action === "add"
          ? `start the node with --bootstrap ${address}`
          : "take the address out of --bootstrap, AUREX_BOOTSTRAP or the config file",
    };
  });

  serveRoute(app, postBan, async ({ body: { nodeId, forMs = banMsDefault, reason } }) => {
    const why = reason === undefined || reason === "" ? "its operator" : `its operator: ${reason}`;
    const { untilMs, wasConnected } = resultOf(await required(control).ban(nodeId, forMs, why));
    return {
      nodeId,
      untilMs,
      until: isoTime(untilMs),
      wasConnected,
      ...untilStop,
      toKeep: "ban the peer again after the start; a firewall keeps an address out for good",
    };
  });

  serveRoute(app, postUnban, ({ body: { nodeId } }) => ({
    nodeId,
    wasBanned: resultOf(required(control).unban(nodeId)),
  }));

  serveRoute(app, postStop, () => {
    resultOf(required(control).stop());
    return answered(202, { status: "stopping" });
  });
}

function required(control: AdminControl | undefined): AdminControl {
  if (control) return control;
  throw errorOf({ code: "admin/not-stoppable" });
}

function resultOf<Value>(result: Result<Value, AdminFault>): Value {
  if (result.ok) return result.value;
  throw errorOf(result.fault);
}

function errorOf(fault: AdminFault): ApiError {
  switch (fault.code) {
    case "admin/log-not-own":
      return new ApiError(
        409,
        fault.code,
        "the log belongs to the program that this node is a part of",
        "set the level there; a node that aurex-node runs has a log of its own",
      );
    case "admin/address-invalid":
      return new ApiError(
        400,
        fault.code,
        `the address must be one of ${fault.expected}`,
        "aurex-node status of the other node shows its addresses",
      );
    case "admin/too-many-addresses":
      return new ApiError(
        409,
        fault.code,
        `the node has ${fault.most} bootstrap addresses already`,
        "remove one first: aurex-node admin bootstrap remove ADDRESS",
      );
    case "admin/node-id-invalid":
      return new ApiError(
        400,
        fault.code,
        "this is no node id: a letter is wrong or missing",
        "copy the whole id again; aurex-node peers --wide shows those of the peers",
      );
    case "admin/own-node-id":
      return new ApiError(
        409,
        fault.code,
        "this is the node's own id",
        "aurex-node peers --wide shows the ids of the peers",
      );
    case "admin/not-stoppable":
      return new ApiError(
        409,
        fault.code,
        "this node is a part of another program, which starts and stops it",
        "stop that program; a node that aurex-node runs can be stopped so",
      );
  }
}
