/** docs/prometheus-alerts.yml: its form, what it says, and with promtool that each alert comes when it has to and no other does. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { parse, stringify } from "yaml";
import { folderUntilEnd } from "../support/temporary-folder.ts";
import { alongWith, healthy, idle, ill, type Series } from "./alert-cases.ts";
import { alertsFile, anchorsOf, readAlerts } from "./monitoring-files.ts";

const root = path.join(import.meta.dirname, "../..");
const alerts = readAlerts();
const promtoolMissing =
  spawnSync("promtool", ["--version"]).status === 0
    ? false
    : "promtool is not installed (Debian: apt-get install prometheus)";

describe("docs/prometheus-alerts.yml", () => {
  it("says of each alert what is the matter, what to do, how bad it is and where to read more", () => {
    const anchors = anchorsOf(readFileSync(path.join(root, "docs/operating.md"), "utf8"));
    assert.ok(alerts.length >= 20);
    assert.equal(new Set(alerts.map(({ alert }) => alert)).size, alerts.length);
    for (const { alert, labels, annotations, for: lasting } of alerts) {
      assert.ok(["critical", "warning"].includes(labels.severity), alert);
      assert.match(annotations.summary, /\.$/, alert);
      assert.ok(annotations.action.length > 10, alert);
      const anchor = `docs/operating.md#${alert.toLowerCase()}`;
      assert.equal(annotations.runbook_url, anchor);
      assert.ok(anchors.includes(alert.toLowerCase()), `docs/operating.md has no chapter ${alert}`);
      // What looks back over an hour needs no waiting.
      assert.ok(lasting !== undefined || /AurexRestarts|AurexReorganizations/.test(alert), alert);
    }
  });

  it("has a case below for each alert, and no other", () => {
    assert.deepEqual(alerts.map(({ alert }) => alert).sort(), Object.keys(ill).sort());
  });

  it("is taken by promtool", { skip: promtoolMissing }, () => {
    const { status, stdout, stderr } = spawnSync("promtool", ["check", "rules", alertsFile], {
      encoding: "utf8",
    });
    assert.equal(status, 0, stdout + stderr);
    assert.match(stdout, new RegExp(`${alerts.length} rules found`));
  });

  it("alerts on each illness with that alert alone, and never on health", {
    skip: promtoolMissing,
  }, async () => {
    const folder = await folderUntilEnd("aurex-alerts-");
    const file = path.join(folder, "cases.yml");
    const worlds: [string, Series, readonly string[]][] = [
      ["healthy", healthy, []],
      ["idle", idle, []],
      ...Object.entries(ill).map(
        ([alert, series]) =>
          [alert, { ...healthy, ...series }, [alert, ...(alongWith[alert] ?? [])]] as [
            string,
            Series,
            string[],
          ],
      ),
    ];
    const tests = worlds.map(([name, series, expected]) => ({
      name,
      interval: "1m",
      input_series: Object.entries(series).map(([one, values]) => ({ series: one, values })),
      // Once for each alert: how many of it fire when each has had its time.
      promql_expr_test: alerts.map(({ alert }) => ({
        expr: `count(ALERTS{alertname="${alert}",alertstate="firing",instance="a:9100"})`,
        eval_time: "95m",
        exp_samples: expected.includes(alert) ? [{ labels: "{}", value: 1 }] : [],
      })),
    }));
    writeFileSync(file, stringify({ rule_files: [alertsFile], evaluation_interval: "1m", tests }));
    assert.equal(parse(readFileSync(file, "utf8")).tests.length, alerts.length + 2);
    const { status, stdout, stderr } = spawnSync("promtool", ["test", "rules", file], { encoding: "utf8" });
    assert.equal(status, 0, stdout + stderr);
  });
});
