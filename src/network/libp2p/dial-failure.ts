/** Why a dial failed, in words for an operator: libp2p and the system say it by names and codes. */
import type { Multiaddr } from "@multiformats/multiaddr";
import { AddressTimeout } from "../host/side-by-side.ts";

/** Protocols of a multiaddr that a TCP address has. */
const known = new Set(["ip4", "ip6", "ip6zone", "dns", "dns4", "dns6", "tcp", "p2p"]);

/** The first protocol in an address that Aurex does not speak; undefined if it can be dialled. */
export function unsupportedProtocol(address: Multiaddr): string | undefined {
  const names = address.getComponents().map(({ name }) => name);
  const foreign = names.find((name) => !known.has(name));
  if (foreign !== undefined) return foreign;
  return names.includes("tcp") ? undefined : (names.at(-1) ?? "nothing");
}

/** Says which protocol of an address is not spoken here, and which ones are. */
export function unsupportedText(protocol: string): string {
  return `/${protocol} is not supported: Aurex speaks TCP, as in /ip4/192.0.2.1/tcp/13245 or /dns4/node.example.org/tcp/13245`;
}

const closedEarly =
  "the connection was closed during the handshake: the node there may be full, refuse this one for now, or be of a network that is closed by a secret (aurex-node join)";

const bySystemCode: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection was refused: nothing listens on that port",
  ETIMEDOUT: "no answer: the host is down, or a firewall drops the packets",
  EHOSTUNREACH: "the host cannot be reached",
  ENETUNREACH: "there is no route to that network",
  EADDRNOTAVAIL: "there is no route to that network",
  ENOTFOUND: "the name cannot be resolved: it does not exist",
  EAI_AGAIN: "the name cannot be resolved: no name server answers",
};

/** @param hasSecret whether this node is of a network that is closed by a secret */
export function dialFailureText(error: Error, hasSecret: boolean): string {
  if (error instanceof AddressTimeout)
    return `${error.message}: the host is down, or a firewall drops the packets`;
  const code = codeOf(error);
  const known = code === undefined ? undefined : bySystemCode[code];
  if (known !== undefined) return known;
  if (code === "ECONNRESET" || code === "EPIPE") return closedEarly;
  if (error.name === "EncryptionFailedError" && hasSecret) return secretRefusedText;
  if (isClosedEarly(error)) return closedEarly;
  if (error.name === "EncryptionFailedError")
    return "what answers there is no Aurex node: another program has that port";
  return error.message;
}

/** A peer answered, and this node's secret does not decrypt its first bytes. */
export const secretRefusedText =
  "a node answers there, but not with this network's secret: it is of another network, or the invitation is not of its network (aurex-node invite makes one)";

function isClosedEarly({ name, message }: Error): boolean {
  return (
    /UnexpectedEOF|StreamReset|StreamClosed|ConnectionClosed|Muxer/.test(name) ||
    /closed|reset|ended|EOF/i.test(message)
  );
}

/** The code of the error or of its cause; of several errors (one for each address of a name) that of the first. */
function codeOf(error: Error): string | undefined {
  const { code, cause } = error as NodeJS.ErrnoException;
  if (typeof code === "string") return code;
  if (error instanceof AggregateError) return error.errors.map(codeOf).find((each) => each !== undefined);
  return cause instanceof Error ? codeOf(cause) : undefined;
}
