/** Asks a node over TLS whose certificate is known already, whatever name and issuer the certificate has. */
import { once } from "node:events";
import http from "node:http";
import { Readable } from "node:stream";
import tls from "node:tls";

/** As `fetch` does, of a URL as text. */
type FetchText = (url: string, init: RequestInit) => Promise<Response>;

/**
 * As `fetch` does, for https URLs alone, and only of the server with this certificate: nothing is sent to another one.
 *
 * @param fingerprint SHA-256 of the certificate as Node's `fingerprint256` has it
 */
export function pinnedFetch(fingerprint: string): FetchText {
  return async (text, { method = "GET", headers = {}, body, signal = null }) => {
    const url = new URL(text);
    const socket = await connectTo(url, fingerprint, signal);
    const request = http.request({
      createConnection: () => socket,
      method,
      path: `${url.pathname}${url.search}`,
      headers: { host: url.host, connection: "close", ...Object.fromEntries(new Headers(headers)) },
      ...(signal ? { signal } : {}),
    });
    request.end(typeof body === "string" || body instanceof Uint8Array ? body : undefined);
    const [message] = (await once(request, "response")) as [http.IncomingMessage];
    const status = message.statusCode ?? 0;
    const isEmpty = status === 204 || status === 304;
    return new Response(isEmpty ? null : (Readable.toWeb(message) as ReadableStream), {
      status,
      headers: Object.entries(message.headers).map(([name, value]) => [name, String(value)]),
    });
  };
}

async function connectTo(
  { hostname, port }: URL,
  fingerprint: string,
  signal: AbortSignal | null,
): Promise<tls.TLSSocket> {
  const socket = tls.connect({
    host: hostname.replace(/^\[|\]$/g, ""),
    port: Number(port || 443),
    // The certificate itself is compared below.
    rejectUnauthorized: false,
  });
  try {
    await once(socket, "secureConnect", signal ? { signal } : {});
    if (socket.getPeerX509Certificate()?.fingerprint256 === fingerprint) return socket;
    throw new Error("another certificate than the node's own is shown there");
  } catch (thrown) {
    socket.destroy();
    throw thrown;
  }
}
