/**
 * Ports for what has to know its port before it listens, or must come back at the same one.
 *
 * Where a server can listen on port 0, it should. A port that the system has given and taken back is given to the next one
 * that asks, or to a connection that goes out, in any process of the machine, before the test comes to use it.
 */
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

/**
 * Below those of the demo's nodes (from 20000), which know nothing of the tests, and so below all that systems give out by
 * themselves (Linux: from 32768, others: from 49152); above Aurex's own 13xxx.
 */
const [lowest, count] = [14_000, 6_000];
/** Of each port that a process of the tests has, one file with the process's number. */
const folder = path.join(tmpdir(), `aurex-test-ports-${process.getuid?.() ?? ""}`);
const own: string[] = [];

process.once("exit", () => {
  for (const file of own) rmSync(file, { force: true });
});

/** A TCP port of 127.0.0.1 that nothing listens on, and that no other process of the tests is given before this one ends. */
export async function freePort(): Promise<number> {
  mkdirSync(folder, { recursive: true });
  const start = Math.floor(Math.random() * count);
  for (let step = 0; step < count; step += 1) {
    const port = lowest + ((start + step) % count);
    const file = path.join(folder, String(port));
    if (!reserve(file)) continue;
    own.push(file);
    if (await isFree(port)) return port;
  }
  throw new Error(`no port from ${lowest} to ${lowest + count - 1} is free`);
}

/** Different ones. */
export async function freePorts(wanted: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < wanted) ports.push(await freePort());
  return ports;
}

/** Answers whether the port is this process's now. */
function reserve(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: "wx" });
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== "EEXIST") throw thrown;
    // Of a process that was killed: the next one that comes by may have it.
    if (!isAlive(file)) rmSync(file, { force: true });
    return false;
  }
}

function isAlive(file: string): boolean {
  try {
    const pid = Number(readFileSync(file, "utf8"));
    // Empty: about to be written.
    return pid === 0 || process.kill(pid, 0);
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = net.createServer().listen({ port, host: "127.0.0.1", exclusive: true });
  try {
    await once(server, "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}
