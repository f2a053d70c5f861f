/** Tells addresses that only programs of this machine can reach from all others. */
import { isIP } from "node:net";

/** @param host an IP address without brackets, or a name */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}
