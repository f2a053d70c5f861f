/** Says in words what is wrong with a request: people must never be answered with a regular expression. */
import { closest } from "fastest-levenshtein";
import type { FastifySchemaValidationError } from "fastify";

/** What a schema says about a property: `description` follows "must be". A property without one is a bug of ours. */
interface DescribedSchema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
}

type SchemaError = FastifySchemaValidationError & { readonly parentSchema?: DescribedSchema };

const places: Readonly<Record<string, string>> = {
  querystring: "query parameter",
  params: "path",
  body: "body",
  headers: "header",
};

/** The error of the first thing that is wrong; `context` is the part of the request that was validated. */
export function requestFault(errors: readonly FastifySchemaValidationError[], context: string): Error {
  const [first] = errors;
  const place = places[context] ?? context;
  return new Error(first ? sentence(first, place) : `the ${place} is not valid`);
}

function sentence(error: SchemaError, place: string): string {
  const { keyword, params, instancePath, parentSchema, message = "is not valid" } = error;
  const property = instancePath.slice(1).replaceAll("/", ".");
  const name = property === "" ? `the ${place}` : `${place} ${property}`;
  switch (keyword) {
    case "additionalProperties":
      return unknownProperty(place, String(params.additionalProperty), parentSchema);
    case "required":
      return `${place} ${params.missingProperty} is missing`;
    case "dependencies":
    case "dependentRequired":
      return `${place} ${params.property} goes with ${params.deps}`;
    case "enum": {
      const words = params.allowedValues as unknown as readonly string[];
      return `${name} must be ${words.join(" or ")}`;
    }
    default:
      return parentSchema?.description ? `${name} must be ${parentSchema.description}` : `${name} ${message}`;
  }
}

function unknownProperty(place: string, name: string, schema: DescribedSchema | undefined): string {
  const known = Object.keys(schema?.properties ?? {});
  const instead = known.length > 0 ? `the nearest is ${closest(name, known)}` : "this route takes none";
  return `${place} ${name} is not known: ${instead}`;
}
