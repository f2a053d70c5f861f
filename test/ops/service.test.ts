/** deploy/aurex-node.service: systemd reads it, and its command runs, reloads and stops under its restrictions. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, renameSync, statSync } from "node:fs";
import { after, describe, it } from "node:test";
import { Lan } from "../../src/demo/lan/lan.ts";
import type { Machine } from "../../src/demo/lan/machine.ts";
import { exitCodes } from "../../src/node/operator-error.ts";
import { whyNoLan } from "../lan/lan-stage.ts";
import { suiteMaxMs, until } from "../support/patience.ts";
import { only, readEnvironmentFile, readUnit, serviceUid, startService, unitFile } from "./unit-file.ts";

const unit = readUnit();
const analyze = (...argv: readonly string[]) => spawnSync("systemd-analyze", argv, { encoding: "utf8" });
const systemdMissing = analyze("--version").status === 0 ? false : "systemd-analyze is not installed";

describe("deploy/aurex-node.service", { timeout: suiteMaxMs }, () => {
  it("is read by systemd without a complaint", { skip: systemdMissing }, () => {
    const { stdout, stderr } = analyze("verify", "--man=no", unitFile);
    // The program is not installed on this machine; nothing else may be wrong.
    const complaints = (stdout + stderr).split("\n").filter((line) => line.includes("aurex-node.service"));
    assert.deepEqual(
      complaints.filter((line) => !/Command \/usr\/local\/bin\/aurex-node is not executable/.test(line)),
      [],
    );
  });

  it("leaves an attacker less than 1.5 of the 10 points that systemd counts", {
    skip: systemdMissing,
  }, () => {
    const { status, stdout } = analyze(
      "security",
      "--offline=true",
      "--threshold=15",
      "--no-pager",
      unitFile,
    );
    assert.equal(status, 0, stdout);
    assert.match(stdout, /Overall exposure level for aurex-node\.service: 1\.[0-5]/);
  });

  it("starts a node again unless that cannot help", () => {
    assert.equal(only(unit, "Restart"), "on-failure");
    const { usage, dataDirectoryInUse, store, genesisMismatch, key } = exitCodes;
    const hopeless = [usage, dataDirectoryInUse, store, genesisMismatch, key];
    assert.equal(only(unit, "RestartPreventExitStatus"), hopeless.join(" "));
  });

  it("and its settings file name variables that a node knows", () => {
    const text = readFileSync(unitFile.replace("aurex-node.service", "node.env"), "utf8");
    const names = [...text.matchAll(/^(?:# )?(AUREX_\w+)=/gm)].map(([, name]) => name as string);
    assert.ok(names.length >= 5 && readEnvironmentFile().length === 2);
    const known = readFileSync(new URL("../../src/config/node-config.ts", import.meta.url), "utf8");
    for (const name of names) {
      const setting = name
        .slice("AUREX_".length)
        .toLowerCase()
        .replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
      assert.match(known, new RegExp(`\\b${setting}\\b`), name);
    }
  });

  it("runs, reloads and stops a node that may do nothing but write its own directory", {
    skip: whyNoLan(),
  }, async () => {
    const lan = Lan.open(["service"]);
    after(() => lan.close());
    const machine = lan.machines[0] as Machine;
    const child = startService(machine, unit);
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
    const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
    assert.match(status, new RegExp(`^Uid:\\s+${serviceUid}\\s+${serviceUid}\\s`, "m"));
    assert.match(status, /^NoNewPrivs:\s+1$/m);
    for (const set of ["CapEff", "CapPrm", "CapBnd"])
      assert.match(status, new RegExp(`^${set}:\\s+0+$`, "m"));
    const state = `/proc/${child.pid}/root/var/lib/aurex`;
    const modeOf = (name: string) => statSync(`${state}/${name}`).mode & 0o777;
    assert.deepEqual([modeOf("."), modeOf("node.key.json"), modeOf("blockchain.log")], [0o700, 0o600, 0o600]);

    renameSync(`${state}/blockchain.log`, `${state}/blockchain.log.1`);
    const reload = only(unit, "ExecReload").replace("$MAINPID", String(child.pid));
    assert.equal(spawnSync("sh", ["-c", reload]).status, 0);
    await until("there is a new log", () => statSync(`${state}/blockchain.log`, { throwIfNoEntry: false }));

    child.kill(only(unit, "KillSignal") as NodeJS.Signals);
    const [code, signal] = await ended;
    assert.deepEqual([code, signal], [0, null], said);
    assert.doesNotMatch(said, /EROFS|EACCES|EPERM|"level":(?:50|60)/);
  });
});
