/** What is wrong with a query: metrics, labels and values that no node has, and functions that do not go with a metric. */
import { readPromQl, type Selector } from "./promql.ts";

/** What nodes have said at `/metrics`. */
export interface KnownMetrics {
  /** counter, gauge or histogram, by name. */
  readonly types: ReadonlyMap<string, string>;
  /** Values by label, by the name of a sample. */
  readonly labels: ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>;
}

/** What Prometheus adds to each sample. */
const targetLabels = ["job", "instance"];
/** What a node adds to each sample. */
const nodeLabels = ["node", "chain"];
const forCounters = new Set(["rate", "irate", "increase"]);
const forGauges = new Set([
  "delta",
  "idelta",
  "deriv",
  "predict_linear",
  "min_over_time",
  "max_over_time",
  "avg_over_time",
]);
/** The metric that Prometheus itself makes of each scrape. */
const ofPrometheus = "up";

/** @param shown labels that a legend or a message shows of the result */
export function queryFaults(
  expression: string,
  known: KnownMetrics,
  shown: readonly string[] = [],
): string[] {
  const { selectors, groupedBy, dropsBuckets, labels } = readPromQl(expression);
  const faults = selectors.flatMap((selector) => selectorFaults(selector, known));
  if (selectors.length === 0) faults.push("asks for no metric");
  if (dropsBuckets) faults.push("histogram_quantile needs the label le");
  const carried = new Set(selectors.flatMap(({ metric }) => [...labelsOf(metric, known).keys()]));
  for (const label of groupedBy)
    if (!carried.has(label)) faults.push(`groups by ${label}, which nothing carries`);
  for (const label of shown) {
    const has = labels === "all" ? carried.has(label) : labels.has(label);
    if (!has) faults.push(`shows the label ${label}, which the result does not have`);
  }
  return faults;
}

function selectorFaults({ metric, matchers, overTime, around }: Selector, known: KnownMetrics): string[] {
  const type = typeOf(metric, known);
  if (type === undefined) return [`${metric} is no metric of a node`];
  const faults: string[] = [];
  if (type === "counter" && !(overTime && (forCounters.has(overTime) || overTime === "changes"))) {
    faults.push(`${metric} only ever rises: it takes rate() or increase()`);
  }
  if (type === "gauge" && overTime && forCounters.has(overTime)) {
    faults.push(`${metric} is a gauge: ${overTime}() is for counters`);
  }
  if (type === "counter" && overTime && forGauges.has(overTime)) {
    faults.push(`${metric} is a counter: ${overTime}() is for gauges`);
  }
  const isBucket = metric.endsWith("_bucket");
  if (isBucket !== around.includes("histogram_quantile")) {
    faults.push(`${metric}: histogram_quantile() is for buckets, and buckets are for nothing else`);
  }
  const carried = labelsOf(metric, known);
  for (const { label, operator, value } of matchers) {
    const values = carried.get(label);
    if (!values) faults.push(`${metric} has no label ${label}`);
    // Of a job and an instance only the operator knows the names; a $ is a variable of the dashboard.
    else if (targetLabels.includes(label) || value.includes("$")) continue;
    else if (![...values].some((one) => fits(one, operator, value))) {
      faults.push(`${metric} never has ${label} ${value}`);
    }
  }
  return faults;
}

/** Also of a matcher that excludes: what it excludes has to exist. */
function fits(found: string, operator: string, value: string): boolean {
  return operator.endsWith("~") ? new RegExp(`^(?:${value})$`).test(found) : found === value;
}

/** Parts of a histogram are counters. */
function typeOf(metric: string, { types }: KnownMetrics): string | undefined {
  if (metric === ofPrometheus) return "gauge";
  const whole = types.get(metric);
  if (whole !== undefined && whole !== "histogram") return whole;
  const [, name = "", part] = /^(.*)_(bucket|sum|count)$/.exec(metric) ?? [];
  return part && types.get(name) === "histogram" ? "counter" : undefined;
}

function labelsOf(metric: string, { labels }: KnownMetrics): ReadonlyMap<string, ReadonlySet<string>> {
  const own = labels.get(metric) ?? new Map<string, ReadonlySet<string>>();
  const added = metric === ofPrometheus ? targetLabels : [...targetLabels, ...nodeLabels];
  return new Map([...added.map((label) => [label, new Set<string>()] as const), ...own]);
}
