/** The routes that document the others. */
import type { FastifyInstance } from "fastify";
import { getDocs, getOpenApi } from "../api/documentation.ts";
import { openApiDocument } from "../api/open-api.ts";
import { answered, serveRoute } from "./serve-route.ts";

/** Seen from `/docs`, so that it holds below any path. */
const referencePlace = "./#/reference";

/** @param version of the node's software */
export function addDocumentationRoutes(app: FastifyInstance, version: string): void {
  let document: ReturnType<typeof openApiDocument> | undefined;
  serveRoute(app, getOpenApi, () => {
    document ??= openApiDocument(version);
    return document;
  });
  serveRoute(app, getDocs, ({ reply }) => {
    reply.header("location", referencePlace);
    return answered(302, `The API is shown at ${referencePlace}\n`);
  });
}
