/** Schemas that allow nothing beside what they name. */
import type { TSchema } from "typebox";

/**
 * The schema with every object in it closed. Declared schemas are open, so that a client of today reads the answers of
 * a later node; a request, and in tests an answer, must hold nothing that is not declared. Objects must not be joined by
 * `Type.Intersect`: closed, no value would fit both sides. Spread their `properties` instead.
 */
export function closed<Schema extends TSchema>(schema: Schema): Schema {
  return closedValue(schema) as Schema;
}

function closedValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closedValue);
  if (typeof value !== "object" || value === null) return value;
  const parts = Object.entries(value).map(([key, part]) => [key, closedValue(part)] as const);
  const isOpen = "properties" in value && !("additionalProperties" in value);
  return { ...Object.fromEntries(parts), ...(isOpen ? { additionalProperties: false } : {}) };
}
