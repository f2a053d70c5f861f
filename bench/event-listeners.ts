/** Many listeners to a node's events in a process of their own; most read, some never do. Started by events.ts. */
import net from "node:net";

export interface ListenersOptions {
  readonly apiUrl: string;
  readonly topics: string;
  readonly reading: number;
  readonly deaf: number;
}

export type ListenersReport =
  | { readonly report: "listening" }
  | { readonly report: "closed"; readonly bytes: number };

let sockets: net.Socket[] = [];
let bytes = 0;

/** Resolves when the node has sent its first event. */
async function listen({ apiUrl, topics }: ListenersOptions, isDeaf: boolean): Promise<net.Socket> {
  const { host, hostname, port } = new URL(apiUrl);
  const socket = net.connect({ host: hostname, port: Number(port) });
  socket.on("error", () => {});
  socket.write(`GET /v1/events?topics=${topics} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  await new Promise<void>((resolve, reject) => {
    socket.once("close", () => reject(new Error("the node has not taken a listener")));
    socket.on("data", (chunk) => {
      bytes += chunk.length;
      if (chunk.includes("event: snapshot")) resolve();
    });
  });
  if (isDeaf) socket.pause();
  return socket;
}

process.on("message", (options: ListenersOptions | "close") => {
  if (options === "close") {
    for (const socket of sockets) socket.destroy();
    sockets = [];
    process.send?.({ report: "closed", bytes } satisfies ListenersReport);
    bytes = 0;
    return;
  }
  const all = Array.from({ length: options.reading + options.deaf }, (_, index) =>
    listen(options, index >= options.reading),
  );
  Promise.all(all).then(
    (opened) => {
      sockets = opened;
      process.send?.({ report: "listening" } satisfies ListenersReport);
    },
    (thrown: unknown) => {
      process.stderr.write(`${String(thrown)}\n`);
      process.exit(1);
    },
  );
});
