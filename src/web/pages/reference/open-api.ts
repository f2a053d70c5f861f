/** The OpenAPI document of a node as the page reads it, and the texts that are made of it. Pure. */

export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly description?: string;
  readonly pattern?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query";
  readonly required: boolean;
  readonly description?: string;
  readonly example?: string;
}

export type Content = Readonly<Record<string, { readonly schema: Schema; readonly example?: unknown }>>;

export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly security?: readonly unknown[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>;
}

export interface OpenApi {
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** One route with what its form begins with. */
export interface ListedRoute {
  readonly path: string;
  /** In capitals. */
  readonly method: string;
  readonly operation: Operation;
}

/** The routes of one chapter, in the order of the document. */
export function routesOf({ paths }: OpenApi, tag: string): readonly ListedRoute[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, operation]) =>
      operation.tags.includes(tag) ? [{ path, method: method.toUpperCase(), operation }] : [],
    ),
  );
}

/** The names of the parameters with what the fields hold at first. */
export function firstValues({ parameters = [] }: Operation): Readonly<Record<string, string>> {
  return Object.fromEntries(
    parameters.map(({ name, in: place, required, example = "" }) => [
      name,
      place === "path" || required ? example : "",
    ]),
  );
}

/** What stands in the body's field at first: the example, or the fields that have to be there. */
export function firstBody({ requestBody }: Operation): string | undefined {
  const json = requestBody?.content["application/json"];
  return json && JSON.stringify(json.example ?? skeleton(json.schema), null, 2);
}

function skeleton({ properties = {}, required = [] }: Schema): Record<string, unknown> {
  return Object.fromEntries(required.map((name) => [name, sample(properties[name] ?? {})]));
}

function sample({ type, enum: words, const: fixed }: Schema): unknown {
  if (fixed !== undefined) return fixed;
  if (words) return words[0];
  if (type === "array") return [];
  return type === "integer" || type === "number" ? 1 : "";
}

/** Path and query with the values filled in; what is empty and may be is left out. */
export function pathWith(
  path: string,
  { parameters = [] }: Operation,
  values: Readonly<Record<string, string>>,
): string {
  const query = new URLSearchParams();
  let filled = path;
  for (const { name, in: place } of parameters) {
    const value = values[name] ?? "";
    if (place === "path") filled = filled.replace(`{${name}}`, () => encodeURIComponent(value));
    else if (value !== "") query.set(name, value);
  }
  return query.size > 0 ? `${filled}?${query}` : filled;
}

export interface CurlInput {
  readonly method: string;
  readonly url: string;
  readonly body: string | undefined;
  /** The folder with the node's token, if the route needs it. */
  readonly tokenFolder: string | undefined;
  /** Of the answer. */
  readonly media: string;
}

/** The same request for a shell. The token itself is never in it: it is read from its file. */
export function curlLine({ method, url, body, tokenFolder, media }: CurlInput): string {
  const parts = ["curl", media === "text/event-stream" ? "-sN" : "-s"];
  if (method !== "GET" && body === undefined) parts.push("-X", method);
  parts.push(shellQuoted(url));
  if (tokenFolder !== undefined) {
    const file = `${tokenFolder.replace(/\/$/, "")}/api-token`;
    parts.push("-H", `"Authorization: Bearer $(cat ${shellQuoted(file)})"`);
  }
  if (body !== undefined) {
    parts.push("-H", shellQuoted("content-type: application/json"), "-d", shellQuoted(body));
  }
  if (!/json|^text\//.test(media)) parts.push("-o", "answer.bin");
  return parts.join(" ");
}

function shellQuoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Of the answer that is no error. */
export function mediaOf({ responses }: Operation): string {
  const [good] = Object.entries(responses).filter(([status]) => status.startsWith("2"));
  return Object.keys(good?.[1].content ?? {})[0] ?? "application/json";
}

/** A schema as people read it, one field a line. A schema within itself is named only. */
export function schemaText(
  api: OpenApi,
  schema: Schema,
  indent = "",
  within: ReadonlySet<string> = new Set(),
): string {
  const name = schema.$ref?.replace("#/components/schemas/", "");
  if (name !== undefined) {
    const named = api.components.schemas[name];
    if (!named || within.has(name)) return name;
    return schemaText(api, named, indent, new Set([...within, name]));
  }
  const deeper = `${indent}  `;
  if (schema.anyOf) return schema.anyOf.map((one) => schemaText(api, one, indent, within)).join(" | ");
  if (schema.items) return `[ ${schemaText(api, schema.items, indent, within)} … ]`;
  if (schema.properties) {
    const fields = Object.entries(schema.properties).map(([field, part]) => {
      const optional = schema.required?.includes(field) ? "" : "?";
      const note = part.description && part.properties === undefined ? `  // ${part.description}` : "";
      return `${deeper}${field}${optional}: ${schemaText(api, part, deeper, within)}${note}\n`;
    });
    return `{\n${fields.join("")}${indent}}`;
  }
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((word) => JSON.stringify(word)).join(" | ");
  return schema.type ?? "anything";
}

/** Pieces of a text, those between backticks marked as code. */
export function codePieces(text: string): readonly { readonly text: string; readonly isCode: boolean }[] {
  return text
    .split("`")
    .map((piece, index) => ({ text: piece, isCode: index % 2 === 1 }))
    .filter((piece) => piece.text !== "");
}
