/** A route of the API as a value: what it takes and what it answers, for the server, the clients and the document. */
import { type Static, type TObject, type TSchema, Type } from "typebox";

/** The chapters of the documentation. */
export type Topic =
  | "node"
  | "blocks"
  | "transactions"
  | "mempool"
  | "accounts"
  | "assets"
  | "search"
  | "consensus"
  | "mining"
  | "light"
  | "stats"
  | "export"
  | "events"
  | "admin"
  | "health"
  | "documentation"
  | "lab";

export interface RouteShape {
  readonly method: "GET" | "POST" | "DELETE";
  /** As OpenAPI writes it, e.g. `/v1/blocks/{reference}`. */
  readonly path: `/${string}`;
  readonly topic: Topic;
  /** One line, without a full stop. */
  readonly summary: string;
  /** What the summary does not say; sentences. */
  readonly description?: string;
  /** Texts. The `description` of each property follows "must be" in the error, e.g. "64 hex digits". */
  readonly params?: TObject;
  /** Texts with patterns: a query holds no numbers. Whatever is not declared here is refused. */
  readonly query?: TObject;
  /** JSON. */
  readonly body?: TSchema;
  /** The route takes a body of `application/octet-stream`, too: its handler is then given the bytes. */
  readonly octets?: boolean;
  /** Of the body, if it is another than the API's own limit. */
  readonly bodyBytesMax?: number;
  /** By status. Errors are no part of it: each of them is a `Problem`. */
  readonly answers: Readonly<Record<number, TSchema>>;
  /** Of the answers; `application/json` if it is not said. */
  readonly media?: string;
  /** The caller needs the node's token. */
  readonly token?: true;
  /** The handler writes the answer itself, piece by piece. */
  readonly stream?: true;
  /** Good input, which the documentation shows. */
  readonly example?: RouteExample;
}

export interface RouteExample {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** @param shape is checked for what no type can say: each `{name}` of the path is declared in `params` */
export function route<const Shape extends RouteShape>(shape: Shape): Shape {
  const named = parameterNames(shape.path);
  const declared = Object.keys(shape.params?.properties ?? {});
  if (named.length !== declared.length || named.some((name) => !declared.includes(name))) {
    throw new Error(`${shape.method} ${shape.path} declares the path parameters [${declared}]`);
  }
  return shape;
}

/** The names in braces, in the order of the path. */
export function parameterNames(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string);
}

/** What a schema describes, as a value that nobody changes: the static type of every request and answer. */
export type Said<Schema extends TSchema> = Unchanging<Static<Schema>>;

type Unchanging<Value> = Value extends Uint8Array
  ? Value
  : Value extends object
    ? { readonly [Key in keyof Value]: Unchanging<Value[Key]> }
    : Value;

type PartOf<Shape extends RouteShape, Part extends "params" | "query"> = Shape[Part] extends TObject
  ? Said<Shape[Part]>
  : Readonly<Record<string, never>>;

export type ParamsOf<Shape extends RouteShape> = PartOf<Shape, "params">;
export type QueryOf<Shape extends RouteShape> = PartOf<Shape, "query">;

/** The JSON body; or the bytes, where the route takes them. */
export type BodyOf<Shape extends RouteShape> =
  | (Shape["body"] extends TSchema ? Said<Shape["body"]> : undefined)
  | (Shape["octets"] extends true ? Uint8Array : never);

/** What the route answers with one of its statuses. */
export type AnswerOf<
  Shape extends RouteShape,
  Status extends keyof Shape["answers"] = keyof Shape["answers"],
> = Shape["answers"][Status] extends TSchema ? Said<Shape["answers"][Status]> : never;

/** An answer that is bytes and no JSON. */
export const Octets = Type.Unsafe<Uint8Array>({ type: "string", format: "binary" });

/** An answer that is text and no JSON. */
export const PlainText = Type.String();
