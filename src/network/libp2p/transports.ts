/** Libp2p's transports as this host uses them: one dial to one address, and the addresses on which the node listens now. */
import type { Connection, Startable } from "@libp2p/interface";
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import {
  addressesToAnnounce,
  interfaceAddresses,
  type ListeningTransports,
  withTakenPort,
} from "./listen-addresses.ts";

/** The part of the transport manager that is used here; libp2p hands it to its services. */
export interface TransportManager extends ListeningTransports {
  dial(address: Multiaddr, options: { readonly signal: AbortSignal }): Promise<Connection>;
}

/** What libp2p hands to the service. */
export interface TransportComponents {
  readonly transportManager: TransportManager;
  readonly peerId: { toString(): string };
}

export interface TransportsOptions {
  readonly listenAddresses: readonly string[];
  /** Multiaddrs from the operator, announced in addition to those on which the node listens. */
  readonly announceAddresses: readonly string[];
}

/** Interfaces come and go with cables, tunnels and DHCP, and Node has no event for it: they are read this often. */
const lookEveryMs = 2_000;

export class Transports implements Startable {
  readonly #options: TransportsOptions;
  readonly #onChange: () => void;
  #manager: TransportManager | undefined;
  #timer: NodeJS.Timeout | undefined;
  #known = "";
  #suffix = "";

  /** @param onChange called after the addresses have changed, not for the first ones */
  constructor(options: TransportsOptions, onChange: () => void) {
    this.#options = options;
    this.#onChange = onChange;
  }

  /** The libp2p service; made once, by libp2p. */
  createService({ transportManager, peerId }: TransportComponents): this {
    this.#manager = transportManager;
    this.#suffix = `/p2p/${peerId}`;
    return this;
  }

  start(): void {
    this.#known = "";
    this.#timer = setInterval(() => this.#look(), lookEveryMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** The addresses under which this node can be reached, without its id; empty while it does not listen. */
  announced(): Multiaddr[] {
    const { listenAddresses, announceAddresses } = this.#options;
    const taken = this.#manager?.getAddrs() ?? [];
    if (taken.length === 0 && listenAddresses.length > 0) return [];
    const listening = listenAddresses.flatMap((address) => withTakenPort(multiaddr(address), taken) ?? []);
    return addressesToAnnounce(announceAddresses, listening, interfaceAddresses());
  }

  /** The same with this node's id, as libp2p writes its own addresses. */
  announcedWithId(): Multiaddr[] {
    return this.announced().map((address) => address.encapsulate(this.#suffix));
  }

  /**
   * Opens a connection by this address alone. Libp2p's own dial queue tries a peer's addresses one after the other: the
   * first address that does not answer would use up the time of all.
   */
  async dial(address: Multiaddr, signal: AbortSignal): Promise<Connection> {
    if (!this.#manager) throw new Error("libp2p has not been made yet");
    return this.#manager.dial(address, { signal });
  }

  #look(): void {
    const now = this.announced().join(" ");
    const isChange = this.#known !== "" && now !== this.#known;
    this.#known = now;
    if (isChange) this.#onChange();
  }
}
