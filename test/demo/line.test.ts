/** A line of the lab over real sockets: what goes in comes out, in order, whole, held back, or not at all. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import net from "node:net";
import { buffer } from "node:stream/consumers";
import { describe, it, type TestContext } from "node:test";
import { Line } from "../../src/demo/lab/line.ts";
import { until } from "../support/patience.ts";

async function rig(
  t: TestContext,
  onConnection: (socket: net.Socket) => void,
  options: { readonly handshakeMs?: number } = {},
) {
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    t.after(() => socket.destroy());
    socket.on("error", () => {});
    onConnection(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const targetPort = (server.address() as net.AddressInfo).port;
  const line = await Line.open({ from: "a", to: "b", targetPort, ...options });
  t.after(async () => {
    await line.close();
    server.close();
  });
  const dial = async () => {
    const socket = net.connect({ host: "127.0.0.1", port: line.port, allowHalfOpen: true });
    socket.on("error", () => {});
    t.after(() => socket.destroy());
    await once(socket, "connect");
    return socket;
  };
  return { line, dial };
}

/** Whether by an error or not. */
const closed = (socket: net.Socket) => new Promise<void>((resolve) => socket.once("close", () => resolve()));

describe("a line", () => {
  it("carries megabytes both ways, also while it delays, and passes on each end by itself", async (t) => {
    const { line, dial } = await rig(t, (socket) => socket.pipe(socket));
    for (const delayMs of [0, 40]) {
      line.delayMs = delayMs;
      const sent = randomBytes(3 * 2 ** 20);
      const socket = await dial();
      const got = buffer(socket);
      socket.end(sent);
      assert.ok((await got).equals(sent), `with ${delayMs} ms`);
    }
    await until("both connections are over", () => line.connections === 0);
  });

  it("lets go of a connection that is cut in the moment in which an end is passed on", async (t) => {
    const { line, dial } = await rig(t, (socket) => socket.resume());
    const { end } = net.Socket.prototype;
    t.mock.method(net.Socket.prototype, "end", function (this: net.Socket) {
      const ended = Reflect.apply(end, this, []);
      // The line's own end at the target: its shutdown has begun and is not over.
      if (this.remotePort === line.ends.targetPort) line.cut();
      return ended;
    });
    const socket = await dial();
    const over = closed(socket);
    socket.end();
    await until("the connection is over", () => line.connections === 0);
    await over;
  });

  it("holds each chunk back, each way, in the order in which they came, also when the delay is made shorter", async (t) => {
    const { line, dial } = await rig(t, (socket) => socket.pipe(socket));
    const socket = await dial();
    socket.write("0");
    await once(socket, "data");
    line.delayMs = 300;
    const begunMs = performance.now();
    let got = "";
    let firstMs = 0;
    socket.on("data", (text) => {
      firstMs ||= performance.now();
      got += text;
    });
    socket.write("1");
    await until("the first one is held", () => line.heldBytes > 0);
    line.delayMs = 0;
    socket.write("2");
    await until("both are back", () => got.length === 2);
    assert.equal(got, "12");
    // Never sooner; how much later, the machine decides.
    assert.ok(firstMs - begunMs >= 300, `${firstMs - begunMs} ms`);
  });

  it("leaves a new connection the time of its handshake, and holds back what comes later on it", async (t) => {
    const { line, dial } = await rig(t, (socket) => socket.pipe(socket), { handshakeMs: 60_000 });
    line.delayMs = 60_000;
    const socket = await dial();
    socket.write("0");
    assert.equal(String((await once(socket, "data"))[0]), "0");
    const late = await rig(t, (each) => each.pipe(each), { handshakeMs: 1 });
    late.line.delayMs = 60_000;
    const held = await late.dial();
    await until("what it sends is held", () => {
      held.write("1");
      return late.line.heldBytes > 0;
    });
  });

  it("does not read a sender whose receiver does not read: what it holds has a bound", async (t) => {
    const { line, dial } = await rig(t, (socket) => socket.pause());
    const socket = await dial();
    const chunk = Buffer.alloc(64 * 1024);
    // A relay that keeps everything would take all 64 MiB.
    for (let count = 0; count < 1_024; count += 1) socket.write(chunk);
    await until("the line is full", () => line.heldBytes >= 256 * 1024);
    assert.ok(line.heldBytes < 2 * 2 ** 20, `${line.heldBytes} bytes`);
    assert.ok(socket.writableLength > 32 * 2 ** 20, `${socket.writableLength} bytes wait at the sender`);
  });

  it("ends what runs over it when it is cut, hangs up on everybody, and carries again once it is healed", async (t) => {
    const { line, dial } = await rig(t, (socket) => socket.pipe(socket));
    const socket = await dial();
    socket.write("x");
    await once(socket, "data");
    const ended = closed(socket);
    line.cut();
    await ended;
    await until("nothing runs over it", () => line.connections === 0);
    await closed(net.connect(line.port, "127.0.0.1").on("error", () => {}));
    line.heal();
    const again = await dial();
    again.write("y");
    assert.equal(String((await once(again, "data"))[0]), "y");
  });

  it("hangs up if the node that it leads to is not there", async (t) => {
    const line = await Line.open({ from: "a", to: "b", targetPort: 1 });
    t.after(() => line.close());
    const socket = net.connect(line.port, "127.0.0.1").on("error", () => {});
    await closed(socket);
    await until("nothing is left of it", () => line.connections === 0);
  });
});
