/** A door before an honest node: who dials it waits until it opens. So a new node meets the attackers first, as bad luck would have it. */
import { once } from "node:events";
import net from "node:net";
import { pipeline } from "node:stream";

const tcpPort = /(?<=\/tcp\/)\d+/;

export class Gate {
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  readonly #opened = Promise.withResolvers<void>();
  /** The honest node's multiaddr, with the port of the door. */
  readonly address: string;

  private constructor(server: net.Server, honest: string) {
    this.#server = server;
    const { port } = server.address() as net.AddressInfo;
    this.address = honest.replace(tcpPort, `${port}`);
    server.on("connection", (socket) => {
      this.#keep(socket);
      void this.#opened.promise.then(() => this.#lead(socket, Number(tcpPort.exec(honest)?.[0])));
    });
  }

  /** @param honest a multiaddr on loopback */
  static async before(honest: string): Promise<Gate> {
    const server = net.createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Gate(server, honest);
  }

  open(): void {
    this.#opened.resolve();
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #lead(socket: net.Socket, port: number): void {
    const onward = this.#keep(net.connect(port, "127.0.0.1"));
    // Whoever ends first ends both.
    pipeline(socket, onward, socket, () => {});
  }

  #keep(socket: net.Socket): net.Socket {
    this.#sockets.add(socket);
    // A reset is no fault of the run.
    return socket.on("error", () => {}).on("close", () => this.#sockets.delete(socket));
  }
}
