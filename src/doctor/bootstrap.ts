/** The peers that the operator named: what a running node says of them, or else whether anything answers there. */
import { lookup } from "node:dns/promises";
import { connect } from "node:net";
import { multiaddr } from "@multiformats/multiaddr";
import { systemClock } from "../base/clock.ts";
import { toError } from "../base/invariant.ts";
import { firstAnswer, NoneAnswered } from "../network/host/side-by-side.ts";
import { dialFailureText, unsupportedProtocol, unsupportedText } from "../network/libp2p/dial-failure.ts";
import type { BootstrapStatus } from "../network/peer-host.ts";
import { type Finding, failed, passed } from "./finding.ts";
import type { RunningNode } from "./running-node.ts";

const probeMaxMs = 5_000;
const next =
  "start the node there, mend its --listen-address, port forwarding or firewall, or correct the --bootstrap address";

/** @param addresses what the flags, variables or file of this command name; a running node knows its own */
export async function checkBootstrap(
  node: RunningNode | string,
  addresses: readonly string[],
): Promise<Finding> {
  if (typeof node !== "string") return findingOf(node.status.bootstrap);
  if (addresses.length === 0) return passed("bootstrap", "no peer is named with --bootstrap");
  const failures = await Promise.all(addresses.map(probe));
  const list = addresses.map(
    (address, index) => `${address}: ${failures[index] ?? "something listens there"}`,
  );
  return failures.every((failure) => failure === undefined)
    ? passed("bootstrap", list.join("; "))
    : failed("bootstrap", list.join("; "), next);
}

function findingOf(bootstrap: readonly BootstrapStatus[]): Finding {
  if (bootstrap.length === 0) return passed("bootstrap", "the running node was given no --bootstrap");
  const list = bootstrap.map(({ address, connected, error, failedAtMs }) => {
    if (connected) return `${address}: connected`;
    const when = failedAtMs === null ? "" : ` (last tried ${new Date(failedAtMs).toISOString()})`;
    return `${address}: ${error ?? "is being tried"}${when}`;
  });
  const isFailing = bootstrap.some(({ connected, error }) => !connected && error !== null && !isOwn(error));
  return isFailing ? failed("bootstrap", list.join("; "), next) : passed("bootstrap", list.join("; "));
}

/** One list often goes to all nodes, so that each finds itself in it. */
function isOwn(error: string): boolean {
  return error.startsWith("it is this node's own address");
}

/** Why nothing can be reached there; undefined if something listens. Only a node finds out whether it is one. */
async function probe(address: string): Promise<string | undefined> {
  const parsed = multiaddr(address);
  const protocol = unsupportedProtocol(parsed);
  if (protocol !== undefined) return unsupportedText(protocol);
  const [host, port] = parsed.getComponents().filter(({ name }) => name !== "ip6zone");
  try {
    if (host?.name.startsWith("dns")) await lookup(host.value ?? "");
    await firstAnswer(
      [address],
      { staggerMs: 0, limitMs: probeMaxMs },
      {
        clock: systemClock,
        attempt: (_, signal) => touch(host?.value ?? "", Number(port?.value), signal),
        discard: () => undefined,
      },
    );
    return undefined;
  } catch (thrown) {
    const error = thrown instanceof NoneAnswered ? (thrown.failures[0]?.error ?? thrown) : toError(thrown);
    return dialFailureText(error, false);
  }
}

/** Opens a TCP connection and closes it again. */
function touch(host: string, port: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const end = (settle: () => void) => {
      socket.destroy();
      settle();
    };
    signal.addEventListener("abort", () => end(() => reject(toError(signal.reason))), { once: true });
    socket.once("connect", () => end(resolve));
    socket.once("error", (error) => end(() => reject(error)));
  });
}
