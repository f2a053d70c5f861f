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
  summary: "A page to read this document and to try the routes; it asks no other host",
  answers: { 200: PlainText },
  media: "text/html; charset=utf-8",
});

export const getDocsScript = route({
  method: "GET",
  path: "/docs/reference.js",
  topic: "documentation",
  summary: "The page's script",
  answers: { 200: PlainText },
  media: "text/javascript; charset=utf-8",
});

export const getDocsStyle = route({
  method: "GET",
  path: "/docs/reference.css",
  topic: "documentation",
  summary: "The page's style",
  answers: { 200: PlainText },
  media: "text/css; charset=utf-8",
});
