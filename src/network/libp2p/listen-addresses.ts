/** The addresses under which this node can be reached: those on which it listens, for each interface that is up now. */
import { BlockList } from "node:net";
import { networkInterfaces } from "node:os";
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import { isLoopback } from "./addresses.ts";

/** One address of an interface of this machine. */
export interface InterfaceAddress {
  readonly family: "IPv4" | "IPv6";
  readonly address: string;
}

/** The listeners of libp2p's transport manager. */
export interface ListeningTransports {
  getAddrs(): Multiaddr[];
}

/** A node record has room for this many. */
export const announcedAddressesMax = 8;

/** The addresses of this machine's interfaces that are up. */
export function interfaceAddresses(): InterfaceAddress[] {
  return Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).map(({ family, address }) => ({ family, address })),
  );
}

/**
 * Addresses to announce, best first, without a peer id: what the operator announces, then everything that the node
 * listens on and that an interface holds. No other node has to confirm them: libp2p would not announce public addresses
 * until AutoNAT confirms them, and on a LAN with public addresses no node runs AutoNAT.
 *
 * @param listening multiaddrs with an IP address and the port that was taken; 0.0.0.0 and :: stand for all of a family
 */
export function addressesToAnnounce(
  announced: readonly string[],
  listening: readonly Multiaddr[],
  interfaces: readonly InterfaceAddress[],
): Multiaddr[] {
  const held = listening.flatMap((address) => expand(address, interfaces));
  // Another machine reaches only itself by a loopback address: it is announced only if there is no other address.
  const outside = held.filter((address) => !isLoopback(address));
  const told = outside.length > 0 || announced.length > 0 ? outside : held;
  const ranked = told.toSorted((a, b) => rankOf(a) - rankOf(b));
  const all = [...announced.map((address) => multiaddr(address)), ...ranked];
  const unique = new Map(all.map((address) => [address.toString(), address]));
  return [...unique.values()].slice(0, announcedAddressesMax);
}

/**
 * A listen address with the port that the system chose: `/ip4/0.0.0.0/tcp/0` becomes `/ip4/0.0.0.0/tcp/43121`.
 *
 * @param transports addresses that libp2p listens on, with wildcards expanded
 */
export function withTakenPort(listen: Multiaddr, transports: readonly Multiaddr[]): Multiaddr | undefined {
  const [ip, port] = listen.getComponents();
  if (ip?.value === undefined || port?.name !== "tcp") return undefined;
  if (port.value !== "0") return listen;
  const same = transports.find((address) => {
    const [host] = address.getComponents();
    return host?.name === ip.name && (isWildcard(ip.value) || host.value === ip.value);
  });
  const taken = same?.getComponents()[1]?.value;
  return taken === undefined ? undefined : multiaddr(`/${ip.name}/${ip.value}/tcp/${taken}`);
}

function expand(address: Multiaddr, interfaces: readonly InterfaceAddress[]): Multiaddr[] {
  const [ip, port] = address.getComponents();
  if (ip?.value === undefined || port === undefined) return [];
  const family = ip.name === "ip4" ? "IPv4" : "IPv6";
  const held = interfaces.filter((each) => each.family === family && !needsZone(each.address));
  const hosts = isWildcard(ip.value)
    ? held.map((each) => each.address)
    : held.some((each) => each.address === ip.value) || ip.value.startsWith("127.")
      ? [ip.value]
      : [];
  return hosts.map((host) => multiaddr(`/${ip.name}/${host}/tcp/${port.value}`));
}

function isWildcard(host: string | undefined): boolean {
  return host === "0.0.0.0" || host === "::";
}

/** fe80::/10 means nothing without the name of an interface, and that name means nothing on another machine. */
function needsZone(address: string): boolean {
  return /^fe[89ab]/i.test(address);
}

const lanRanges = new BlockList();
for (const [network, prefix] of [
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
] as const)
  lanRanges.addSubnet(network, prefix, "ipv4");
lanRanges.addSubnet("fc00::", 7, "ipv6");

/**
 * Addresses of a stranger's record that are worth a dial. Those of private networks only if this machine is in one:
 * otherwise a record could make public nodes dial the machines behind their routers.
 */
export function reachableFrom(own: readonly Multiaddr[], claimed: readonly Multiaddr[]): Multiaddr[] {
  const isInLan = own.some(isLanAddress);
  return claimed.filter((address) => isInLan || !isLanAddress(address));
}

function isLanAddress(address: Multiaddr): boolean {
  const rank = rankOf(address);
  return rank === 0 || rank >= 3;
}

/** Lower comes first: others try addresses in this order, and a record has room for a few. */
function rankOf(address: Multiaddr): number {
  const [ip] = address.getComponents();
  const host = ip?.value ?? "";
  if (ip?.name === "ip4") {
    if (host.startsWith("169.254.")) return 4;
    return lanRanges.check(host, "ipv4") ? 0 : 1;
  }
  return lanRanges.check(host, "ipv6") ? 3 : 2;
}
