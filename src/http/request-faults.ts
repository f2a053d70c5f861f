/** Says in words what is wrong with a request: people must never be answered with a regular expression. */
import type { FastifySchemaValidationError } from "fastify";

/** What a schema says about a property: `description` follows "must be". A property without one is a bug of ours. */
interface DescribedSchema {
  readonly description?: string;
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
      return `${place} ${params.additionalProperty} is not known`;
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
