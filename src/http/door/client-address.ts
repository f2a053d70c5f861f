/** Who a request comes from, as far as limits are concerned. */
import { isIP, type Socket } from "node:net";
import { isLoopback } from "../../base/loopback.ts";

/** An IPv4 address, or the first 64 bits of an IPv6 one: whoever has one address there has all of them. */
export type ClientAddress = string;

/** What a socket says of its two ends; nothing once it is closed. */
type Ends = Pick<Socket, "remoteAddress" | "localAddress">;

/** Of a socket: a connection from an address of this machine to the same address is this machine's own. */
export function clientAddress({ remoteAddress, localAddress }: Ends): ClientAddress {
  if (remoteAddress !== undefined && remoteAddress === localAddress) return "127.0.0.1";
  const address = (remoteAddress ?? "").replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/, "");
  return isIP(address) === 6 && !isLoopback(address) ? networkOf(address) : address;
}

/** Programs of this machine are not limited by address: they share one. */
export function isOwnMachine(address: ClientAddress): boolean {
  return isLoopback(address);
}

function networkOf(address: string): string {
  const [head = "", tail] = (address.split("%")[0] as string).split("::");
  const groups = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros =
    tail === undefined ? [] : Array<string>(Math.max(0, 8 - groups.length - after.length)).fill("0");
  return `${[...groups, ...zeros, ...after].slice(0, 4).join(":")}::/64`;
}
