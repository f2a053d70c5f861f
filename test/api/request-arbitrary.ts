/** Arbitrary requests to the documented routes: right ones, nearly right ones, and noise, in any mixture. */
import fc from "fast-check";
import type { Asking, Operation, Parameter, Schema } from "./generated-client.ts";

/** What only a caller with the token may do is asked without it; values that a chain knows are `known`. */
export function arbitraryRequest(
  operations: readonly Operation[],
  known: readonly string[],
): fc.Arbitrary<{ readonly operation: Operation; readonly asking: Asking }> {
  return fc
    .constantFrom(...operations)
    .chain((operation) => askingFor(operation, known).map((asking) => ({ operation, asking })));
}

const noise = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.integer().map(String),
  fc.constantFrom(
    "",
    "..",
    "%00",
    "null",
    "true",
    "-0",
    "1e9",
    "9".repeat(300),
    "\u202e",
    "<script>",
    "head",
    "0",
  ),
);

/** Once in a dozen times. */
function seldom<Value, Else>(arbitrary: fc.Arbitrary<Value>, otherwise: Else): fc.Arbitrary<Value | Else> {
  return fc.oneof({ weight: 11, arbitrary: fc.constant(otherwise) }, { weight: 1, arbitrary });
}

function textFor(schema: Schema, known: readonly string[]): fc.Arbitrary<string> {
  const words = schema.enum ? [fc.constantFrom(...schema.enum)] : [];
  const fitting = schema.pattern ? [fc.stringMatching(new RegExp(schema.pattern))] : [];
  const right = words.length > 0 ? words : [...fitting, fc.constantFrom(...known)];
  return fc.oneof({ weight: 6, arbitrary: fc.oneof(...right) }, { weight: 1, arbitrary: noise });
}

function askingFor(operation: Operation, known: readonly string[]): fc.Arbitrary<Asking> {
  const { parameters = [] } = operation;
  const values = fc.record(Object.fromEntries(parameters.map((one) => [one.name, argumentOf(one, known)])));
  return fc
    .record({
      values,
      extra: seldom(fc.tuple(noise, noise), undefined),
      method: seldom(fc.constantFrom("HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "GET", "POST"), undefined),
      headers: headers(),
      body: bodyFor(operation, known),
    })
    .map(({ values, extra, method = operation.method, headers, body }) => ({
      method,
      target: targetOf(operation, values, extra),
      headers: { ...headers, ...(body.type === undefined ? {} : { "content-type": body.type }) },
      ...(body.text === undefined || method === "HEAD" || method === "GET" ? {} : { body: body.text }),
    }));
}

/** Undefined: it is left out. */
function argumentOf(parameter: Parameter, known: readonly string[]): fc.Arbitrary<string | undefined> {
  const value = textFor(parameter.schema, known);
  return parameter.in === "path" ? value : fc.oneof(value, fc.constant(undefined));
}

function targetOf(
  { path, parameters = [] }: Operation,
  values: Readonly<Record<string, string | undefined>>,
  extra: readonly [string, string] | undefined,
): string {
  let target = path;
  const query: string[] = [];
  for (const { name, in: place } of parameters) {
    const value = values[name];
    if (value === undefined) continue;
    if (place === "path") target = target.replace(`{${name}}`, () => encoded(value));
    else query.push(`${name}=${encoded(value)}`);
  }
  if (extra) query.push(`${encoded(extra[0])}=${encoded(extra[1])}`);
  return query.length > 0 ? `${target}?${query.join("&")}` : target;
}

/** Half of a surrogate pair has no encoding. */
const encoded = (text: string) => encodeURIComponent(text.toWellFormed());

function headers(): fc.Arbitrary<Record<string, string>> {
  const visible = fc.stringMatching(/^[!-~]{0,30}$/);
  return fc.record(
    {
      "if-none-match": visible,
      accept: fc.constantFrom("*/*", "text/html", "application/json", "nonsense"),
      authorization: fc.oneof(
        visible,
        visible.map((text) => `Bearer ${text}`),
      ),
      "last-event-id": visible,
      range: fc.constantFrom("bytes=0-1", "bytes=-", "nonsense"),
    },
    { requiredKeys: [] },
  );
}

interface Body {
  readonly text: string | Uint8Array | undefined;
  readonly type: string | undefined;
}

function bodyFor({ requestBody }: Operation, known: readonly string[]): fc.Arbitrary<Body> {
  const schema = requestBody?.content["application/json"]?.schema;
  if (!schema) return fc.constant({ text: undefined, type: undefined });
  const type = fc.oneof(
    { weight: 8, arbitrary: fc.constant("application/json") },
    {
      weight: 1,
      arbitrary: fc.constantFrom("application/octet-stream", "text/plain", "application/json; x", "a/b", ""),
    },
  );
  const json = fc.oneof(
    { weight: 4, arbitrary: jsonFor(schema, known) },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  );
  const text = fc.oneof(
    { weight: 8, arbitrary: json.map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: fc.string({ maxLength: 100 }) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 400 }) },
  );
  return fc.record({ text, type });
}

function jsonFor({ properties = {} }: Schema, known: readonly string[]): fc.Arbitrary<unknown> {
  const fields = Object.entries(properties).map(([name, part]) => [name, fieldOf(part, known)] as const);
  const extra = fc.option(
    fc.dictionary(fc.string({ maxLength: 8 }), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 1 }),
    {
      freq: 8,
      nil: {},
    },
  );
  const some = fc.record(Object.fromEntries(fields), { requiredKeys: [] });
  const all = fc.record(Object.fromEntries(fields));
  return fc.tuple(fc.oneof(all, some), extra).map(([body, more]) => ({ ...body, ...more }));
}

function fieldOf(schema: Schema, known: readonly string[]): fc.Arbitrary<unknown> {
  const right = rightField(schema, known);
  return fc.oneof({ weight: 8, arbitrary: right }, { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 1 }) });
}

function rightField(schema: Schema, known: readonly string[]): fc.Arbitrary<unknown> {
  switch (schema.type) {
    case "boolean":
      return fc.boolean();
    case "integer":
    case "number":
      return fc.oneof(fc.nat(), fc.maxSafeInteger(), fc.double());
    case "array":
      return fc.array(fieldOf((schema.items ?? {}) as Schema, known), { maxLength: 5 });
    case "object":
      return jsonFor(schema, known);
    default:
      return textFor(schema, known);
  }
}
