/** Random bytes of the browser; there on plain HTTP, too. */

export function randomBytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}
