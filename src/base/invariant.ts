/** Broken promises of our own code: these throw, so that a bug is never mistaken for a peer's fault. */

export class InvariantError extends Error {
  override name = "InvariantError";
}

/** Throws {@link InvariantError} where `condition` does not hold; narrows the type where it does. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** Turns whatever was thrown into an Error that can be logged. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
