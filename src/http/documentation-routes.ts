/** The routes that document the others. */
import type { FastifyInstance, FastifyReply } from "fastify";
import { getDocs, getDocsScript, getDocsStyle, getOpenApi } from "../api/documentation.ts";
import { openApiDocument } from "../api/open-api.ts";
import { referenceHeaders, referencePage, referenceScript } from "./reference/page.ts";
import { referenceStyle } from "./reference/style.ts";
import { serveRoute } from "./serve-route.ts";

/** @param version of the node's software */
export function addDocumentationRoutes(app: FastifyInstance, version: string): void {
  let document: ReturnType<typeof openApiDocument> | undefined;
  serveRoute(app, getOpenApi, () => {
    document ??= openApiDocument(version);
    return document;
  });
  const guarded = (reply: FastifyReply, text: string) => {
    reply.headers(referenceHeaders);
    return text;
  };
  serveRoute(app, getDocs, ({ reply }) => guarded(reply, referencePage));
  serveRoute(app, getDocsScript, ({ reply }) => guarded(reply, referenceScript()));
  serveRoute(app, getDocsStyle, ({ reply }) => guarded(reply, referenceStyle));
}
