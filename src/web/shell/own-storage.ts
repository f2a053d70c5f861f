/** The storage of this browser for small texts; undefined if the browser refuses even to be asked. */
export function ownStorage(): Storage | undefined {
  try {
    return localStorage;
  } catch {
    return undefined;
  }
}
