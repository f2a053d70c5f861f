/** deploy/aurex-node.service read as systemd reads it, and the node run by it as far as a test can do what systemd does. */
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import type { Machine } from "../../src/demo/lan/machine.ts";

const root = path.join(import.meta.dirname, "../..");
export const unitFile = path.join(root, "deploy/aurex-node.service");
/** Of the user that the service runs as; a number that nobody here has. */
export const serviceUid = 64_999;

/** Values by directive, in order; of all sections, since no directive is in two of them. */
export type Unit = ReadonlyMap<string, readonly string[]>;

export function readUnit(): Unit {
  const unit = new Map<string, string[]>();
  for (const line of readFileSync(unitFile, "utf8").split("\n")) {
    const [, name, value = ""] = /^([A-Za-z]+)=(.*)$/.exec(line) ?? [];
    if (name) unit.set(name, [...(unit.get(name) ?? []), value]);
  }
  return unit;
}

export function only(unit: Unit, directive: string): string {
  const values = unit.get(directive) ?? [];
  if (values.length !== 1) throw new Error(`${directive} is there ${values.length} times`);
  return values[0] as string;
}

/** `KEY=value` lines as EnvironmentFile has them. */
export function readEnvironmentFile(): string[] {
  const lines = readFileSync(path.join(root, "deploy/node.env"), "utf8").split("\n");
  return lines.filter((line) => line !== "" && !line.startsWith("#"));
}

/**
 * Starts what ExecStart says on a machine of its own: nothing but the environment that systemd gives, a user without any
 * right, a file system of which only the state directory can be written, and no /proc but that of processes.
 *
 * @param tracer a command that goes before the program
 * @param settings what the EnvironmentFile says
 * @returns the process; its pid is the program's if there is no tracer
 */
export function startService(
  machine: Machine,
  unit: Unit,
  tracer: readonly string[] = [],
  settings: readonly string[] = readEnvironmentFile(),
): ChildProcess {
  const state = `/var/lib/${only(unit, "StateDirectory")}`;
  const environment = [
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ...["LANG=C.UTF-8", "USER=aurex", "LOGNAME=aurex", `HOME=${state}`, "SHELL=/usr/sbin/nologin"],
    ...settings,
  ];
  // Below node_modules/ Node would not take the sources, which is what runs here if nothing was built.
  const installed = "/usr/local/lib/aurex";
  const steps = [
    "set -eu",
    "mount --make-rprivate /",
    // As npm install -g leaves it.
    "mount -t tmpfs tmpfs /usr/local",
    `mkdir -p /usr/local/bin ${installed}`,
    `mount --bind '${root}' ${installed}`,
    `ln -s ../lib/aurex/bin/aurex-node.js /usr/local/bin/aurex-node`,
    `ln -s ../lib/aurex/node_modules/.bin/node /usr/local/bin/node`,
    "mount -t tmpfs tmpfs /var/lib",
    `install -d -m ${only(unit, "StateDirectoryMode")} -o ${serviceUid} -g ${serviceUid} ${state}`,
    // PrivateTmp, ProtectHome and PrivateDevices lie on the same file system here, and are read-only with it.
    "mount -o remount,bind,ro /",
    "mount -t proc -o subset=pid,hidepid=invisible proc /proc",
    `umask ${only(unit, "UMask")}`,
    // A container may not let root raise it.
    `ulimit -n ${only(unit, "LimitNOFILE")} 2>/dev/null || ulimit -n "$(ulimit -H -n)"`,
    `ulimit -c ${only(unit, "LimitCORE")}`,
    "cd /",
    `exec setpriv --reuid ${serviceUid} --regid ${serviceUid} --clear-groups --no-new-privs --bounding-set -all --inh-caps -all -- env -i ${environment.map((pair) => `'${pair}'`).join(" ")} ${tracer.join(" ")} ${only(unit, "ExecStart")}`,
  ];
  return machine.spawn("unshare", ["--mount", "bash", "-c", steps.join("\n")], {
    stdio: ["ignore", "pipe", "pipe"],
  });
}
