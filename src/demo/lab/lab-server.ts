/** The lab's server: the page of all nodes, the nodes' APIs below it, and what makes trouble for them. */
import type { AddressInfo } from "node:net";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { getLabEvents, getLabState, postLabAction } from "../../api/lab.ts";
import { type Logger, silentLogger } from "../../base/logger.ts";
import { ApiError } from "../../http/api-error.ts";
import { clientAddress, isOwnMachine } from "../../http/door/client-address.ts";
import { defaultApiLimits } from "../../http/door/limits.ts";
import { beginStream } from "../../http/events/event-routes.ts";
import { addPageRoutes } from "../../http/page/page-routes.ts";
import { serveRoute, serveStream } from "../../http/serve-route.ts";
import { createServer } from "../../http/server.ts";
import type { Lab } from "./lab.ts";
import { LabError } from "./lab-error.ts";
import { nodeState } from "./lab-state.ts";
import { addNodeProxy } from "./node-proxy.ts";
import { StateStream } from "./state-stream.ts";

export interface LabServerOptions {
  /** The IP address to listen on. */
  readonly host: string;
  /** Names besides that address and loopback under which it is asked. */
  readonly allowedHosts?: readonly string[];
  readonly logger?: Logger;
  /** Holds every answer against its schema: for tests. */
  readonly checkAnswers?: boolean;
}

export interface LabServer {
  /** @throws the system's error, with its code (EADDRINUSE if the port is taken) */
  listen(port: number): Promise<number>;
  /** Whether the page's files are there. */
  hasPage(): Promise<boolean>;
  close(): Promise<void>;
}

export function createLabServer(lab: Lab, options: LabServerOptions): LabServer {
  const { host, allowedHosts = [], logger = silentLogger, checkAnswers = false } = options;
  const app = createServer(
    {
      checkAnswers,
      door: { host, allowedHosts, corsOrigins: [], token: undefined, limits: defaultApiLimits },
    },
    logger,
  );
  const stream = new StateStream(lab);
  addLabRoutes(app, lab, stream);
  addNodeProxy(app, lab);
  addPageRoutes(app, { isLab: true });
  return {
    async listen(port) {
      await app.listen({ host, port });
      return (app.server.address() as AddressInfo).port;
    },
    async hasPage() {
      return (await app.inject({ url: "/", headers: { host: "127.0.0.1" } })).statusCode === 200;
    },
    async close() {
      stream.close();
      const closed = app.close();
      app.server.closeAllConnections();
      await closed;
    },
  };
}

function addLabRoutes(app: FastifyInstance, lab: Lab, stream: StateStream): void {
  serveRoute(app, getLabState, ({ request }) => lab.state(mayAct(request)));
  serveStream(app, getLabEvents, ({ request, reply }) => {
    beginStream(reply);
    stream.add(reply.raw, mayAct(request));
  });
  serveRoute(app, postLabAction, async ({ params, body, request }) => {
    requireOwnMachine(request);
    try {
      const acted = await lab.act(params.name, params.action, body);
      return { ...acted, node: nodeState(lab, lab.node(params.name)) };
    } catch (thrown) {
      if (!(thrown instanceof LabError)) throw thrown;
      const status = thrown.code === "lab/node-unknown" ? 404 : 409;
      throw new ApiError(status, thrown.code, thrown.message, thrown.next);
    }
  });
}

/** A class looks on; whoever sits at the machine pulls the plugs. */
function mayAct({ socket }: FastifyRequest): boolean {
  return isOwnMachine(clientAddress(socket));
}

/** A page of another origin was refused by the door already, and no form can send JSON. */
function requireOwnMachine(request: FastifyRequest): void {
  if (mayAct(request)) return;
  throw new ApiError(
    403,
    "lab/only-here",
    "trouble is made only from the machine that runs the demo",
    "look at what happens, or ask the person at that machine",
  );
}
