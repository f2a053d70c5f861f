/** The system's `ip` program, which makes namespaces and the links between them, one command at a time. */
import { spawnSync } from "node:child_process";
import { exitCodes, OperatorError } from "../../node/operator-error.ts";

/** It is often in no ordinary user's path. */
const searched = `${process.env.PATH ?? ""}:/usr/sbin:/sbin`;
const timeoutMs = 10_000;

export const ipEnvironment: NodeJS.ProcessEnv = { ...process.env, PATH: searched };

/**
 * Runs `ip` with these arguments and returns what it prints.
 *
 * @throws OperatorError "lan/no-ip" where there is no such program, "lan/ip-refused" with its words where it fails
 */
export function ip(...args: readonly string[]): string {
  const { error, status, stdout, stderr } = spawnSync("ip", args, {
    env: ipEnvironment,
    encoding: "utf8",
    timeout: timeoutMs,
  });
  if ((error as NodeJS.ErrnoException | undefined)?.code === "ENOENT") {
    throw lanImpossible(
      "lan/no-ip",
      "there is no program ip",
      "install iproute2 (Debian, Ubuntu: apt install iproute2)",
    );
  }
  if (status === 0) return stdout;
  const why = error?.message ?? stderr.trim();
  throw lanImpossible("lan/ip-refused", `ip ${args.join(" ")}: ${why}`, asRoot);
}

const asRoot =
  "run it as root on Linux; or as any user: unshare -Urmn sh -c 'mount -t tmpfs none /run && npm run demo:lan'";

export function lanImpossible(
  code: "lan/no-ip" | "lan/ip-refused" | "lan/not-linux",
  why: string,
  next: string,
): OperatorError {
  return new OperatorError("a LAN of namespaces cannot be made on this machine", {
    code,
    exitCode: exitCodes.usage,
    why,
    next,
  });
}
