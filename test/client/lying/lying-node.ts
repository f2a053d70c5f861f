/** A node that lies: it stands in front of a true one, and changes what that one answers. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Changes an answer. A JSON answer comes parsed, bytes come as they are; the same kind goes back. */
export type Lie = (answer: unknown, path: string) => unknown;

export interface LyingNode {
  /** The base URL under which a lie is told. */
  urlOf(lie: number): string;
  close(): Promise<void>;
}

/**
 * @param lies by number, each with the node that it is told about
 */
export async function openLyingNode(
  lies: readonly { readonly trueUrl: string; readonly lie: Lie }[],
): Promise<LyingNode> {
  const server = createServer((request, response) => {
    answer(request, response).catch((thrown) => response.writeHead(500).end(String(thrown)));
  });
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const [, , number = "", path = ""] = /^(\/lie\/(\d+))(.*)$/.exec(request.url ?? "") ?? [];
    const told = lies[Number(number)];
    // So that a page of another origin, as that of the tests is, may read the answer.
    response.setHeader("access-control-allow-origin", "*");
    if (!told) return void response.writeHead(404).end();
    const truth = await fetch(`${told.trueUrl}${path}`);
    const type = truth.headers.get("content-type") ?? "";
    const isJson = type.includes("json");
    const said: unknown = isJson ? await truth.json() : new Uint8Array(await truth.arrayBuffer());
    const lied = told.lie(said, path);
    const body = isJson ? Buffer.from(JSON.stringify(lied)) : Buffer.from(lied as Uint8Array);
    // A lie may stand in the place of a refusal.
    const isTrue = lied === said;
    const headers = { "content-type": isTrue || !isJson ? type : "application/json" };
    response.writeHead(isTrue ? truth.status : 200, headers).end(body);
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    urlOf: (lie) => `${base}/lie/${lie}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
