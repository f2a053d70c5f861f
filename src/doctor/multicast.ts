/** Can this machine be found by mDNS: where does multicast go, can UDP 5353 be shared, and does what is sent come back? */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { networkInterfaces } from "node:os";
import { sleep, systemClock } from "../base/clock.ts";
import { toError } from "../base/invariant.ts";
import { mdnsServiceTag } from "../network/libp2p/mdns.ts";
import { mdnsGroup, mdnsPort } from "../network/libp2p/mdns-socket.ts";
import { type MulticastInterface, multicastInterfaces } from "../network/libp2p/multicast-interfaces.ts";
import { type Finding, failed, passed, unknown } from "./finding.ts";
import { ownerText, portOwner } from "./port-owner.ts";

const aroundIt = "or name a peer with --bootstrap";
const answersWaitMs = 3_000;

/** By which interfaces mDNS leaves this machine, and which are left out; an empty datagram by each tells. */
export async function checkMulticastRoute(mdns: boolean): Promise<Finding> {
  if (!mdns) return unknown("multicast-route", "not needed: mDNS is off (--no-mdns)");
  const all = multicastInterfaces();
  const used = all.filter(({ hasMulticast, name }) => hasMulticast && name !== loopbackName());
  const faults = await Promise.all(used.map(({ address }) => sendFault(address)));
  const works = used.filter((_, index) => faults[index] === undefined).map(textOf);
  const broken = used.flatMap((each, index) => (faults[index] ? [`${textOf(each)}: ${faults[index]}`] : []));
  const leftOut = [
    ...broken,
    ...all.filter(({ hasMulticast }) => !hasMulticast).map((each) => `${textOf(each)}: it has no multicast`),
  ];
  const aside = leftOut.length === 0 ? "" : `; left out: ${leftOut.join(", ")}`;
  if (works.length === 0) {
    return failed(
      "multicast-route",
      `multicast leaves this machine by no interface${aside}`,
      `connect this machine to a network (ip link shows its interfaces and their MULTICAST); ${aroundIt}`,
    );
  }
  const found = `multicast goes out by ${works.join(", ")}${aside}`;
  if (broken.length === 0) return passed("multicast-route", found);
  return failed(
    "multicast-route",
    found,
    `let UDP ${mdnsPort} out through the firewall of this machine; ${aroundIt}`,
  );
}

/** Why nothing can be sent to the group by the interface of an address; undefined if it can. */
async function sendFault(address: string): Promise<string | undefined> {
  const socket = createSocket("udp4");
  try {
    socket.bind(0);
    await once(socket, "listening");
    await sendBy(socket, address, new Uint8Array(0));
    return undefined;
  } catch (thrown) {
    return toError(thrown).message;
  } finally {
    socket.close();
  }
}

/** Sends to the group by the interface of an address. */
function sendBy(socket: Socket, address: string, message: Uint8Array): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    socket.setMulticastInterface(address);
    socket.send(message, mdnsPort, mdnsGroup, (error) => (error ? reject(error) : resolve()));
  });
}

function textOf({ name, address }: MulticastInterface): string {
  return `${name} (${address})`;
}

/** Shares the port, asks the LAN as a node does, and listens for its own question and for answers. */
export async function checkMdnsPort(mdns: boolean, network: string): Promise<Finding> {
  if (!mdns) return unknown("mdns-port", "not needed: mDNS is off (--no-mdns)");
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  try {
    socket.bind(mdnsPort);
    await once(socket, "listening");
    const used = multicastInterfaces().filter(({ hasMulticast }) => hasMulticast);
    for (const { address } of used) socket.addMembership(mdnsGroup, address);
    const heard = await ask(socket, network, used);
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
    return failed("mdns-port", `mDNS cannot be used: ${message}`, `see multicast-route; ${aroundIt}`);
  } finally {
    socket.close();
  }
}

interface Heard {
  readonly own: boolean;
  /** Addresses that nodes of the network have answered from. */
  readonly answers: readonly string[];
}

async function ask(
  socket: Socket,
  network: string,
  interfaces: readonly MulticastInterface[],
): Promise<Heard> {
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
  for (const { address } of interfaces) await sendBy(socket, address, question);
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
