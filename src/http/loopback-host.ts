/** Tells requests that were meant for this machine from those that a web page steered here by its own name's address. */

const loopbackNames = new Set(["127.0.0.1", "localhost", "[::1]"]);

/**
 * Whether a Host header names loopback. A page of evil.example whose name resolves to 127.0.0.1 (DNS rebinding) is of
 * one origin with this API for the browser, but still sends its own name.
 */
export function isLoopbackHost(host: string | undefined): boolean {
  const name = /^([^:]+|\[[^\]]+\])(?::\d{1,5})?$/.exec(host ?? "")?.[1];
  return name !== undefined && loopbackNames.has(name.toLowerCase());
}
