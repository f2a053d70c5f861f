/** Peers on the local network by mDNS: asked for, answered and heard on every interface. */
import { randomBytes } from "node:crypto";
import type { PeerInfo, Startable } from "@libp2p/interface";
import type { Multiaddr } from "@multiformats/multiaddr";
import type { Packet } from "dns-packet";
import { toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import { type AnswerReader, addressMark, mdnsAnswerReader } from "./mdns-answers.ts";
import { MdnsSocket } from "./mdns-socket.ts";
import { type MulticastInterface, multicastInterfaces } from "./multicast-interfaces.ts";

export interface MdnsOptions {
  /** Only nodes of the same network name see each other. */
  readonly network: string;
  readonly intervalMs: number;
}

/** What libp2p hands to the service. */
export interface MdnsComponents {
  readonly addressManager: { getAddresses(): Multiaddr[] };
}

export interface MdnsModules {
  readonly logger: Logger;
  readonly onPeer: (peer: PeerInfo) => void;
  /** By default those of this machine. */
  readonly interfaces?: () => readonly MulticastInterface[];
}

const lookEveryMs = 2_000;
/** An answer goes to all nodes, so one answer is enough for all questions within this time. */
const answerEveryMs = 500;
/** Fits into one Ethernet packet. */
const answeredAddressesMax = 6;
const ttlSeconds = 120;
const peerNameBytes = 31;

/** Only nodes of one network name ask for and answer to it. */
export function mdnsServiceTag(network: string): string {
  return `_aurex-${network}._udp.local`;
}

/**
 * libp2p's own discovery reads the answers. It asks only on the interface of the default route, leaves public addresses out of
 * its answers, and hears whatever comes, however much: this class asks, answers and hears in its place.
 */
export class Mdns implements Startable {
  readonly #tag: string;
  readonly #intervalMs: number;
  readonly #modules: MdnsModules;
  /** An answer under this name is this node's own. */
  readonly #peerName = randomBytes(peerNameBytes).toString("hex");
  #components: MdnsComponents | undefined;
  #readAnswer: AnswerReader = () => undefined;
  #socket: MdnsSocket | undefined;
  /** The interfaces in use, as text: to notice a change. */
  #interfaces = "";
  #portFault: string | undefined;
  #nobodyFault: string | undefined;
  #sendFault: string | undefined;
  #said: string | undefined;
  #askTimer: NodeJS.Timeout | undefined;
  #lookTimer: NodeJS.Timeout | undefined;
  #changing: Promise<void> = Promise.resolve();
  #answeredMs = Number.NEGATIVE_INFINITY;
  #running = false;

  constructor(options: MdnsOptions, modules: MdnsModules) {
    this.#tag = mdnsServiceTag(options.network);
    this.#intervalMs = options.intervalMs;
    this.#modules = modules;
  }

  /** Why no peer can be found, or not on all interfaces; undefined if no reason is known. */
  get fault(): string | undefined {
    return this.#portFault ?? this.#nobodyFault ?? this.#sendFault;
  }

  /** The libp2p service. No discovery in the eyes of libp2p, whose peer store would take in every claim. */
  createService(components: MdnsComponents): this {
    this.#components = components;
    const names = { serviceTag: this.#tag, peerName: this.#peerName };
    this.#readAnswer = mdnsAnswerReader(names, this.#modules.onPeer);
    return this;
  }

  async start(): Promise<void> {
    this.#running = true;
    this.#interfaces = textOf(this.#interfacesNow());
    await this.#open();
    this.#askTimer = setInterval(() => void this.#ask(), this.#intervalMs).unref();
    this.#lookTimer = setInterval(() => this.#look(), lookEveryMs).unref();
  }

  async stop(): Promise<void> {
    this.#running = false;
    clearInterval(this.#askTimer);
    clearInterval(this.#lookTimer);
    await this.#changing;
    await this.#close();
  }

  /** Interfaces come and go. A multicast membership that ended with its interface does not come back by itself. */
  #look(): void {
    const now = textOf(this.#interfacesNow());
    if (now === this.#interfaces || !this.#running) return;
    this.#interfaces = now;
    this.#changing = this.#changing.then(async () => {
      if (!this.#running) return;
      await this.#close();
      await this.#open();
    });
  }

  async #open(): Promise<void> {
    const used = this.#interfacesNow().filter(({ hasMulticast }) => hasMulticast);
    this.#portFault = undefined;
    const socket = new MdnsSocket(used, {
      question: (name) => {
        if (name === this.#tag) void this.#answer();
      },
      answer: this.#readAnswer,
    });
    try {
      await socket.open();
      this.#socket = socket;
    } catch (thrown) {
      this.#portFault = toError(thrown).message;
      await socket.close();
    }
    const isAlone = used.every(({ address }) => address.startsWith("127."));
    this.#nobodyFault = isAlone
      ? "no interface of this machine but loopback has multicast and an IPv4 address"
      : undefined;
    this.#tellChange();
    await this.#ask();
  }

  async #close(): Promise<void> {
    await this.#socket?.close();
    this.#socket = undefined;
  }

  async #ask(): Promise<void> {
    await this.#send(() => ({ type: "query", questions: [{ name: this.#tag, type: "PTR" }] }));
  }

  async #answer(): Promise<void> {
    const nowMs = performance.now();
    if (nowMs - this.#answeredMs < answerEveryMs) return;
    this.#answeredMs = nowMs;
    const addresses = this.#components?.addressManager.getAddresses() ?? [];
    if (addresses.length > 0) await this.#send((by) => this.#answerBy(by, addresses));
  }

  #interfacesNow(): readonly MulticastInterface[] {
    return (this.#modules.interfaces ?? multicastInterfaces)();
  }

  async #send(packetFor: (by: MulticastInterface) => Packet): Promise<void> {
    const socket = this.#socket;
    if (!socket) return;
    const faults = await socket.send(packetFor);
    if (socket !== this.#socket) return;
    const list = [...faults].map(([name, fault]) => `${name}: ${fault}`);
    this.#sendFault = list.length === 0 ? undefined : list.join("; ");
    this.#tellChange();
  }

  /** The answer of libp2p's specification, with all addresses: those of the interface first, since peers there reach these best. */
  #answerBy(by: MulticastInterface, addresses: readonly Multiaddr[]): Packet {
    const name = `${this.#peerName}.${this.#tag}`;
    const isThere = (address: Multiaddr) => by.addresses.includes(address.getComponents()[0]?.value ?? "");
    const ordered = addresses.toSorted((a, b) => Number(isThere(b)) - Number(isThere(a)));
    return {
      type: "response",
      // Authoritative answer (RFC 1035, 4.1.1).
      flags: 0x0400,
      answers: [
        { type: "PTR", name: this.#tag, class: "IN", ttl: ttlSeconds, data: name },
        ...ordered.slice(0, answeredAddressesMax).map((address) => {
          return {
            type: "TXT",
            name,
            class: "IN",
            ttl: ttlSeconds,
            data: `${addressMark}${address}`,
          } as const;
        }),
      ],
    };
  }

  #tellChange(): void {
    const { logger } = this.#modules;
    if (this.fault === this.#said) return;
    this.#said = this.fault;
    if (this.fault === undefined) logger.info({}, "mDNS works here again");
    else
      logger.warn(
        { reason: this.fault },
        "mDNS is impaired here: peers may have to be named with --bootstrap",
      );
  }
}

function textOf(interfaces: readonly MulticastInterface[]): string {
  return JSON.stringify(interfaces);
}
