/** A miner and an authority as processes of their own, connected, and all that their metrics say. */
import { quiet, type RealHome, type StartedNode } from "../cli/real-nodes.ts";
import { until } from "../support/patience.ts";
import type { KnownMetrics } from "./query-faults.ts";

export interface MetricWorld extends KnownMetrics {
  /** As it was scraped, by node. */
  readonly texts: readonly string[];
}

/** @param home whose close() ends the nodes */
export async function scrapeWorld(home: RealHome): Promise<MetricWorld> {
  const authority = await home.start(
    ...["--consensus", "poa", "--authority", "--data-dir", home.path("poa")],
    ...["--export", home.path("ledger.sqlite"), ...quiet],
  );
  const miner = await home.start(
    ...[
      "--consensus",
      "pow",
      "--mine",
      "--mine-empty",
      "--mine-threads",
      "1",
      "--data-dir",
      home.path("pow"),
    ],
    ...["--bootstrap", authority.addresses[0] as string, ...quiet],
  );
  const nodes = [authority, miner];
  for (const node of nodes) await ask(node);
  const note = ["tx", "record", "--key", "node", "--data-dir", home.path("poa"), "note", "--wait"];
  await home.output(...note);
  const texts = await until("both nodes have blocks and a peer", async () => {
    const scraped = await Promise.all(nodes.map(({ apiUrl }) => textOf(`${apiUrl}/metrics`)));
    const ready = scraped.every(
      (text) => /^aurex_blocks_connected_total\S* [1-9]/m.test(text) && /^aurex_peers\S* [1-9]/m.test(text),
    );
    return ready ? scraped : undefined;
  });
  return { texts, ...readMetrics(texts) };
}

/** So that the metrics have answers of each kind. */
async function ask({ apiUrl }: StartedNode): Promise<void> {
  for (const path of ["/v1/node", "/nowhere", "/readyz?minPeers=99"]) await textOf(`${apiUrl}${path}`);
}

async function textOf(url: string): Promise<string> {
  return (await fetch(url)).text();
}

/** Reads the text format of Prometheus. */
export function readMetrics(texts: readonly string[]): KnownMetrics {
  const types = new Map<string, string>();
  const labels = new Map<string, Map<string, Set<string>>>();
  for (const line of texts.flatMap((text) => text.split("\n"))) {
    const [, typed, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (typed && type) types.set(typed, type);
    const [, name, list = ""] = /^(\w+)(?:\{(.*)\})? \S+$/.exec(line) ?? [];
    if (!name || line.startsWith("#")) continue;
    const own = labels.get(name) ?? new Map<string, Set<string>>();
    labels.set(name, own);
    for (const [, label = "", value = ""] of list.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
      own.set(label, (own.get(label) ?? new Set()).add(value));
    }
  }
  return { types, labels };
}
