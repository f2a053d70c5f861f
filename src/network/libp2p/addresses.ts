/** Multiaddrs: which peer an address names, and which claimed addresses are worth a dial. */
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

/** Parses an address from the operator; undefined if the text is no address. */
export function parseAddress(text: string): Multiaddr | undefined {
  try {
    return multiaddr(text);
  } catch {
    return undefined;
  }
}

/** 127.0.0.0/8 and ::1: they mean the machine that dials them. */
export function isLoopback(address: Multiaddr): boolean {
  const [first] = address.getComponents();
  if (first?.name === "ip4") return first.value?.startsWith("127.") === true;
  return first?.name === "ip6" && first.value === "::1";
}

/** Addresses of one claim that are looked at: one message of a stranger holds hundreds. */
const claimedMax = 32;

/** Addresses as text with `/p2p/`. Loopback addresses only if this node itself listens on nothing else. */
export function dialableAddresses(
  peer: PeerId,
  claimed: readonly Multiaddr[],
  ownAddresses: readonly Multiaddr[],
): readonly string[] {
  const loopbackOnly = ownAddresses.length > 0 && ownAddresses.every(isLoopback);
  return claimed
    .slice(0, claimedMax)
    .filter((address) => loopbackOnly || !isLoopback(address))
    .filter((address) => (peerIdOfAddress(address) ?? peer) === peer)
    .map((address) => withPeerId(address, peer));
}
