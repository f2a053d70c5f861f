/** Tells addresses of a LAN from public ones. */
import { BlockList } from "node:net";

const privateRanges = new BlockList();
for (const [network, prefix] of [
  // RFC 1918, link-local (RFC 3927), loopback.
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["169.254.0.0", 16],
  ["127.0.0.0", 8],
] as const)
  privateRanges.addSubnet(network, prefix, "ipv4");
for (const [network, prefix] of [
  // Unique local (RFC 4193), link-local, loopback.
  ["fc00::", 7],
  ["fe80::", 10],
  ["::1", 128],
] as const)
  privateRanges.addSubnet(network, prefix, "ipv6");

/** @param address multiaddr of a connection, e.g. `/ip4/192.168.1.5/tcp/13246`: the address that the packets come from */
export function isPrivateAddress(address: string): boolean {
  const parts = address.split("/");
  // The first address is the other end of the connection. A relayed peer's own address would come later.
  const [protocol, host = ""] = parts[1] === "ip6zone" ? parts.slice(3) : parts.slice(1);
  if (protocol === "ip4") return privateRanges.check(host, "ipv4");
  // The network in memory, for tests, never leaves its process.
  return protocol === "memory" || (protocol === "ip6" && privateRanges.check(host, "ipv6"));
}
