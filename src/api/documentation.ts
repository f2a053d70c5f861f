/** The API's own documentation: the OpenAPI document, and a page to read it and to try the routes. */
import { Type } from "typebox";
import { PlainText, route } from "./route.ts";

const Document = Type.Object(
  { openapi: Type.String({ pattern: "^3\\.1\\." }) },
  { additionalProperties: true, description: "an OpenAPI 3.1 document" },
);

export const getOpenApi = route({
  method: "GET",
  path: "/openapi.json",
  topic: "documentation",
  summary: "This document",
  answers: { 200: Document },
});

export const getDocs = route({
  method: "GET",
  path: "/docs",
  topic: "documentation",
  summary: "Leads to the page that shows this document and tries the routes; it asks no other host",
  answers: { 302: PlainText },
  media: "text/plain; charset=utf-8",
});
