/** The OpenAPI 3.1 document, made of the declared routes. */
import type { TSchema } from "typebox";
import { closed } from "./closed-schema.ts";
import { Problem, problemMedia } from "./problem.ts";
import { parameterNames, type RouteShape, type Topic } from "./route.ts";
import { routesByName, schemasByName } from "./routes.ts";

/** JSON. */
export type OpenApiDocument = Readonly<Record<string, unknown>> & { readonly openapi: string };

const topicTexts: Readonly<Record<Topic, string>> = {
  node: "The node itself: status, peers, clock",
  blocks: "Blocks, by height, hash, head and final",
  transactions: "Submitting, checking and following transactions",
  mempool: "Transactions that wait",
  accounts: "Balances, history, names",
  assets: "Assets and who holds them",
  search: "Finding anything by what is known of it",
  consensus: "Authorities, votes, finality",
  mining: "Proof of Work: work for miners, the pool",
  light: "Proofs for clients that do not trust the node",
  export: "The SQL ledger",
  stats: "Figures over time",
  events: "What happens, as it happens",
  admin: "Running the node; with its token",
  health: "For the machines that watch the node",
  documentation: "This documentation",
  lab: "The lab of the demo: not served by a node",
};

const rules = [
  "Amounts and 64-bit numbers are texts, so that no program rounds them: `balance` is in the asset's own units, `balanceUnits` in base units.",
  "Hashes and keys are lower-case hex in answers; requests may use either case.",
  "Errors are `application/problem+json`: `code` is for programs, `detail` says what went wrong, `next` what the caller can do.",
  "A query parameter or a field that a route does not know is an error.",
  "Lists answer `items` and `next`: pass `next` as `cursor` for the next page; null is the only end.",
  "Answers may have more fields in a later version.",
].join("\n");

const statusTexts: Readonly<Record<number, string>> = {
  200: "Done",
  202: "Taken",
  302: "Is elsewhere",
  503: "Not ready",
};

/** @param version of the node's software */
export function openApiDocument(version: string): OpenApiDocument {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [name, route] of routesByName) {
    paths[route.path] ??= {};
    paths[route.path]![route.method.toLowerCase()] = operationOf(name, route);
  }
  const used = new Set([...routesByName.values()].map(({ topic }) => topic));
  const tags = Object.entries(topicTexts).filter(([topic]) => used.has(topic as Topic));
  const all = {
    openapi: "3.1.1",
    info: { title: "Aurex node", version, description: rules },
    servers: [{ url: "/", description: "the node that serves this document" }],
    tags: tags.map(([name, description]) => ({ name, description })),
    paths,
  };
  return {
    ...all,
    components: {
      schemas: componentsFor(paths),
      securitySchemes: {
        token: {
          type: "http",
          scheme: "bearer",
          description: "the token in a file of the node's data directory that only its owner can read",
        },
      },
    },
  };
}

function operationOf(operationId: string, route: RouteShape): object {
  const { topic, summary, description, params, query, body, answers, token, example } = route;
  const parameters = [
    ...parameterNames(route.path).map((name) => parameterOf("path", name, params, example?.params)),
    ...Object.keys(query?.properties ?? {}).map((name) => parameterOf("query", name, query, example?.query)),
  ];
  const responses = Object.entries(answers).map(([status, schema]) => [
    status,
    responseOf(status, schema, route),
  ]);
  return {
    operationId,
    tags: [topic],
    summary,
    ...(description ? { description } : {}),
    ...(token ? { security: [{ token: [] }] } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body ? { requestBody: requestBodyOf(body, route) } : {}),
    responses: {
      ...Object.fromEntries(responses),
      default: { description: "An error", content: { [problemMedia]: { schema: written(Problem) } } },
    },
  };
}

function parameterOf(
  place: "path" | "query",
  name: string,
  parts: RouteShape["params"],
  examples: Readonly<Record<string, string>> = {},
): object {
  const schema = parts?.properties[name] ?? {};
  const { description, ...rest } = writtenWhole(schema) as { readonly description?: string };
  return {
    name,
    in: place,
    required: place === "path" || requiredOf(parts).includes(name),
    ...(description ? { description } : {}),
    schema: rest,
    ...(Object.hasOwn(examples, name) ? { example: examples[name] } : {}),
  };
}

/** What the type of any object says of it is too little: the list is there. */
const requiredOf = (parts: RouteShape["params"]) => (parts?.required ?? []) as readonly string[];

function requestBodyOf(body: TSchema, { octets, example }: RouteShape): object {
  const json = { schema: writtenWhole(closed(body)), ...(example?.body ? { example: example.body } : {}) };
  const bytes = { "application/octet-stream": { schema: { type: "string", format: "binary" } } };
  return { required: true, content: { "application/json": json, ...(octets ? bytes : {}) } };
}

function responseOf(status: string, schema: TSchema, { media = "application/json" }: RouteShape): object {
  const type = media.replace(/;.*$/, "");
  return {
    description: statusTexts[Number(status)] ?? "Answered",
    content: { [type]: { schema: written(schema) } },
  };
}

/** Only what the paths refer to, and what that refers to. */
function componentsFor(paths: object): Record<string, unknown> {
  const found = new Map<string, unknown>();
  const waiting: unknown[] = [paths];
  for (const part of waiting) {
    for (const [, name = ""] of JSON.stringify(part).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      if (found.has(name)) continue;
      const schema = writtenWhole(schemasByName.get(name));
      found.set(name, schema);
      waiting.push(schema);
    }
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

const namesOfSchemas = new Map([...schemasByName].map(([name, schema]) => [schema as unknown, name]));

/** A schema as the document has it: by reference, if it has a name. */
function written(schema: unknown): unknown {
  const name = namesOfSchemas.get(schema);
  return name === undefined ? writtenWhole(schema) : { $ref: `#/components/schemas/${name}` };
}

function writtenWhole(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(written);
  if (typeof schema !== "object" || schema === null) return schema;
  const parts = Object.entries(schema).map(([key, part]) => [key, written(part)]);
  const isText = "enum" in schema && !("type" in schema);
  return { ...(isText ? { type: "string" } : {}), ...Object.fromEntries(parts) };
}
