/** `aurex-node doctor`: each check where all is well and where it is not, and the exit code. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { ip } from "../../src/demo/lan/ip-command.ts";
import { Lan } from "../../src/demo/lan/lan.ts";
import type { Machine } from "../../src/demo/lan/machine.ts";
import type { CheckName, Finding } from "../../src/doctor/finding.ts";
import { whyNoLan } from "../lan/lan-stage.ts";
import { run } from "./test-terminal.ts";

const program = path.join(import.meta.dirname, "../../bin/aurex-node.js");
let folder: string;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "aurex-doctor-"));
});
after(() => rm(folder, { recursive: true, force: true }));

function reportOf(code: number | null, stdout: string): Record<CheckName, Finding> {
  const { ok, findings } = JSON.parse(stdout) as { ok: boolean; findings: Finding[] };
  for (const finding of findings)
    assert.equal(finding.ok === false && finding.next === "", false, finding.check);
  assert.equal(ok, !findings.some((finding) => finding.ok === false));
  assert.equal(code, ok ? 0 : 8);
  return Object.fromEntries(findings.map((finding) => [finding.check, finding])) as Record<
    CheckName,
    Finding
  >;
}

/** Without mDNS, so that the machine's own network does not matter. */
async function doctor(...flags: string[]): Promise<Record<CheckName, Finding>> {
  const ports = ["--port", "0", "--api-port", "0", "--no-mdns"];
  const { code, stdout } = await run(["doctor", "--json", ...ports, ...flags]);
  return reportOf(code, stdout);
}

describe("doctor on this machine", () => {
  it("finds nothing to mend before the first start, and says what it could not check", async () => {
    const dataDir = path.join(folder, "new");
    const report = await doctor("--data-dir", dataDir);
    assert.equal(report["data-directory"].ok, true);
    assert.match(report["data-directory"].found, /not there yet/);
    assert.equal(report["disk-space"].ok, true);
    for (const check of ["multicast-route", "mdns-port", "node", "peers"] as const) {
      assert.equal(report[check].ok, null, check);
    }
  });

  it("tells it to people, a line a check", async () => {
    const flags = ["--port", "0", "--api-port", "0", "--no-mdns", "--data-dir", path.join(folder, "new")];
    const { code, stdout } = await run(["doctor", ...flags]);
    assert.equal(code, 0);
    assert.match(stdout, /^ok {5}data-directory {3}\S/);
    assert.match(stdout, /\nNothing speaks against a node here\.\n$/);
    const file = path.join(folder, "file");
    await writeFile(file, "");
    const bad = await run(["doctor", ...flags.slice(0, -1), file]);
    assert.equal(bad.code, 8);
    assert.match(bad.stdout, /^FAILS {2}data-directory .*it is no directory\n +next: \S/);
    assert.match(bad.stdout, /\n1 of \d+ checks fails\.\n$/);
  });

  it("names the process that has a port", async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
    try {
      await once(server, "listening");
      const port = String((server.address() as AddressInfo).port);
      const place = ["--data-dir", path.join(folder, "new"), "--listen-address", "127.0.0.1"];
      for (const [check, ...flags] of [
        ["peer-port", "--port", port],
        ["api-port", "--api-port", port],
      ] as const) {
        const report = await doctor(...place, ...flags);
        assert.equal(report[check].ok, false);
        assert.ok(report[check].found.includes(`127.0.0.1:${port} is in use by`), report[check].found);
        if (process.platform === "linux") assert.ok(report[check].found.includes(`process ${process.pid} `));
        assert.ok(report[check].next.includes(flags[0]));
      }
    } finally {
      server.close();
    }
  });

  it("says that an address to listen on is not this machine's", async () => {
    const report = await doctor("--data-dir", folder, "--listen-address", "192.0.2.77", "--port", "13246");
    assert.equal(report["peer-port"].ok, false);
    assert.match(report["peer-port"].next, /--listen-address/);
  });

  it("finds damaged journals and chain files, and changes nothing of them", async () => {
    const dataDir = path.join(folder, "damaged");
    await mkdir(path.join(dataDir, "chain"), { recursive: true });
    await writeFile(path.join(dataDir, "chain", "CURRENT"), "MANIFEST-000002\n");
    await writeFile(path.join(dataDir, "seal-journal"), "AUREXSJ2");
    const report = await doctor("--data-dir", dataDir);
    assert.match(report["chain-files"].found, /MANIFEST-000002 is missing/);
    assert.match(report.journals.found, /seal journal .* is damaged at byte 0/);
    await writeFile(path.join(dataDir, "seal-journal"), "AUREXSJ1\u0001");
    assert.match((await doctor("--data-dir", dataDir)).journals.found, /seal journal is whole \(0 records\)/);
  });

  it("finds a chain spec that is none any more", async () => {
    const dataDir = path.join(folder, "no-spec");
    await mkdir(dataDir);
    await writeFile(path.join(dataDir, "chain-spec.json"), "{}");
    const report = await doctor("--data-dir", dataDir);
    assert.equal(report["data-directory"].ok, false);
    assert.match(report["data-directory"].found, /no chain spec any more/);
  });
});

describe("doctor on machines of a LAN", { skip: whyNoLan() }, () => {
  let lan: Lan;
  let machine: Machine;
  before(() => {
    lan = Lan.open(["laptop"]);
    machine = lan.machines[0] as Machine;
  });
  after(() => lan.close());

  async function doctorThere(): Promise<Record<CheckName, Finding>> {
    const flags = ["--json", "--consensus", "poa", "--data-dir", path.join(folder, "laptop")];
    const child = machine.spawn(process.execPath, [program, "doctor", ...flags], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(child, "exit");
    const stdout = await text(child.stdout as NodeJS.ReadableStream & AsyncIterable<string>);
    return reportOf((await ended)[0], stdout);
  }

  it("finds all well where multicast has a way", async () => {
    const report = await doctorThere();
    assert.equal(report["multicast-route"].found, "multicast goes out by eth0 (10.77.0.1)");
    assert.equal(report["mdns-port"].ok, true, report["mdns-port"].found);
    assert.equal(report["peer-port"].found, "0.0.0.0:13246 is free");
  });

  it("says that UDP 5353 is held by one that does not share, and by whom", async () => {
    const script = `require("node:dgram").createSocket("udp4").bind(5353, () => console.log("held"))`;
    const holder = machine.spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    await once(holder.stdout as NodeJS.ReadableStream, "data");
    const report = await doctorThere();
    assert.equal(report["mdns-port"].ok, false);
    assert.ok(report["mdns-port"].found.includes(`process ${holder.pid} (node)`), report["mdns-port"].found);
    holder.kill("SIGKILL");
    await once(holder, "exit");
  });

  it("says that the plug is out", async () => {
    lan.cut(machine);
    const report = await doctorThere();
    assert.equal(report["multicast-route"].ok, false);
    assert.match(report["multicast-route"].found, /by no interface/);
    assert.match(report["multicast-route"].next, /^connect this machine to a network/);
    lan.mend(machine);
  });

  it("finds all well with multicast routed into a tunnel or nowhere: mDNS goes by every interface", async () => {
    ip("-n", machine.namespace, "link", "add", "wg0", "type", "veth", "peer", "name", "far-end");
    ip("-n", machine.namespace, "addr", "add", "10.9.0.1/24", "dev", "wg0");
    for (const end of ["wg0", "far-end"]) ip("-n", machine.namespace, "link", "set", end, "up");
    ip("-n", machine.namespace, "route", "replace", "224.0.0.0/4", "dev", "wg0");
    for (const route of ["into the tunnel", "nowhere"]) {
      if (route === "nowhere") ip("-n", machine.namespace, "route", "del", "224.0.0.0/4");
      const report = await doctorThere();
      assert.equal(report["multicast-route"].ok, true, report["multicast-route"].found);
      assert.match(report["multicast-route"].found, /eth0 \(10\.77\.0\.1\)/);
      assert.match(report["multicast-route"].found, /wg0 \(10\.9\.0\.1\)/);
      assert.equal(report["mdns-port"].ok, true, report["mdns-port"].found);
    }
  });

  it("names an interface that has no multicast and is left out", async () => {
    ip("-n", machine.namespace, "link", "set", "wg0", "multicast", "off");
    const report = await doctorThere();
    assert.equal(report["multicast-route"].ok, true, report["multicast-route"].found);
    assert.equal(
      report["multicast-route"].found,
      "multicast goes out by eth0 (10.77.0.1); left out: wg0 (10.9.0.1): it has no multicast",
    );
  });
});
