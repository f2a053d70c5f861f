/** A line between two nodes of the lab: a TCP relay that can be cut, and that can hold back what runs over it. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { performance } from "node:perf_hooks";

/** While so many bytes wait in one direction, the sender is not read: its own system then holds it up. */
const heldBytesMax = 256 * 1024;

export interface LineEnds {
  /** The node that dials. */
  readonly from: string;
  /** The node that is dialled. */
  readonly to: string;
  /** Where that one listens, on 127.0.0.1. */
  readonly targetPort: number;
  /**
   * For how long a new connection is not delayed; 0 if it is left out. A handshake of libp2p takes several round trips and
   * has 10 s in all, so that with a second each way nobody would ever be connected.
   */
  readonly handshakeMs?: number;
}

/** Its port stays its own while it is cut: what connects then is hung up on at once. */
export class Line {
  readonly ends: LineEnds;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  #isOpen = true;
  #delayMs = 0;

  private constructor(ends: LineEnds) {
    this.ends = ends;
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) =>
      this.#accept(socket),
    );
  }

  /** Listens on a free port of 127.0.0.1. */
  static async open(ends: LineEnds): Promise<Line> {
    const line = new Line(ends);
    line.#server.listen(0, "127.0.0.1");
    await once(line.#server, "listening");
    return line;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get delayMs(): number {
    return this.#delayMs;
  }

  /** For what comes from now on; what waits already goes when it was to go. */
  set delayMs(delayMs: number) {
    this.#delayMs = delayMs;
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** What waits in it now, for its time or for a receiver that does not read. */
  get heldBytes(): number {
    return [...this.#connections].reduce((sum, connection) => sum + connection.heldBytes, 0);
  }

  cut(): void {
    this.#isOpen = false;
    this.#hangUp();
  }

  heal(): void {
    this.#isOpen = true;
  }

  async close(): Promise<void> {
    this.cut();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, "close");
  }

  #hangUp(): void {
    for (const connection of this.#connections) connection.end();
  }

  #accept(near: Socket): void {
    near.on("error", () => near.destroy());
    if (!this.#isOpen) {
      hangUp(near);
      return;
    }
    const { targetPort, handshakeMs = 0 } = this.ends;
    const delayedFromMs = performance.now() + handshakeMs;
    const delayMs = () => (performance.now() < delayedFromMs ? 0 : this.#delayMs);
    const connection = new Connection(near, targetPort, delayMs);
    this.#connections.add(connection);
    connection.onEnd(() => this.#connections.delete(connection));
  }
}

/** Both directions of one connection; they end together if one breaks. */
class Connection {
  readonly #sockets: readonly [Socket, Socket];
  readonly #held: Held[] = [];

  constructor(near: Socket, port: number, delayMs: () => number) {
    const far = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
    this.#sockets = [near, far];
    far.once("connect", () => {
      for (const socket of this.#sockets) socket.setNoDelay(true);
      this.#held.push(new Held(near, far, delayMs), new Held(far, near, delayMs));
    });
    for (const socket of this.#sockets) {
      socket.on("error", () => this.end());
      // One that ended as it should leaves the other what is still held for it.
      socket.once("close", () => {
        if (!socket.readableEnded) this.end();
      });
    }
  }

  onEnd(ended: () => void): void {
    let left = this.#sockets.length;
    for (const socket of this.#sockets) {
      socket.once("close", () => {
        left -= 1;
        if (left === 0) ended();
      });
    }
  }

  end(): void {
    for (const held of this.#held) held.drop();
    for (const socket of this.#sockets) hangUp(socket);
  }

  get heldBytes(): number {
    return this.#held.reduce((sum, { bytes }) => sum + bytes, 0);
  }
}

/**
 * By a reset: both ends then know at once, and wait for nothing. libuv resets no socket that is shutting down: Node then
 * never closes its handle, says no "close", and the process spins at its end for ever. Such a socket is closed.
 */
function hangUp(socket: Socket): void {
  if (socket.connecting || socket.destroyed || socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

interface Waiting {
  readonly dueMs: number;
  /** Undefined: the end of what is sent. */
  readonly chunk: Buffer | undefined;
}

/** One direction: chunks leave in the order in which they came, each when its time has come. */
class Held {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #queue: Waiting[] = [];
  #bytes = 0;
  #lastDueMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #isBlocked = false;

  constructor(from: Socket, to: Socket, delayMs: () => number) {
    this.#from = from;
    this.#to = to;
    const hold = (chunk: Buffer | undefined) => {
      this.#lastDueMs = Math.max(this.#lastDueMs, performance.now() + delayMs());
      this.#queue.push({ dueMs: this.#lastDueMs, chunk });
      this.#bytes += chunk?.length ?? 0;
      if (this.#bytes >= heldBytesMax) from.pause();
      this.#send();
    };
    from.on("data", hold);
    from.once("end", () => hold(undefined));
    to.on("drain", () => {
      this.#isBlocked = false;
      this.#send();
    });
    from.resume();
  }

  get bytes(): number {
    return this.#bytes;
  }

  drop(): void {
    clearTimeout(this.#timer);
    this.#queue.length = 0;
  }

  #send(): void {
    clearTimeout(this.#timer);
    while (!this.#isBlocked) {
      const [first] = this.#queue;
      if (!first || this.#to.destroyed) return;
      const waitMs = first.dueMs - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#send(), Math.ceil(waitMs));
        return;
      }
      this.#queue.shift();
      if (!first.chunk) {
        this.#to.end();
        return;
      }
      this.#bytes -= first.chunk.length;
      this.#isBlocked = !this.#to.write(first.chunk);
      if (this.#bytes < heldBytesMax && this.#from.isPaused()) this.#from.resume();
    }
  }
}
