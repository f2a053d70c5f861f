/** Whether a ledger is kept in a database rather than in a file, and texts without the password of one. */

/** `postgres://…`, or `@FILE` for a file that holds such a URL. */
export function isDatabaseTarget(target: string): boolean {
  return /^(?:postgres(?:ql)?:\/\/|@)/.test(target);
}

/** A text with the password of any URL in it replaced; for what is shown or kept. */
export function withoutPassword(text: string): string {
  // Up to the last @: a password that is not encoded may hold any other sign.
  return text.replaceAll(/(:\/\/[^/?#@:\s]*):.*@/gs, "$1:…@").replaceAll(/([?&]password=)[^&\s"]*/gi, "$1…");
}
