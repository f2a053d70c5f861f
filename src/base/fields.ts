/** Fields of a JSON object that nothing is known of yet. */
import { fromHex } from "./bytes.ts";

export function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @param length in bytes; any if it is undefined */
export function hexField(value: unknown, length?: number): Uint8Array | undefined {
  return typeof value === "string" ? fromHex(value, length) : undefined;
}
