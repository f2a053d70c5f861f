/** What deploy/ has is performed: the image is built and run without an engine, three of it found a network, and the service stays within its system calls. */
import assert from "node:assert/strict";
import { type ChildProcess, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { parse } from "yaml";
import type { NodeAnswer } from "../../src/api/node-status.ts";
import { Lan } from "../../src/demo/lan/lan.ts";
import type { Machine } from "../../src/demo/lan/machine.ts";
import { whyNoLan } from "../lan/lan-stage.ts";
import { patienceMs, suiteMaxMs, until } from "../support/patience.ts";
import { folderUntilEnd } from "../support/temporary-folder.ts";
import {
  configOf,
  hideProject,
  performSteps,
  readDockerfile,
  root,
  type Stage,
  whyNoLayers,
} from "./image.ts";
import { only, readUnit, startService } from "./unit-file.ts";

const config = configOf(readDockerfile().stages.at(-1) as Stage);

interface Container {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown[]>;
  said(): string;
}

/** A container of the image as compose.yaml asks for it: nothing can be written but the volume and /tmp. */
function startContainer(
  machine: Machine,
  layers: readonly string[],
  volume: string,
  hosts: string,
  variables: Readonly<Record<string, string>>,
): Container {
  const place = `${volume}.root`;
  mkdirSync(place);
  const [uid, gid] = config.user.split(":");
  const environment = Object.entries({
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOSTNAME: machine.name,
    ...config.variables,
    ...variables,
  });
  const script = `set -eu
mount --make-rprivate /
hostname ${machine.name}
mount -t overlay overlay -o "lowerdir=${layers.join(":")}:/" ${place}
${hideProject(place)}
mount -t proc proc ${place}/proc
mount --rbind /dev ${place}/dev
mount -t tmpfs -o mode=1777 tmpfs ${place}/tmp
mount --bind ${volume} ${place}${config.volumes[0]}
mount --bind ${hosts} ${place}/etc/hosts
ulimit -c 0
exec chroot ${place} setpriv --reuid ${uid} --regid ${gid} --clear-groups --no-new-privs --bounding-set -all --inh-caps -all -- \
  env -i -C ${config.workingDirectory} ${environment.map(([name, value]) => `'${name}=${value}'`).join(" ")} ${[...config.entrypoint, ...config.command].join(" ")}`;
  const child = machine.spawn("unshare", ["--mount", "--uts", "bash", "-c", script], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (said += chunk));
  return { child, ended: once(child, "close"), said: () => said };
}

/** As an engine does it: in the container, as its user. */
function healthOf({ child }: Container, variables: Readonly<Record<string, string>>) {
  const [uid, gid] = config.user.split(":");
  const environment = Object.entries({
    PATH: "/usr/local/bin:/usr/bin:/bin",
    ...config.variables,
    ...variables,
  });
  const command = [
    "env",
    "-i",
    ...environment.map(([name, value]) => `${name}=${value}`),
    ...config.healthCheck,
  ];
  const argv = [
    "-t",
    String(child.pid),
    "-m",
    "-n",
    "-r",
    "-w",
    "setpriv",
    "--reuid",
    uid,
    "--regid",
    gid,
    "--clear-groups",
  ];
  return spawnSync("nsenter", [...(argv as string[]), ...command], { encoding: "utf8" });
}

describe("the image", { skip: whyNoLan() || whyNoLayers(), timeout: suiteMaxMs }, () => {
  let folder: string;
  let layers: string[];

  before(async () => {
    folder = await folderUntilEnd("aurex-image-");
    // Layers may not lie within each other, and the lowest is this machine's own /.
    assert.equal(spawnSync("mount", ["-t", "tmpfs", "-o", "size=3g", "tmpfs", folder]).status, 0);
    // What npm has fetched for this checkout lies in its cache.
    layers = performSteps(folder, { npm_config_prefer_offline: "true" });
  });

  after(() => spawnSync("umount", ["-l", folder]));

  it("has the program, the page and the packages that it needs at run time, and no tool", () => {
    const inImage = (file: string) => existsSync(path.join(layers[0] as string, "opt/aurex", file));
    for (const file of [
      "dist/cli/main.js",
      "dist/web/index.html",
      "node_modules/libp2p",
      "LICENSE",
      "config",
    ]) {
      assert.ok(inImage(file), file);
    }
    for (const file of ["node_modules/vite", "node_modules/typescript", "node_modules/node", "src", "test"]) {
      assert.ok(!inImage(file), file);
    }
    const { uid, mode } = statSync(path.join(layers[0] as string, config.volumes[0] as string));
    assert.deepEqual([String(uid), mode & 0o777], [config.user.split(":")[0], 0o700]);
    const { stdout } = spawnSync("du", ["-sm", layers[0] as string], { encoding: "utf8" });
    assert.ok(Number.parseInt(stdout, 10) < 400, `the image has ${stdout}`);
  });

  it("runs the three services of compose.yaml, which found one network, are healthy and end when told", async (t) => {
    const compose = parse(readFileSync(path.join(root, "deploy/compose.yaml"), "utf8"), { merge: true });
    const services = Object.entries(
      compose.services as Record<string, { environment: Record<string, string> }>,
    );
    const lan = Lan.open(services.map(([name]) => name));
    t.after(() => lan.close());
    const hosts = path.join(folder, "hosts");
    const names = lan.machines.map(({ name, address }) => `${address} ${name}`);
    writeFileSync(hosts, ["127.0.0.1 localhost", ...names, ""].join("\n"));
    const containers = services.map(([name, { environment }], index) => {
      const volume = path.join(folder, name);
      spawnSync("cp", ["-a", path.join(layers[0] as string, config.volumes[0] as string), volume]);
      return startContainer(lan.machines[index] as Machine, layers, volume, hosts, environment);
    });
    const asked = lan.machines[0] as Machine;
    const answers = await until(
      "all three are authorities of one chain that becomes final",
      async () => {
        for (const { child, said } of containers) assert.equal(child.exitCode, null, said());
        // Through the published port, not as a program in the container.
        const all = await Promise.all(
          lan.machines.map(({ address }) =>
            asked
              .fetch(`http://${address}:13280/v1/node`)
              .then((response) => response.json() as Promise<NodeAnswer>)
              .catch(() => undefined),
          ),
        );
        const ready = all.every((one) => one?.authorities.length === 3 && (one.final?.height ?? 0) > 0);
        return ready ? (all as NodeAnswer[]) : undefined;
      },
      { limitMs: patienceMs(), seen: () => containers.map(({ said }) => said().slice(-2_000)).join("\n") },
    );
    assert.equal(new Set(answers.map(({ chainId }) => chainId)).size, 1);
    assert.deepEqual(
      answers.map(({ name, network, peers }) => ({ name, network, peers })),
      services.map(([name]) => ({ name, network: "compose", peers: 2 })),
    );
    for (const [index, container] of containers.entries()) {
      const { status, stdout, stderr } = healthOf(
        container,
        (services[index] as (typeof services)[number])[1].environment,
      );
      assert.equal(status, 0, stdout + stderr);
    }
    const page = await asked.fetch(`http://${(lan.machines[1] as Machine).address}:13280/`);
    assert.equal(page.status, 200);
    for (const { child, ended, said } of containers) {
      child.kill("SIGTERM");
      assert.deepEqual(await ended, [0, null], said());
      assert.doesNotMatch(said(), /EROFS/);
    }
  });
});

/** Names of the system calls of a set that systemd knows, with those of the sets in it. */
function systemCallsOf(name: string): Set<string> {
  const { stdout } = spawnSync("systemd-analyze", ["syscall-filter", "--no-pager", name], {
    encoding: "utf8",
  });
  const words = stdout.split("\n").map((line) => line.trim());
  const calls = words.filter((word) => word !== "" && !word.startsWith("#") && word !== name);
  return new Set(calls.flatMap((call) => (call.startsWith("@") ? [...systemCallsOf(call)] : [call])));
}

function allowedCalls(filters: readonly string[]): Set<string> {
  const allowed = new Set(systemCallsOf("@default"));
  for (const filter of filters) {
    const isDenied = filter.startsWith("~");
    for (const word of filter.replace("~", "").split(" ")) {
      for (const call of word.startsWith("@") ? systemCallsOf(word) : [word]) {
        if (isDenied) allowed.delete(call);
        else allowed.add(call);
      }
    }
  }
  return allowed;
}

const noTracer = ["strace", "systemd-analyze"]
  .filter((tool) => spawnSync(tool, ["--version"]).status !== 0)
  .map((tool) => `${tool} is not installed`)
  .join(", ");

describe("the service", { skip: whyNoLan() || noTracer || false, timeout: suiteMaxMs }, () => {
  const unit = readUnit();

  const miner = ["AUREX_CONSENSUS=pow", "AUREX_MINE=true", "AUREX_MINE_EMPTY=true", "AUREX_MINE_THREADS=1"];
  const roles: readonly [string, readonly string[] | undefined][] = [
    ["authority", undefined],
    ["miner", miner],
  ];
  for (const [role, settings] of roles) {
    it(`makes no system call that the unit forbids, from its start to its end, as ${role}`, async () => {
      const lan = Lan.open(["service"]);
      after(() => lan.close());
      const machine = lan.machines[0] as Machine;
      const trace = "/var/lib/aurex/calls";
      const tracer = [
        "strace",
        "--follow-forks",
        "--summary-only",
        "--summary-columns=name",
        "--output",
        trace,
      ];
      const child = startService(machine, unit, tracer, settings);
      const ended = once(child, "close");
      let said = "";
      for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (said += chunk));
      await until(
        "the node answers",
        async () => {
          assert.equal(child.exitCode, null, said);
          return (await machine.fetch("http://127.0.0.1:13280/livez").catch(() => undefined))?.status === 200;
        },
        { seen: () => said },
      );
      for (const route of ["/metrics", "/v1/node", "/v1/peers", "/"])
        await machine.fetch(`http://127.0.0.1:13280${route}`);
      // The tracer writes its summary when the node has ended, and the machine's file system ends with the tracer.
      const summary = openSync(`/proc/${child.pid}/root${trace}`, "r");
      const node = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim();
      process.kill(Number(node), "SIGTERM");
      await ended;
      const table = readFileSync(summary, "utf8");
      closeSync(summary);
      const calls = table
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => /^[a-z]\w+$/.test(line) && !["syscall", "total"].includes(line));
      assert.ok(calls.length > 30, table + said);
      // Its threads step behind those that answer.
      if (role === "miner") assert.ok(calls.includes("setpriority"), table);
      const allowed = allowedCalls(unit.get("SystemCallFilter") ?? []);
      assert.ok(allowed.has("openat") && !allowed.has("mount"));
      // Node asks for a larger limit of open files and goes on without: the unit has set the limit already.
      const harmless = new Set(["setrlimit"]);
      assert.deepEqual(
        calls.filter((call) => !allowed.has(call) && !harmless.has(call)),
        [],
        only(unit, "ExecStart"),
      );
    });
  }
});
