/** Bounds inbound sockets that have not proven an identity yet. Libp2p hears of a socket once it has sent something. */
import type { Server, Socket } from "node:net";
import type { AbortOptions, Listener, MultiaddrConnection, Transport } from "@libp2p/interface";
import { type TCPComponents, tcp } from "@libp2p/tcp";
import type { Clock, Timer } from "../../base/clock.ts";
import { invariant } from "../../base/invariant.ts";
import { addressGroup } from "../host/address-group.ts";
import { HandshakeLine, type HandshakeLineOptions } from "./handshake-line.ts";

export interface InboundGateOptions {
  /** Sockets of one group of addresses that have sent nothing. */
  readonly silentPerGroupMax: number;
  /** Sockets of one group of addresses that are in their handshake. More than of silent ones: a machine may start many nodes at once. */
  readonly beganPerGroupMax: number;
  readonly pendingMax: number;
  readonly silentMaxMs: number;
  readonly handshakes: HandshakeLineOptions;
}

/** Each pending socket holds 64 KiB at most: 16 MiB in all. */
export const defaultInboundGate: InboundGateOptions = {
  silentPerGroupMax: 16,
  beganPerGroupMax: 64,
  pendingMax: 256,
  silentMaxMs: 4_000,
  handshakes: { perSecond: 20, atOnce: 2 },
};

interface Pending {
  readonly group: string;
  /** It has sent nothing; or waits for its turn; or libp2p has it. */
  state: "silent" | "waiting" | "in handshake";
  readonly timer: Timer;
  readonly handOver: () => void;
}

/** What libp2p's classes have and their published types lack. */
interface ListenerInternals extends Listener {
  readonly server: Server;
  close(options?: AbortOptions): Promise<void>;
}
type ConnectionInternals = MultiaddrConnection & { readonly socket?: Socket };

/**
 * If a bound is reached, the oldest socket goes that has sent nothing, and if there is none, the oldest: a newcomer that
 * speaks at once always has its chance, and no address is refused.
 */
export class InboundGate {
  readonly #options: InboundGateOptions;
  readonly #clock: Clock;
  readonly #line: HandshakeLine<Socket>;
  /** Oldest first. */
  readonly #pending = new Map<Socket, Pending>();

  constructor(options: InboundGateOptions, { clock }: { readonly clock: Clock }) {
    this.#options = options;
    this.#clock = clock;
    this.#line = new HandshakeLine(options.handshakes, { clock, begin: (socket) => this.#begin(socket) });
  }

  /** Sockets without a proven identity. */
  get size(): number {
    return this.#pending.size;
  }

  /** Libp2p's TCP transport behind this gate. */
  transport(): (components: TCPComponents) => Transport {
    return (components) => {
      const transport = tcp()(components);
      const create = transport.createListener.bind(transport);
      transport.createListener = (options) => this.#before(create(options));
      return transport;
    };
  }

  /** The peer behind a connection has proven who it is: from here on its place among the peers is what counts. */
  authenticated(connection: MultiaddrConnection): void {
    const { socket } = connection as ConnectionInternals;
    if (socket) this.#forget(socket);
    this.#line.completed();
  }

  /** Puts itself between the listener's server and libp2p. */
  #before(listener: Listener): Listener {
    const internals = listener as ListenerInternals;
    const { server } = internals;
    const handlers = server.listeners("connection") as ((socket: Socket) => void)[];
    invariant(handlers.length > 0, "libp2p's listener takes its sockets from the server");
    server.removeAllListeners("connection");
    const own = new Set<Socket>();
    server.on("connection", (socket: Socket) => {
      own.add(socket);
      socket.once("close", () => own.delete(socket));
      this.#admit(socket, () => {
        for (const handle of handlers) handle.call(server, socket);
      });
    });
    const close = internals.close.bind(internals);
    // Libp2p waits for every socket of the server, and does not know those that are not handed over.
    internals.close = async (options) => {
      for (const socket of own) {
        const state = this.#pending.get(socket)?.state;
        if (state === "silent" || state === "waiting") socket.destroy();
      }
      await close(options);
    };
    return listener;
  }

  #admit(socket: Socket, handOver: () => void): void {
    const group = addressGroup(socket.remoteAddress ?? "");
    const timer = this.#clock.schedule(this.#options.silentMaxMs, () => {
      if (this.#isSilent(socket)) socket.destroy();
    });
    const pending: Pending = { group, state: "silent", timer, handOver };
    this.#pending.set(socket, pending);
    socket.once("close", () => this.#forget(socket));
    socket.on("error", () => {});
    const onReadable = () => {
      socket.off("readable", onReadable);
      if (this.#pending.get(socket) !== pending || socket.destroyed) return;
      if (socket.readableLength === 0) {
        // The other side has ended the connection without a word.
        socket.destroy();
        return;
      }
      timer.cancel();
      pending.state = "waiting";
      this.#makeRoom(group);
      if (!socket.destroyed) this.#line.join(group, socket);
    };
    socket.on("readable", onReadable);
    this.#makeRoom(group);
  }

  #begin(socket: Socket): void {
    const pending = this.#pending.get(socket);
    invariant(pending !== undefined, "who has gone waits no longer");
    pending.state = "in handshake";
    pending.handOver();
  }

  #isSilent(socket: Socket): boolean {
    return this.#pending.get(socket)?.state === "silent";
  }

  #forget(socket: Socket): void {
    const pending = this.#pending.get(socket);
    if (!pending) return;
    pending.timer.cancel();
    this.#line.leave(pending.group, socket);
    this.#pending.delete(socket);
  }

  #makeRoom(group: string): void {
    const { silentPerGroupMax, beganPerGroupMax, pendingMax } = this.#options;
    const silent = this.#of((pending) => pending.group === group && pending.state === "silent");
    if (silent.length > silentPerGroupMax) this.#drop(silent[0]);
    const began = this.#of((pending) => pending.group === group && pending.state !== "silent");
    if (began.length > beganPerGroupMax) this.#drop(began[0]);
    if (this.#pending.size <= pendingMax) return;
    const largest = this.#largestGroup();
    const crowd = this.#of((pending) => pending.group === largest);
    this.#drop(crowd.find((socket) => this.#isSilent(socket)) ?? crowd[0]);
  }

  #of(isWanted: (pending: Pending) => boolean): Socket[] {
    return [...this.#pending].filter(([, pending]) => isWanted(pending)).map(([socket]) => socket);
  }

  #largestGroup(): string {
    const sizes = new Map<string, number>();
    for (const { group } of this.#pending.values()) sizes.set(group, (sizes.get(group) ?? 0) + 1);
    return [...sizes].reduce((a, b) => (b[1] > a[1] ? b : a), ["", 0] as [string, number])[0];
  }

  #drop(socket: Socket | undefined): void {
    if (!socket) return;
    this.#forget(socket);
    socket.destroy();
  }
}
