/** Requests written byte by byte, with every header that a browser or an attacker may send and fetch does not let one set. */
import { once } from "node:events";
import net from "node:net";

export interface RawAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

export interface RawRequest {
  readonly method?: string;
  /** As it stands in the first line. */
  readonly target: string;
  /** In order; undefined leaves out what would be there by itself. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
}

/** Sends one request over a connection of its own. */
export async function rawRequest(url: string, request: RawRequest): Promise<RawAnswer> {
  const { hostname, port, host } = new URL(url);
  const { method = "GET", target, headers = {}, body } = request;
  const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
  const lines = Object.entries({ host, connection: "close", ...length, ...headers })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}\r\n`);
  const socket = net.connect(Number(port), hostname.replace(/[[\]]/g, ""));
  await once(socket, "connect");
  socket.write(`${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n${body ?? ""}`);
  try {
    return answerIn(await wholeAnswer(socket, method));
  } finally {
    socket.destroy();
  }
}

/** Up to the end that the answer's length names, or the end of the connection. */
async function wholeAnswer(socket: net.Socket, method: string): Promise<string> {
  let received = "";
  for await (const piece of socket.setEncoding("latin1")) {
    received += piece;
    const { status, headers, body } = answerIn(received);
    const isEmpty = method === "HEAD" || status === 204;
    const length = headers.get("content-length");
    if (received.includes("\r\n\r\n") && (isEmpty || body.length === Number(length))) break;
  }
  return received;
}

/** The one answer in what a server has sent. */
export function answerIn(received: string): RawAnswer {
  const end = received.indexOf("\r\n\r\n");
  const [first = "", ...lines] = received.slice(0, end).split("\r\n");
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1]),
    headers: new Map(
      lines.map((line) => {
        const [name = "", value = ""] = line.split(/: (.*)/s);
        return [name.toLowerCase(), value];
      }),
    ),
    body: received.slice(end + 4),
  };
}
