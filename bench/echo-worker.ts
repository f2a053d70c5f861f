/** A TCP server that sends back what it receives: what a message costs where nobody looks at it. */
import net from "node:net";
import { parentPort } from "node:worker_threads";

const server = net.createServer({ noDelay: true }, (socket) => socket.pipe(socket));
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  parentPort?.postMessage(typeof address === "object" ? address?.port : undefined);
});
