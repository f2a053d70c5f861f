/** Which process has a port, where the system tells (Linux, and only of processes that this user may look at). */
import { readdir, readFile, readlink } from "node:fs/promises";
import path from "node:path";

export interface PortOwner {
  readonly pid: number;
  /** E.g. "node". */
  readonly program: string;
}

const tcpListening = "0A";

/** Undefined where nobody has it or the system does not tell. */
export async function portOwner(protocol: "tcp" | "udp", port: number): Promise<PortOwner | undefined> {
  const tables = await Promise.all([protocol, `${protocol}6`].map((name) => readText(`/proc/net/${name}`)));
  const inodes = new Set(tables.flatMap((table) => inodesOn(table, port, protocol === "tcp")));
  if (inodes.size === 0) return undefined;
  const links = new Set([...inodes].map((inode) => `socket:[${inode}]`));
  for (const name of await readdir("/proc").catch(() => [])) {
    if (!/^\d+$/.test(name)) continue;
    const files = await readdir(`/proc/${name}/fd`).catch(() => []);
    for (const file of files) {
      const link = await readlink(`/proc/${name}/fd/${file}`).catch(() => "");
      if (!links.has(link)) continue;
      const executable = await readlink(`/proc/${name}/exe`).catch(() => "");
      return { pid: Number(name), program: path.basename(executable) || "of unknown name" };
    }
  }
  return undefined;
}

export function ownerText(owner: PortOwner | undefined): string {
  return owner ? `process ${owner.pid} (${owner.program})` : "another program";
}

/** Of the sockets in a table of `/proc/net` that are bound to a port; of TCP only those that listen. */
function inodesOn(table: string, port: number, onlyListening: boolean): string[] {
  return table.split("\n").flatMap((line) => {
    // The fields: number, local address, remote address, state, queues, timer, retransmits, uid, timeout, inode.
    const [, local = "", , state, , , , , , inode] = line.trim().split(/\s+/);
    const isOn = Number.parseInt(local.split(":")[1] ?? "", 16) === port;
    return isOn && inode !== undefined && (!onlyListening || state === tcpListening) ? [inode] : [];
  });
}

async function readText(file: string): Promise<string> {
  return readFile(file, "utf8").catch(() => "");
}
