import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import path from "node:path";
import { it } from "node:test";
import { promisify } from "node:util";
import { freePort, freePorts } from "./free-port.ts";

it("gives each port once, to all processes together, and none that the system gives out", async () => {
  const module = path.join(import.meta.dirname, "free-port.ts");
  const script = `import(${JSON.stringify(module)}).then(async ({ freePorts }) => {
    console.log((await freePorts(50)).join());
    // Until all others have theirs.
    process.stdin.resume();
  })`;
  const own = await freePorts(50);
  const processes = [1, 2].map(() => {
    const running = promisify(execFile)(process.execPath, ["-e", script]);
    const told = once(running.child.stdout as NodeJS.ReadableStream, "data");
    return { running, told };
  });
  const theirs = await Promise.all(
    processes.map(async ({ told }) =>
      String((await told)[0])
        .trim()
        .split(","),
    ),
  );
  for (const { running } of processes) running.child.stdin?.end();
  await Promise.all(processes.map(({ running }) => running));
  const all = [...own, ...theirs.flat().map(Number)];
  assert.equal(all.length, 150);
  assert.equal(new Set(all).size, all.length);
  for (const port of all) assert.ok(port >= 14_000 && port < 20_000, String(port));
});

it("can be listened on", async (t) => {
  const server = net.createServer().listen(await freePort(), "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
});
