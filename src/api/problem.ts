/** Errors as RFC 9457 has them: what went wrong (`detail`), its code, and what the caller can do (`next`). */
import { Type } from "typebox";
import type { Said } from "./route.ts";

export const problemMedia = "application/problem+json";

/** The fields of a fault; amounts are texts of base units. */
export const ErrorDetails = Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()]));
export type ErrorDetails = Said<typeof ErrorDetails>;

export const Problem = Type.Object({
  type: Type.String({ pattern: "^urn:aurex:problem:", description: "the code as a URN" }),
  title: Type.String({ description: "the code in words; the same for every such error" }),
  status: Type.Integer({ minimum: 400, maximum: 599 }),
  detail: Type.String({ description: "what went wrong with this request" }),
  code: Type.String({ pattern: "^[a-z]+/[a-z0-9-]+$", description: "for programs" }),
  next: Type.String({ description: "what the caller can do" }),
  details: Type.Optional(ErrorDetails),
});
export type Problem = Said<typeof Problem>;

const typePrefix = "urn:aurex:problem:";

/**
 * @param code e.g. `block/not-found`
 * @param details the fields of the fault, for programs
 */
export function problemOf(
  status: number,
  { code, detail, next, details }: Pick<Problem, "code" | "detail" | "next" | "details">,
): Problem {
  const title = code.replace("/", ": ").replaceAll("-", " ");
  const type = `${typePrefix}${code}`;
  return { type, title, status, detail, code, next, ...(details ? { details } : {}) };
}

/** Whether a body is what an Aurex node says of an error. */
export function isProblem(body: unknown): body is Problem {
  if (typeof body !== "object" || body === null) return false;
  const { type, code, detail, next } = body as Partial<Record<keyof Problem, unknown>>;
  return (
    typeof type === "string" &&
    type.startsWith(typePrefix) &&
    [code, detail, next].every((text) => typeof text === "string")
  );
}
