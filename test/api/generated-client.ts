/** A client made of the OpenAPI document alone: it builds requests from it and holds every answer against it. */
import assert from "node:assert/strict";
import http from "node:http";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";

export interface Schema {
  readonly type?: string;
  readonly pattern?: string;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly [key: string]: unknown;
}

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query";
  readonly required: boolean;
  readonly schema: Schema;
  readonly example?: string;
}

type Content = Readonly<Record<string, { readonly schema: Schema; readonly example?: unknown }>>;

export interface Operation {
  readonly operationId: string;
  readonly path: string;
  /** Upper case. */
  readonly method: string;
  readonly tags: readonly string[];
  readonly security?: readonly unknown[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content: Content }>>;
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** One request, whole: nothing is encoded or added on the way. */
export interface Asking {
  readonly method: string;
  /** With the query. */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface Answered {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly bytes: Buffer;
  /** Undefined if the answer is no JSON. */
  readonly json: unknown;
}

/** What a caller fills in: a text for each parameter, and the body. */
export interface Input {
  readonly parameters: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** Of an endless stream the first part is read. */
const streamMedia = "text/event-stream";

export class GeneratedClient {
  readonly operations: readonly Operation[];
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });
  readonly #checks = new Map<string, ValidateFunction>();
  readonly #url: string;
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 16 });

  private constructor(url: string, document: OpenApi) {
    this.#url = url;
    this.operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        ...operation,
        path,
        method: method.toUpperCase(),
      })),
    );
    // An answer with a field that the document does not name is outside of its schema, too.
    this.#ajv.addSchema(closed(document) as object, "api");
  }

  /** Of the document that the node serves. */
  static async of(url: string): Promise<GeneratedClient> {
    return new GeneratedClient(url, (await (await fetch(`${url}/openapi.json`)).json()) as OpenApi);
  }

  close(): void {
    this.#agent.destroy();
  }

  operation(id: string): Operation {
    const found = this.operations.find(({ operationId }) => operationId === id);
    assert.ok(found, `the document has no ${id}`);
    return found;
  }

  /** Whether the document allows a value for a parameter or a field. */
  allows(schema: Schema, value: unknown): boolean {
    const text = JSON.stringify(schema).replaceAll('"#/', '"api#/');
    return this.#checkOf(text, JSON.parse(text) as Schema)(value);
  }

  ask({ method, target, headers = {}, body }: Asking): Promise<Answered> {
    const { promise, resolve, reject } = Promise.withResolvers<Answered>();
    const { hostname, port } = new URL(this.#url);
    const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const options = { hostname, port, method, path: target, agent: this.#agent };
    const request = http.request({ ...options, headers: { ...length, ...headers } }, (response) => {
      const parts: Buffer[] = [];
      const type = response.headers["content-type"] ?? "";
      const done = () => {
        const bytes = Buffer.concat(parts);
        const isJson = /[/+]json/.test(type) && bytes.length > 0;
        const json: unknown = isJson ? JSON.parse(bytes.toString()) : undefined;
        resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes, json });
      };
      response.on("end", done);
      response.on("error", reject);
      response.on("data", (part: Buffer) => {
        parts.push(part);
        if (!type.startsWith(streamMedia)) return;
        done();
        request.destroy();
      });
    });
    request.on("error", (error) =>
      reject(new Error(`${method} ${target}: ${error.message}`, { cause: error })),
    );
    request.end(body);
    return promise;
  }

  /** Throws if the document does not say that this operation answers so. */
  holdAgainst(operation: Operation, { status, headers, bytes, json }: Answered, asked: Asking): void {
    const said = bytes.toString("utf8", 0, 400);
    const what = `${asked.method} ${asked.target} (${operation.operationId}): ${status} ${said}`;
    const isDeclared = Object.hasOwn(operation.responses, String(status));
    assert.ok(isDeclared || status >= 400, `no such status is declared: ${what}`);
    const key = isDeclared ? String(status) : "default";
    const media = headers["content-type"]?.replace(/;.*$/, "") ?? "";
    const content = operation.responses[key]?.content[media];
    assert.ok(content, `no such media type is declared: ${media}, ${what}`);
    if (asked.method === "HEAD" || !media.includes("json")) return;
    const place = [
      "paths",
      operation.path,
      operation.method.toLowerCase(),
      "responses",
      key,
      "content",
      media,
    ];
    const check = this.#checkAt([...place, "schema"]);
    assert.ok(check(json), `outside of its schema: ${this.#ajv.errorsText(check.errors)}, ${what}`);
  }

  #checkAt(place: readonly string[]): ValidateFunction {
    const parts = place.map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1")));
    const $ref = `api#/${parts.join("/")}`;
    return this.#checkOf($ref, { $ref });
  }

  #checkOf(key: string, schema: Schema): ValidateFunction {
    const known = this.#checks.get(key);
    if (known) return known;
    const check = this.#ajv.compile(schema);
    this.#checks.set(key, check);
    return check;
  }
}

/** The request that the document describes. */
export function askingOf(operation: Operation, { parameters: values, body }: Input): Asking {
  const { path, method, parameters = [] } = operation;
  let target = path;
  const query = new URLSearchParams();
  for (const { name, in: place } of parameters) {
    const value = values[name];
    if (value === undefined) continue;
    if (place === "path") target = target.replace(`{${name}}`, encodeURIComponent(value));
    else query.set(name, value);
  }
  if (query.size > 0) target += `?${query}`;
  if (body === undefined) return { method, target };
  return { method, target, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== "object" || value === null) return value;
  const parts = Object.entries(value).map(([key, part]) => [key, closed(part)] as const);
  const isOpen = "properties" in value && !("additionalProperties" in value);
  return { ...Object.fromEntries(parts), ...(isOpen ? { additionalProperties: false } : {}) };
}
