/** A proxy in front of a server that a test can cut, hold up, and point at another server. */
import { once } from "node:events";
import net, { type AddressInfo } from "node:net";

export class BreakableProxy {
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  #port: number;
  /** Nothing more is passed on, also not that the server has closed a connection; connections stay open. */
  isHeld = false;
  /** Told of every byte that clients send, before it is passed on. */
  onHeard: ((bytes: Buffer) => void) | undefined;
  /** Pieces of requests that were not passed on. */
  held = 0;

  private constructor(port: number) {
    this.#port = port;
    this.#server = net.createServer((near) => this.#join(near));
  }

  /** @param url of the server behind it */
  static async open(url: string): Promise<BreakableProxy> {
    const proxy = new BreakableProxy(Number(new URL(url).port));
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get open(): number {
    return this.#sockets.size / 2;
  }

  pointAt(url: string): void {
    this.#port = Number(new URL(url).port);
  }

  /** Breaks every connection. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  #join(near: net.Socket): void {
    const far = net.connect({ host: "127.0.0.1", port: this.#port });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from);
      from.on("data", (bytes) => {
        if (from === near) this.onHeard?.(bytes);
        if (!this.isHeld) to.write(bytes);
        else if (from === near) this.held += 1;
      });
      from.on("error", () => {});
      from.on("close", () => {
        this.#sockets.delete(from);
        if (!this.isHeld || from === near) to.destroy();
      });
    }
  }
}
