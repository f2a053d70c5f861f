/** Ports of 127.0.0.1 that nothing uses, for processes that are started and ended again and want to keep theirs. */
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/** Below the ports that systems give to outgoing connections: one of those could take the port of a node that is down. */
const lowest = 20_000;
const highest = 32_000;
const triesMax = 200;

/** @returns different ports, none of which is listened on right now */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  for (let tries = 0; ports.size < count; tries += 1) {
    if (tries > triesMax + count) throw new Error(`no ${count} ports from ${lowest} to ${highest} are free`);
    const port = randomInt(lowest, highest);
    if (!ports.has(port) && (await isFree(port))) ports.add(port);
  }
  return [...ports];
}

/** @param host an address of this machine */
export async function isFree(port: number, host = "127.0.0.1"): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, "listening");
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
