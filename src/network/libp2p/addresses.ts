/** Multiaddrs: whose they are, and which of those that others claim are worth dialling. */
import { CODE_P2P, type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import type { PeerId } from "../peer-host.ts";

/** The peer id at the end of an address, if it has one. */
export function peerIdOfAddress(address: Multiaddr): PeerId | undefined {
  return address.getComponents().findLast(({ code }) => code === CODE_P2P)?.value;
}

/** An address as text, with the peer id at its end. */
export function withPeerId(address: Multiaddr, peer: PeerId): string {
  return peerIdOfAddress(address) === undefined ? `${address}/p2p/${peer}` : `${address}`;
}

/** Parses an address from the operator; undefined where it is none. */
export function parseAddress(text: string): Multiaddr | undefined {
  try {
    return multiaddr(text);
  } catch {
    return undefined;
  }
}

/** 127.0.0.0/8 and ::1: on another host these mean that host, not the peer. */
export function isLoopback(address: Multiaddr): boolean {
  const [first] = address.getComponents();
  if (first?.name === "ip4") return first.value?.startsWith("127.") === true;
  return first?.name === "ip6" && first.value === "::1";
}

/** Addresses as text with `/p2p/`; loopback ones only where we ourselves listen on nothing else. */
export function dialableAddresses(
  peer: PeerId,
  claimed: readonly Multiaddr[],
  ownAddresses: readonly Multiaddr[],
): readonly string[] {
  const loopbackOnly = ownAddresses.length > 0 && ownAddresses.every(isLoopback);
  return claimed
    .filter((address) => loopbackOnly || !isLoopback(address))
    .filter((address) => (peerIdOfAddress(address) ?? peer) === peer)
    .map((address) => withPeerId(address, peer));
}
