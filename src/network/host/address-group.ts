/** Which addresses count as one party: whoever has one of them has the others, too. */
import { BlockList, isIPv6 } from "node:net";

/** Loopback, link-local, private and carrier-grade ranges: there a prefix is no party, but a whole LAN. */
const local = new BlockList();
local.addSubnet("10.0.0.0", 8);
local.addSubnet("100.64.0.0", 10);
local.addSubnet("127.0.0.0", 8);
local.addSubnet("169.254.0.0", 16);
local.addSubnet("172.16.0.0", 12);
local.addSubnet("192.168.0.0", 16);
local.addAddress("::1", "ipv6");
local.addSubnet("fc00::", 7, "ipv6");
local.addSubnet("fe80::", 10, "ipv6");

/**
 * The group of an IP address: its /24 (IPv4) or its /48 (IPv6); on a local network the address alone. Text that is no
 * address is a group of its own.
 */
export function addressGroup(address: string): string {
  const bare = address.replace(/%.*$/, "").replace(/^::ffff:(?=\d+\.)/i, "");
  const isSix = isIPv6(bare);
  if (local.check(bare, isSix ? "ipv6" : "ipv4")) return bare;
  if (isSix) return `${wordsOf(bare).slice(0, 3).join(":")}::/48`;
  return bare.replace(/\.\d+$/, ".0/24");
}

/** The eight words of an IPv6 address, those that `::` leaves out included. */
function wordsOf(address: string): string[] {
  const [head = "", tail = ""] = address.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === "" ? [] : tail.split(":");
  const missing = Array<string>(Math.max(0, 8 - left.length - right.length)).fill("0");
  return [...left, ...missing, ...right].map((word) => Number.parseInt(word, 16).toString(16));
}
