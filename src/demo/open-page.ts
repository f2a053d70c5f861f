/** Serves the demo's page: on which port, under which addresses, and opened in a browser if that is wanted. */
import { spawn } from "node:child_process";
import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { isLoopback } from "../base/loopback.ts";
import { exitCodes, OperatorError } from "../node/operator-error.ts";
import type { Lab } from "./lab/lab.ts";
import { createLabServer, type LabServer } from "./lab/lab-server.ts";

export interface PageOptions {
  /** Undefined: {@link defaultPort}, or the next one that is free. */
  readonly port: number | undefined;
  /** The IP address to listen on. */
  readonly host: string;
  /** Names under which others ask for it, besides IP addresses. */
  readonly allowedHosts: readonly string[];
  /** Open it in a browser. */
  readonly open: boolean;
}

export interface DemoPage {
  /** Says where it is. */
  sayWhere(write: (text: string) => void): void;
  close(): Promise<void>;
}

const defaultPort = 13_200;
/** Several demos of one machine, each with a page. */
const portsTried = 20;
const openerMaxMs = 5_000;

/** @throws OperatorError if the port that was asked for is taken, or the address is none of this machine */
export async function openPage(lab: Lab, options: PageOptions): Promise<DemoPage> {
  const { host, allowedHosts } = options;
  const server = createLabServer(lab, { host, allowedHosts });
  try {
    const port = await listen(server, options);
    const url = `http://${urlHost(host)}:${port}/`;
    const isBuilt = await server.hasPage();
    const said = whereText(url, port, options, isBuilt);
    const opening = options.open && isBuilt ? openInBrowser(url) : undefined;
    return {
      sayWhere(write) {
        write(said);
        void opening?.then((failure) => {
          if (failure !== undefined)
            write(`No browser could be opened (${failure}): open ${url} yourself.\n`);
        });
      },
      close: () => server.close(),
    };
  } catch (thrown) {
    await server.close();
    throw thrown;
  }
}

async function listen(server: LabServer, { port, host }: PageOptions): Promise<number> {
  const first = port ?? defaultPort;
  const last = port === undefined ? first + portsTried - 1 : first;
  for (let candidate = first; ; candidate += 1) {
    try {
      return await server.listen(candidate);
    } catch (thrown) {
      const { code } = thrown as NodeJS.ErrnoException;
      if (code === "EADDRINUSE" && candidate < last) continue;
      throw listenFailed(thrown as Error, code, candidate, host);
    }
  }
}

function listenFailed(cause: Error, code: string | undefined, port: number, host: string): Error {
  if (code === "EADDRINUSE") {
    return new OperatorError(`the port ${port} for the page is in use`, {
      code: "demo/port-in-use",
      exitCode: exitCodes.portInUse,
      why: "another program listens there",
      next: "name another one with --port, or leave the flag out: then the next free one is taken",
      cause,
    });
  }
  if (code !== "EADDRNOTAVAIL") return cause;
  return new OperatorError(`${host} is no address of this machine`, {
    code: "demo/host",
    exitCode: exitCodes.usage,
    why: cause.message,
    next: "name one of its addresses with --host, or 0.0.0.0 for all of them",
    cause,
  });
}

function whereText(url: string, port: number, { host, ...options }: PageOptions, isBuilt: boolean): string {
  const taken = options.port === undefined && port !== defaultPort ? ` (${defaultPort} is taken)` : "";
  const built = isBuilt ? "" : "It is not built yet: npm run build, then start the demo again.\n";
  const own = `The page of all nodes, with the lab: ${url}${taken}\n${built}`;
  if (isLoopback(host)) return own;
  const outside = isEverywhere(host) ? ownAddresses() : [];
  const others = outside.map((address) => `  http://${urlHost(address)}:${port}/\n`);
  return `${own}${others.length > 0 ? `On this network it is at\n${others.join("")}` : ""}Careful: everybody on this network can look and send transactions through these nodes, unencrypted.\nOnly this machine can make trouble.\n`;
}

const isEverywhere = (host: string) => host === "0.0.0.0" || host === "::";

function urlHost(host: string): string {
  if (isEverywhere(host)) return "127.0.0.1";
  return isIP(host) === 6 ? `[${host}]` : host;
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? [])
      .filter(({ internal, address }) => !internal && !/^fe[89ab]/i.test(address))
      .map(({ address }) => address),
  );
}

/** Resolves to why it did not work, in words; undefined if it did. */
export function openInBrowser(
  url: string,
  platform: NodeJS.Platform = process.platform,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<string | undefined> {
  const [command, ...argv] = openerOf(platform);
  const child = spawn(command, [...argv, url], { stdio: "ignore", detached: true, env: environment });
  child.unref();
  return new Promise((resolve) => {
    // A browser that was started by it may keep it running.
    const timer = setTimeout(() => resolve(undefined), openerMaxMs);
    timer.unref();
    child.once("error", ({ message }) => resolve(message));
    child.once("exit", (code) => resolve(code === 0 ? undefined : `${command} ended with ${code}`));
  });
}

function openerOf(platform: NodeJS.Platform): [string, ...string[]] {
  if (platform === "darwin") return ["open"];
  // The first text in quotes would be the title of the window.
  if (platform === "win32") return ["cmd", "/c", "start", ""];
  return ["xdg-open"];
}
