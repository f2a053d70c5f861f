/** Tells requests that were meant for this node from those that a web page steered here by DNS rebinding. */
import { isIP } from "node:net";

const loopbackNames = ["127.0.0.1", "localhost", "[::1]"];

export interface AllowedHostsOptions {
  /** What the API listens on: an IP address or a name of this machine. */
  readonly host: string;
  /** Further names, as the operator wrote them: no scheme, no port. */
  readonly allowed: readonly string[];
}

/**
 * Answers whether a Host header names this node. A page of evil.example whose name was pointed at this machine (DNS
 * rebinding) is of one origin with the API for the browser, but its requests still carry its own name.
 *
 * Loopback names and the address that is listened on always count. On all addresses (0.0.0.0, ::) every IP literal
 * counts: an attacker can point a name here, and cannot own the page of somebody else's IP address.
 */
export function allowedHosts({
  host,
  allowed,
}: AllowedHostsOptions): (header: string | undefined) => boolean {
  const names = new Set([...loopbackNames, ...[host, ...allowed].map(asInHeader)]);
  const isEverywhere = host === "0.0.0.0" || host === "::";
  return (header) => {
    const name = nameIn(header);
    if (name === undefined) return false;
    return names.has(name) || (isEverywhere && isIP(name.replace(/^\[|\]$/g, "")) !== 0);
  };
}

/** The name of a Host header without its port, lower case; undefined if it is no name and no address. */
function nameIn(header: string | undefined): string | undefined {
  const name = /^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/.exec(header ?? "")?.[1];
  return name && asInHeader(name);
}

/** Lower case, an IPv6 address in brackets, and no dot at the end, which means the same name. */
function asInHeader(name: string): string {
  const bare = name.toLowerCase().replace(/\.$/, "");
  return isIP(bare) === 6 ? `[${bare}]` : bare;
}
