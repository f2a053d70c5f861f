/** `aurex-node status --watch`: a live screen of a node; lines where nobody looks at a screen. */
import { setTimeout as delay } from "node:timers/promises";
import { type ConsensusAnswer, getConsensus } from "../api/agreement.ts";
import { type BlocksAnswer, getBlocks } from "../api/blocks.ts";
import { getMempoolStats, type MempoolStats } from "../api/mempool.ts";
import { getNode } from "../api/node.ts";
import { type NodeAnswer, stateText } from "../api/node-status.ts";
import { durationText } from "../base/duration-text.ts";
import { toError } from "../base/invariant.ts";
import { shortened } from "../base/text-table.ts";
import { visibleText } from "../base/visible-text.ts";
import type { ApiClient } from "../client/api-client.ts";
import type { CallOptions } from "../client/call.ts";
import { endSignals } from "./events.ts";
import { type ApiFlags, connect, type JsonFlag } from "./shared-flags.ts";
import { statusText } from "./status-line.ts";
import { grouped, hashRateText, roleOf } from "./status-text.ts";
import { type Terminal, tableFor, writeJson, writeLine } from "./terminal.ts";
import { agoText } from "./time-text.ts";

/** Everything on the screen, asked for together. */
export interface Watched {
  readonly node: NodeAnswer;
  readonly consensus: ConsensusAnswer;
  readonly mempool: MempoolStats;
  readonly blocks: BlocksAnswer;
}

export interface WatchFlags extends ApiFlags, JsonFlag {
  /** Milliseconds between two looks. */
  readonly every: number;
}

const blocksShown = 8;

/** Until Ctrl-C. A node that stops is waited for, also where it comes back on another port. */
export async function watch({ json, every, ...flags }: WatchFlags, terminal: Terminal): Promise<void> {
  // Whoever names a wrong node learns so at once.
  let client: ApiClient | undefined = await connect(flags, terminal);
  const stop = endSignals(terminal);
  const { signal } = stop;
  const view = viewFor(json ?? false, terminal);
  try {
    while (!signal.aborted) {
      try {
        // A node that hangs is not waited for after Ctrl-C: its answer would come after half a minute, or never.
        client ??= await connect(flags, terminal, { signal });
        view.show(await look(client, { signal }));
      } catch (thrown) {
        if (signal.aborted) break;
        client = undefined;
        view.lost(toError(thrown).message);
      }
      // A timer that keeps the process alive, as nothing else does between two looks.
      await delay(every, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    view.end();
    stop.remove();
  }
}

async function look(client: ApiClient, options: CallOptions): Promise<Watched> {
  const [node, consensus, mempool, blocks] = await Promise.all([
    client.call(getNode, {}, options),
    client.call(getConsensus, {}, options),
    client.call(getMempoolStats, {}, options),
    client.call(getBlocks, { query: { limit: blocksShown } }, options),
  ]);
  return { node, consensus, mempool, blocks };
}

interface View {
  show(watched: Watched): void;
  /** The node does not answer. */
  lost(reason: string): void;
  end(): void;
}

function viewFor(json: boolean, terminal: Terminal): View {
  if (json) return lines((watched) => writeJson(terminal, watched), terminal);
  if (terminal.isTerminal && terminal.environment.TERM !== "dumb") return screen(terminal);
  return lines(
    ({ node }) => writeLine(terminal, visibleText(statusText(node, Number.MAX_SAFE_INTEGER))),
    terminal,
  );
}

/** What makes another line worth printing: not a counter that always moves. */
function factsOf({ node, mempool, consensus }: Watched): string {
  const { head, final, peers, sealing, notSealingBecause, syncing } = node;
  return JSON.stringify([
    head.hash,
    final?.hash,
    peers,
    sealing,
    notSealingBecause,
    syncing,
    mempool.count,
    consensus.finality?.votesForHead.length,
  ]);
}

/** A line for each change, for logs and pipes. */
function lines(write: (watched: Watched) => void, terminal: Terminal): View {
  let last = "";
  return {
    show(watched) {
      const key = factsOf(watched);
      if (key === last) return;
      last = key;
      write(watched);
    },
    lost(reason) {
      if (last === reason) return;
      last = reason;
      terminal.stderr.write(`the node does not answer: ${visibleText(reason)}\n`);
    },
    end() {},
  };
}

/** Control sequence introducer. */
const csi = "\u001b[";

/** Redraws one screen in place, and leaves the last one standing when it ends. */
function screen(terminal: Terminal): View {
  const stream = terminal.stdout as NodeJS.WritableStream & {
    readonly columns?: number;
    readonly rows?: number;
  };
  let last: Watched | undefined;
  const draw = (text: string) => {
    // A terminal may be made smaller at any time.
    const columns = stream.columns && stream.columns > 0 ? stream.columns : terminal.columns;
    const rows = stream.rows && stream.rows > 1 ? stream.rows : Number.POSITIVE_INFINITY;
    const shown = text
      .split("\n")
      .slice(0, rows - 1)
      .map((line) => shortened(line, columns, "end"));
    terminal.stdout.write(`${csi}H${shown.map((line) => `${line}${csi}K\n`).join("")}${csi}J`);
  };
  terminal.stdout.write(`${csi}?25l${csi}2J`);
  return {
    show(watched) {
      last = watched;
      draw(watchText(watched, terminal, Date.now()));
    },
    lost(reason) {
      const said = `The node does not answer: ${visibleText(reason)}\nIt is asked again every moment; Ctrl-C ends this.\n`;
      draw(last ? `${said}\n${watchText(last, terminal, Date.now())}` : said);
    },
    end() {
      terminal.stdout.write(`${csi}?25h`);
    },
  };
}

/** What the screen shows. */
export function watchText(
  { node, consensus, mempool, blocks }: Watched,
  terminal: Terminal,
  nowMs: number,
): string {
  const bold = boldFor(terminal);
  const { head, final, peers } = node;
  const state = stateText(node);
  const lag = final ? head.height - final.height : 0;
  const rows: readonly (readonly [label: string, text: string | undefined])[] = [
    ["head", `${head.height}  ${head.hash.slice(0, 16)}…  ${agoText(head.timestampMs, nowMs)}`],
    ["final", final ? `${final.height}${lag > 0 ? `, ${lag} behind the head` : ""}` : undefined],
    ["votes", votesText(consensus)],
    ["next", nextText(consensus, nowMs)],
    ["work", consensus.work ? `${grouped(Number(consensus.work.difficulty))} hashes for a block` : undefined],
    ["hash rate", node.hashesPerSecond ? hashRateText(node.hashesPerSecond) : undefined],
    ["peers", `${peers}`],
    ["mempool", `${mempool.count} waiting, ${grouped(mempool.bytes)} bytes`],
    ["syncing", node.syncing ? `${node.syncing.height} of ${node.syncing.targetHeight}` : undefined],
    ...node.advice.map(({ what, next }) => ["advice", `${what}; next: ${next}`] as const),
  ];
  const fields = rows
    .filter((row): row is readonly [string, string] => row[1] !== undefined)
    .map(([label, text]) => `${label.padEnd(10)} ${visibleText(text)}`);
  const title = `${node.name}  ${roleOf(node)} on ${node.consensus}${state === "" ? "" : `, ${state}`}`;
  return [bold(visibleText(title)), ...fields, "", lastBlocks(blocks, terminal, nowMs)].join("\n");
}

function votesText({ finality, authorities }: ConsensusAnswer): string | undefined {
  if (!finality) return undefined;
  return `${finality.votesForHead.length} of ${authorities.length} for the head, ${finality.quorum} certify it`;
}

function nextText({ next }: ConsensusAnswer, nowMs: number): string | undefined {
  const [first, second] = next;
  if (!first) return undefined;
  const inMs = first.earliestMs - nowMs;
  // An authority seals nothing while nothing waits: then its turn goes on.
  const when = inMs > 0 ? `in ${durationText(inMs + 999)}` : "whose turn it is";
  const who = `${shortName(first)}, ${when}`;
  return second ? `${who}; then ${shortName(second)}` : who;
}

/** What people call it; else as much of the address as tells it from others. */
function shortName({ nodeName, name, address }: ConsensusAnswer["next"][number]): string {
  return nodeName ?? name ?? shortened(address, shortAddressWidth, "middle");
}

const shortAddressWidth = 20;

function lastBlocks({ items }: BlocksAnswer, terminal: Terminal, nowMs: number): string {
  const rows = items.map(({ height, hash, timestampMs, transactionCount, producerName, producer, final }) => [
    String(height),
    `${hash.slice(0, 12)}…`,
    agoText(timestampMs, nowMs),
    String(transactionCount),
    final ? "final" : "",
    producerName ?? producer ?? "",
  ]);
  const columns = [
    { title: "height", right: true },
    { title: "hash" },
    { title: "sealed" },
    { title: "txs", right: true },
    { title: "" },
    { title: "producer", cut: "middle", widthMin: 10 } as const,
  ];
  return tableFor(terminal, columns, rows);
}

/** https://no-color.org: any value turns it off. */
function boldFor({ environment }: Terminal): (text: string) => string {
  return environment.NO_COLOR ? (text) => text : (text) => `${csi}1m${text}${csi}0m`;
}
