/** Hands requests below `/nodes/{name}/` on to the node of that name, so that all nodes are of one origin for a page. */
import http, { type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { pipeline, type Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ApiError } from "../../http/api-error.ts";
import type {} from "../../http/serve-route.ts";
import type { Lab } from "./lab.ts";
import { LabError } from "./lab-error.ts";
import type { LabNode } from "./lab-node.ts";

/** What a page or a monitor asks of a node; its own page is not there. */
const served = /^(?:v1\/.*|openapi\.json|metrics|livez|readyz)(?:\?.*)?$/s;

/** Of one connection, and so not handed on; and what says who asks: the door here has judged that. */
const notOnward = new Set([
  ...["connection", "keep-alive", "proxy-authorization", "proxy-connection", "te", "trailer"],
  ...["transfer-encoding", "upgrade", "expect", "host", "origin", "referer", "cookie"],
]);
const notBack = new Set(["connection", "keep-alive", "transfer-encoding", "vary", "trailer"]);

export function addNodeProxy(app: FastifyInstance, lab: Lab): void {
  app.register(async (scope) => {
    // The node reads the body: here nothing of it is collected.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
    const handler = (request: FastifyRequest, reply: FastifyReply) => {
      const { name } = request.params as { readonly name: string };
      return forward(nodeOf(lab, name), request, reply);
    };
    // Counted as a stream, of which an address has only so many.
    const stream = { declared: { stream: true } } as const;
    scope.get("/nodes/:name/v1/events", { config: stream as never, exposeHeadRoute: false }, handler);
    scope.route({ method: ["GET", "POST", "DELETE"], url: "/nodes/:name/*", handler });
  });
}

function nodeOf(lab: Lab, name: string): LabNode {
  try {
    return lab.node(name);
  } catch (thrown) {
    if (!(thrown instanceof LabError)) throw thrown;
    throw new ApiError(404, thrown.code, thrown.message, thrown.next);
  }
}

/** Piece by piece as it comes, and over as soon as one of the two sides is gone. */
async function forward(node: LabNode, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const path = request.url.slice(`/nodes/${node.name}/`.length);
  if (!request.url.startsWith(`/nodes/${node.name}/`) || !served.test(path)) {
    throw new ApiError(
      404,
      "api/route-unknown",
      `${request.url.slice(0, 100)} is nothing that the lab hands on`,
      `ask for /nodes/${node.name}/v1/…; GET /nodes/${node.name}/openapi.json describes all`,
    );
  }
  const { port } = new URL(node.api.url);
  const onward = http.request({
    ...{ host: "127.0.0.1", port, method: request.method, path: `/${path}`, agent: false },
    headers: { ...headersWithout(request.headers, notOnward), host: `127.0.0.1:${port}` },
  });
  const { raw } = reply;
  raw.once("close", () => onward.destroy());
  const body = request.body as Readable | undefined;
  if (body) pipeline(body, onward, () => {});
  else onward.end();
  const answer = await answerTo(onward, node);
  reply.hijack();
  raw.writeHead(answer.statusCode ?? 502, {
    ...(reply.getHeaders() as Record<string, string>),
    ...headersWithout(answer.headers, notBack),
  });
  raw.flushHeaders();
  if (String(answer.headers["content-type"]).startsWith("text/event-stream")) raw.socket?.setTimeout(0);
  // An answer that breaks off must not look like a whole one.
  pipeline(answer, raw, (error) => error && raw.destroy());
  return reply;
}

function answerTo(onward: http.ClientRequest, node: LabNode): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    onward.once("response", resolve);
    onward.on("error", () => {
      const why = node.state === "running" ? "hung up" : `is ${node.state}`;
      reject(
        new ApiError(
          503,
          "lab/node-down",
          `${node.name} does not answer: it ${why}`,
          node.state === "starting" ? "ask again in a second" : "start it on the lab's page",
          undefined,
          { "retry-after": "1" },
        ),
      );
    });
  });
}

function headersWithout(
  headers: IncomingHttpHeaders,
  left: ReadonlySet<string>,
): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).filter(
      (entry): entry is [string, string | string[]] =>
        entry[1] !== undefined && !left.has(entry[0]) && !entry[0].startsWith("sec-fetch-"),
    ),
  );
}
