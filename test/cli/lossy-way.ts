/** A way to a node's API on which submitted transactions, or the answers to them, get lost. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** What happens to a POST: it passes; it arrives, and the answer is lost; it never arrives. */
export type Fate = "pass" | "lose-answer" | "lose-request";

export class LossyWay {
  readonly #server: Server;
  /** Of the posts that come next, in their order; afterwards all pass. */
  readonly fates: Fate[] = [];
  /** What was posted. */
  readonly posted: string[] = [];
  /** Runs when a post is about to be lost, before its connection is cut. */
  onLoss: () => void = () => {};

  private constructor(target: string) {
    this.#server = createServer(async (request, response) => {
      const body = await bodyOf(request);
      const fate = request.method === "POST" ? (this.fates.shift() ?? "pass") : "pass";
      if (request.method === "POST") this.posted.push(body.toString("utf8"));
      if (fate === "lose-request") return this.#lose(request);
      const answer = await fetch(`${target}${request.url}`, {
        method: request.method ?? "GET",
        headers: { "content-type": request.headers["content-type"] ?? "application/json" },
        ...(body.length === 0 ? {} : { body: new Uint8Array(body) }),
      });
      const bytes = Buffer.from(await answer.arrayBuffer());
      if (fate === "lose-answer") return this.#lose(request);
      response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" });
      response.end(bytes);
    });
  }

  static async open(target: string): Promise<LossyWay> {
    const way = new LossyWay(target);
    way.#server.listen(0, "127.0.0.1");
    await once(way.#server, "listening");
    return way;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #lose({ socket }: IncomingMessage): void {
    this.onLoss();
    socket.destroy();
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
