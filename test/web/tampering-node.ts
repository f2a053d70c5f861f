/** A node that serves the true page and tampers with what its API answers; it may also turn into another node. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import type { Lie } from "../client/lying/lying-node.ts";

export interface TamperingNode {
  readonly url: string;
  /** From now on it tells this lie; undefined: the truth. */
  tell(lie: Lie | undefined): void;
  /** From now on another node answers under the same address. */
  become(trueUrl: string): void;
  close(): Promise<void>;
}

/** What a browser needs of an answer beside its body. */
const headersKept = ["content-type", "content-security-policy", "cache-control"];

export async function openTamperingNode(trueUrl: string): Promise<TamperingNode> {
  let lie: Lie | undefined;
  let target = trueUrl;
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const path = request.url ?? "/";
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    const truth = await fetch(`${target}${path}`, { signal: gone.signal });
    for (const name of headersKept) {
      const value = truth.headers.get(name);
      if (value !== null) response.setHeader(name, value);
    }
    const type = truth.headers.get("content-type") ?? "";
    if (type.includes("event-stream") && truth.body) {
      response.writeHead(truth.status);
      Readable.fromWeb(truth.body as never)
        .on("error", () => response.destroy())
        .pipe(response);
      return;
    }
    const isJson = type.includes("json");
    const said: unknown = isJson ? await truth.json() : new Uint8Array(await truth.arrayBuffer());
    const told = lie && path.startsWith("/v1/") ? lie(said, path) : said;
    const body = isJson ? Buffer.from(JSON.stringify(told)) : Buffer.from(told as Uint8Array);
    if (told !== said && isJson) response.setHeader("content-type", "application/json");
    response.writeHead(told === said ? truth.status : 200).end(body);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((thrown) => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end(String(thrown));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tell: (next) => {
      lie = next;
    },
    become: (url) => {
      target = url;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
