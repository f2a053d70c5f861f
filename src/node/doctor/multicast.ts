/** Can this machine be found by mDNS: where does multicast go, can UDP 5353 be shared, and does what is sent come back? */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { networkInterfaces } from "node:os";
import { sleep, systemClock } from "../../base/clock.ts";
import { toError } from "../../base/invariant.ts";
import { mdnsGroup, mdnsPort, mdnsServiceTag } from "../../network/libp2p/mdns.ts";
import { type Finding, failed, passed, unknown } from "./finding.ts";
import { ownerText, portOwner } from "./port-owner.ts";

const aroundIt = "or name a peer with --bootstrap";
/** Names that tunnels go by: whom they lead to is not on this LAN. */
const tunnelNames = /^(?:tun|tap|wg|ppp|utun|ipsec|tailscale|zt|nordlynx|proton)/;
const answersWaitMs = 1_500;

/** Through which interface a datagram to the group would go; found out without sending one. */
export async function checkMulticastRoute(mdns: boolean): Promise<Finding> {
  if (!mdns) return unknown("multicast-route", "not needed: mDNS is off (--no-mdns)");
  const socket = createSocket("udp4");
  try {
    socket.connect(mdnsPort, mdnsGroup);
    await once(socket, "connect");
    const { address } = socket.address();
    const name = interfaceOf(address);
    if (name === undefined || tunnelNames.test(name) || name === loopbackName()) {
      const way = name === undefined ? `the interface of ${address}, which is down` : `${name} (${address})`;
      return failed(
        "multicast-route",
        `multicast goes out by ${way}, not into the LAN`,
        `${routeCommand()}; ${aroundIt}`,
      );
    }
    return passed("multicast-route", `multicast goes out by ${name} (${address})`);
  } catch (thrown) {
    return failed(
      "multicast-route",
      `there is no route for multicast: ${toError(thrown).message}`,
      `${routeCommand()}; ${aroundIt}`,
    );
  } finally {
    socket.close();
  }
}

/** Shares the port, asks the LAN as a node does, and listens for its own question and for answers. */
export async function checkMdnsPort(mdns: boolean, network: string): Promise<Finding> {
  if (!mdns) return unknown("mdns-port", "not needed: mDNS is off (--no-mdns)");
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  try {
    socket.bind(mdnsPort);
    await once(socket, "listening");
    socket.addMembership(mdnsGroup);
    const heard = await ask(socket, network);
    if (heard.own) return passed("mdns-port", `UDP ${mdnsPort} is shared; ${answersText(heard, network)}`);
    return failed(
      "mdns-port",
      `what is sent to ${mdnsGroup}:${mdnsPort} does not come back`,
      `let UDP ${mdnsPort} in and out through the firewall of this machine; ${aroundIt}`,
    );
  } catch (thrown) {
    const { code, message } = toError(thrown) as NodeJS.ErrnoException;
    if (code === "EADDRINUSE") {
      const owner = ownerText(await portOwner("udp", mdnsPort));
      return failed(
        "mdns-port",
        `UDP ${mdnsPort} is held by ${owner}, which does not share it`,
        `stop that program; ${aroundIt}`,
      );
    }
    return failed("mdns-port", `mDNS cannot be used: ${message}`, `${routeCommand()}; ${aroundIt}`);
  } finally {
    socket.close();
  }
}

interface Heard {
  readonly own: boolean;
  /** Addresses that nodes of the network have answered from. */
  readonly answers: readonly string[];
}

async function ask(socket: Socket, network: string): Promise<Heard> {
  const tag = mdnsServiceTag(network);
  const question = questionFor(tag);
  const label = labelOf(tag.split(".")[0] ?? "");
  const ours = new Set(addresses().map(({ address }) => address));
  const answers = new Set<string>();
  let own = false;
  socket.on("message", (message, { address }) => {
    if (message.equals(question) && ours.has(address)) own = true;
    // The first bit of the flags tells answers from questions.
    else if (((message[2] ?? 0) & 0x80) !== 0 && message.includes(label)) answers.add(address);
  });
  await new Promise<void>((resolve, reject) => {
    socket.send(question, mdnsPort, mdnsGroup, (error) => (error ? reject(error) : resolve()));
  });
  await sleep(systemClock, answersWaitMs);
  return { own, answers: [...answers].sort() };
}

function answersText({ answers }: Heard, network: string): string {
  if (answers.length === 0) return `no node of network ${network} answers`;
  return `nodes of network ${network} answer from ${answers.join(", ")}`;
}

/** A DNS message with one question of type PTR and class IN (RFC 1035, 4.1). */
function questionFor(name: string): Buffer {
  const header = Buffer.from([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([header, ...name.split(".").map(labelOf), Buffer.from([0, 0, 12, 0, 1])]);
}

function labelOf(text: string): Buffer {
  return Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
}

/** The command that mends it, for the interface that leads into the LAN as far as can be told. */
function routeCommand(): string {
  const lan = addresses().find(({ name, internal }) => !internal && !tunnelNames.test(name))?.name;
  if (lan === undefined) return "connect this machine to a network";
  return process.platform === "darwin"
    ? `sudo route -n add -net 224.0.0.0/4 -interface ${lan}`
    : `sudo ip route replace 224.0.0.0/4 dev ${lan}`;
}

function interfaceOf(address: string): string | undefined {
  return addresses().find((each) => each.address === address)?.name;
}

function loopbackName(): string | undefined {
  return addresses().find(({ internal }) => internal)?.name;
}

function addresses(): { readonly name: string; readonly address: string; readonly internal: boolean }[] {
  return Object.entries(networkInterfaces()).flatMap(([name, list]) =>
    (list ?? [])
      .filter(({ family }) => family === "IPv4")
      .map(({ address, internal }) => ({ name, address, internal })),
  );
}
