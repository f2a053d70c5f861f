/** A TCP proxy before a server, which cuts connections after so many bytes: a network that fails in the middle of a statement. */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

export class CuttingProxy {
  readonly #server: Server;
  readonly #targetPort: number;
  readonly #open = new Set<Socket>();
  /** Bytes that still pass to the server before the next cut. */
  #left = Number.POSITIVE_INFINITY;
  #isSilent = false;
  readonly #unheard = Promise.withResolvers<void>();
  cuts = 0;

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server = createServer((client) => this.#pass(client));
  }

  static async open(targetPort: number): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(targetPort);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as { readonly port: number }).port;
  }

  /** Cuts once after so many more bytes on their way to the server. */
  cutAfter(bytes: number): void {
    this.#left = bytes;
  }

  /** Nothing passes any more, and nobody is told. Resolves when the client has said something that the server will never hear. */
  fallSilent(): Promise<void> {
    this.#isSilent = true;
    return this.#unheard.promise;
  }

  #pass(client: Socket): void {
    const server = connect(this.#targetPort, "127.0.0.1");
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#open.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        this.#open.delete(socket);
        other.destroy();
      });
    }
    server.pipe(client);
    client.on("data", (chunk) => {
      if (this.#isSilent) {
        this.#unheard.resolve();
        return;
      }
      if (chunk.length < this.#left) {
        this.#left -= chunk.length;
        server.write(chunk);
        return;
      }
      // What came before the cut reaches the server, as it may on a real network.
      const passed = chunk.subarray(0, this.#left);
      this.#left = Number.POSITIVE_INFINITY;
      this.cuts += 1;
      server.write(passed, () => {
        client.destroy();
        server.destroy();
      });
    });
  }

  async close(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}
