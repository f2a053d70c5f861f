/** The interfaces on which mDNS can send, and those that have no multicast. */
import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";

export interface MulticastInterface {
  readonly name: string;
  /** The first of its IPv4 addresses: it tells the system which interface is meant. */
  readonly address: string;
  readonly addresses: readonly string[];
  /** False for most tunnels. */
  readonly hasMulticast: boolean;
}

/** IFF_MULTICAST of Linux. */
const multicastFlag = 0x1000;

/** The interfaces that are up and have an IPv4 address; loopback only if there is no other. */
export function multicastInterfaces(): MulticastInterface[] {
  const all = Object.entries(networkInterfaces()).flatMap(([name, list]) => {
    const four = (list ?? []).filter(({ family }) => family === "IPv4");
    const [first] = four;
    if (first === undefined) return [];
    const addresses = four.map(({ address }) => address);
    // Multicast on loopback reaches the other nodes of this machine, though the flag is never set there.
    const hasMulticast = first.internal || mayMulticast(name);
    return [{ name, address: first.address, addresses, hasMulticast, internal: first.internal }];
  });
  const outside = all.filter(({ internal }) => !internal);
  return outside.some(({ hasMulticast }) => hasMulticast)
    ? outside
    : [...outside, ...all.filter(({ internal }) => internal)];
}

/** True also if the system does not tell, as on systems other than Linux. */
function mayMulticast(name: string): boolean {
  try {
    const flags = Number(readFileSync(`/sys/class/net/${name}/flags`, "utf8").trim());
    return !Number.isInteger(flags) || (flags & multicastFlag) !== 0;
  } catch {
    return true;
  }
}
