/** Every query of the alerts and of Grafana's dashboard against the metrics of two real nodes. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { RealHome } from "../cli/real-nodes.ts";
import { suiteMaxMs } from "../support/patience.ts";
import { type MetricWorld, scrapeWorld } from "./metric-world.ts";
import { readAlerts, readDashboard } from "./monitoring-files.ts";
import { queryFaults } from "./query-faults.ts";

/** What Grafana puts in its variables' place. */
const filled = (expression: string) => expression.replaceAll("$__rate_interval", "1m");
const shownIn = (text: string) =>
  [...text.matchAll(/\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}/g)].map(([, label]) => label as string);

describe("the queries for operators", { timeout: suiteMaxMs }, () => {
  let home: RealHome;
  let world: MetricWorld;

  before(async () => {
    home = await RealHome.open();
    world = await scrapeWorld(home);
  });

  after(() => home.close());

  it("of the alerts name metrics, labels and values that nodes have", () => {
    for (const { alert, expr, annotations } of readAlerts()) {
      assert.deepEqual(queryFaults(expr, world, shownIn(annotations.summary)), [], alert);
    }
  });

  it("of the dashboard do, too", () => {
    const queries = readDashboard().panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr, legendFormat }) => ({ title, expr, legendFormat })),
    );
    assert.ok(queries.length > 40);
    for (const { title, expr, legendFormat } of queries) {
      assert.deepEqual(queryFaults(filled(expr), world, shownIn(legendFormat)), [], title);
    }
  });

  it("of the dashboard show every figure of a node", () => {
    const queries = readDashboard().panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    const missing = [...world.types.keys()]
      .filter((name) => name.startsWith("aurex_") || name.startsWith("process_"))
      .filter(
        (name) => !queries.some((expr) => new RegExp(`\\b${name}(?:_bucket|_sum|_count)?\\b`).test(expr)),
      );
    // An idle node is shown as one that seals, and the shares that a pool takes by its members' hash rate.
    assert.deepEqual(missing.sort(), ["aurex_idle", "aurex_pool_shares_accepted"]);
  });

  const wrong: [string, string, RegExp][] = [
    ["a metric that does not exist", "aurex_heigth", /no metric/],
    ["a label that does not exist", 'aurex_peers{peer="x"}', /no label peer/],
    ["a value that never comes", 'aurex_event_loop_delay_seconds{quantile="0.95"}', /never has quantile/],
    ["a pattern that fits nothing", 'rate(aurex_api_requests_total{status=~"6.."}[5m])', /never has status/],
    ["an exclusion of nothing", 'rate(aurex_api_requests_total{route!="/ready"}[5m])', /never has route/],
    ["a rate of a gauge", "rate(aurex_peers[5m])", /is a gauge/],
    ["a counter as it is", "aurex_reorganizations_total > 3", /only ever rises/],
    ["a slope of a counter", "deriv(aurex_reorganizations_total[1h])", /is a counter/],
    ["a histogram as it is", "aurex_block_stage_seconds", /no metric/],
    [
      "a quantile of no buckets",
      "histogram_quantile(0.9, rate(aurex_block_stage_seconds_sum[5m]))",
      /is for buckets/,
    ],
    ["buckets as they are", "rate(aurex_block_stage_seconds_bucket[5m])", /is for buckets/],
    [
      "buckets without their bounds",
      "histogram_quantile(0.9, sum by (stage) (rate(aurex_block_stage_seconds_bucket[5m])))",
      /needs the label le/,
    ],
    ["a group by nothing", "sum by (stages) (aurex_peers)", /groups by stages/],
    ["no metric at all", "1 + 1", /asks for no metric/],
  ];
  for (const [what, expression, fault] of wrong) {
    it(`would show ${what}`, () => {
      assert.match(queryFaults(expression, world).join("\n"), fault);
    });
  }

  it("would show a legend that names what the result lacks", () => {
    const gone = "sum by (chain) (aurex_peers)";
    assert.deepEqual(queryFaults(gone, world, ["chain"]), []);
    assert.match(queryFaults(gone, world, ["node"]).join(), /shows the label node/);
    const many = "max by (chain) (aurex_head_height) - on (chain) group_right () aurex_head_height";
    assert.deepEqual(queryFaults(many, world, ["node"]), []);
    assert.match(queryFaults('up{job="aurex"} == 0', world, ["node"]).join(), /shows the label node/);
    assert.throws(() => queryFaults("sum(aurex_peers", world), /no PromQL/);
  });
});

describe("docs/grafana.json", () => {
  const { panels, templating, schemaVersion, title, uid } = readDashboard();
  const charts = panels.filter(({ type }) => type !== "row");

  it("is a dashboard that Grafana 12 imports, without a data source of ours in it", () => {
    assert.equal(schemaVersion, 41);
    assert.ok(title && uid);
    const variables = Object.fromEntries(templating.list.map((one) => [one.name, one.type]));
    assert.deepEqual(variables, { datasource: "datasource", job: "query", instance: "query" });
    for (const { datasource } of charts)
      assert.deepEqual(datasource, { type: "prometheus", uid: "$" + "{datasource}" });
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  });

  it("says in words what each panel shows, in which unit, and of the nodes that were chosen", () => {
    assert.ok(charts.length >= 40);
    for (const { title: name, description = "", fieldConfig, targets = [] } of charts) {
      assert.match(description, /^[A-Z].{20,}\.$/s, name);
      assert.ok(fieldConfig?.defaults.unit, name);
      assert.ok(targets.length > 0, name);
      assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, name);
      for (const { expr } of targets) assert.match(expr, /job="\$job", instance=~"\$instance"/, name);
    }
  });

  it("lays no panel over another, and none beyond the 24 columns", () => {
    for (const one of panels) {
      const { x, y, w, h } = one.gridPos;
      assert.ok(x >= 0 && x + w <= 24, one.title);
      for (const { gridPos: other, id, title: name } of panels) {
        if (id === one.id) continue;
        const apart =
          other.x >= x + w || x >= other.x + other.w || other.y >= y + h || y >= other.y + other.h;
        assert.ok(apart, `${one.title} lies over ${name}`);
      }
    }
  });

  it("begins with who is up, and has all heads on one chart", () => {
    const [first, upOrDown] = panels;
    assert.deepEqual([first?.type, upOrDown?.title, upOrDown?.gridPos.w], ["row", "Up or down", 24]);
    const words = JSON.stringify(upOrDown?.fieldConfig?.defaults.mappings);
    assert.match(words, /"DOWN"/);
    assert.match(words, /"UP"/);
    const heads = charts.find(({ title: name }) => name === "Heads");
    assert.deepEqual(
      heads?.targets?.map(({ expr }) => expr),
      ['aurex_head_height{job="$job", instance=~"$instance"}'],
    );
  });
});
