/** The layers of src/ as data, and the checker that holds a tree of files against them. */
import path from "node:path/posix";
import { findImports, readSource } from "./source-reader.ts";

/** Each room of src/ with all the rooms that it may import. */
export type Layers = Readonly<Record<string, readonly string[]>>;

const rooms = {
  base: [],
  protocol: ["base"],
  api: ["protocol", "base"],
  verifier: ["protocol", "base"],
  ledger: ["protocol", "base"],
  consensus: ["protocol", "base"],
  store: ["ledger", "protocol", "base"],
  mempool: ["ledger", "protocol", "base"],
  chain: ["store", "consensus", "ledger", "protocol", "base"],
  sealing: ["chain", "mempool", "consensus", "ledger", "protocol", "base"],
  network: ["chain", "mempool", "consensus", "protocol", "base"],
  payouts: ["chain", "mempool", "ledger", "store", "protocol", "base"],
  pool: ["payouts", "sealing", "consensus", "network", "protocol", "base"],
  member: ["pool", "sealing", "consensus", "network", "protocol", "base"],
  export: ["chain", "store", "consensus", "ledger", "protocol", "base"],
  wallet: ["protocol", "base"],
  light: ["consensus", "ledger", "protocol", "base"],
  // Never "export": a mistake of the exporter must not be its own excuse.
  audit: ["light", "verifier", "consensus", "ledger", "protocol", "base"],
  attest: ["audit", "light", "wallet", "consensus", "ledger", "protocol", "base"],
  client: ["api", "light", "wallet", "consensus", "ledger", "protocol", "base"],
  http: [
    ...["api", "light", "chain", "mempool", "network", "export", "audit", "attest", "ledger"],
    ...["protocol", "base"],
  ],
  web: ["client", "api", "protocol", "base"],
  config: ["protocol", "base"],
  authority: [...["http", "api", "sealing", "network", "mempool", "chain", "consensus", "protocol", "base"]],
} as const satisfies Layers;

export const layers: Layers = {
  ...rooms,
  node: Object.keys(rooms),
  doctor: [...Object.keys(rooms), "node"],
  demo: [...Object.keys(rooms), "node"],
  cli: [
    ...[
      "demo",
      "doctor",
      "client",
      "api",
      "node",
      "config",
      "wallet",
      "http",
      "export",
      "audit",
      "attest",
      "store",
    ],
    ...["protocol", "base"],
  ],
};

/** The package's door: it stands in no room and may import all of them. */
export const doorFile = "index.ts";

/** Rooms of values in, changes or faults out: no clock, disk, network or randomness. */
export const coreRooms = ["protocol", "ledger", "consensus", "light"];

const outsideModules =
  /^(?:node:)?(?:fs|net|dns|dgram|http|https|http2|tls|child_process|worker_threads|timers|sqlite|os)(?:\/|$)/;
const outsideCalls =
  /\b(?:Date\.now|new Date\(\s*\)|Math\.random|performance\.now|hrtime|setTimeout|setInterval|setImmediate|randomBytes|randomUUID|randomInt|randomFill|randomFillSync|getRandomValues|process\.env|fetch\()/g;

/** What is longer is two things. */
const linesMax = 400;

/** Names that say nothing: alone, or (the first list) as a part of a name. */
const emptyNameParts = ["util", "utils", "helper", "helpers", "misc"];
const emptyNames = [...emptyNameParts, "common", "data"];

export type Rule =
  | "arrow"
  | "circle"
  | "core"
  | "dynamic"
  | "long"
  | "name"
  | "opening"
  | "outside"
  | "readme"
  | "room"
  | "target";

export interface Problem {
  readonly rule: Rule;
  /** Path from src/, with the line where there is one. */
  readonly where: string;
  readonly what: string;
}

/** Files by their path from src/, e.g. `base/clock.ts`. */
export type Tree = ReadonlyMap<string, string>;

/** Everything in `tree` that breaks a rule of the architecture; empty for a sound tree. */
export function findProblems(tree: Tree, table: Layers = layers): Problem[] {
  const arrows = new Map<string, Set<string>>();
  const within = new Map<string, Set<string>>();
  const problems = [...tree].flatMap(([file, text]) => [
    ...placeProblems(file, table),
    ...nameProblems(file),
    ...(/\.tsx?$/.test(file) ? sourceProblems(file, text, tree, table, { arrows, within }) : []),
  ]);
  return [...problems, ...readmeProblems(tree, table), ...findCircles(arrows), ...findCircles(within)];
}

function roomOf(file: string): string {
  return file.includes("/") ? (file.split("/")[0] as string) : "";
}

function placeProblems(file: string, table: Layers): Problem[] {
  if (file === doorFile || Object.hasOwn(table, roomOf(file))) return [];
  return [{ rule: "room", where: file, what: "lives in no room of the layers table" }];
}

function nameProblems(file: string): Problem[] {
  const isEmpty = (name: string) =>
    emptyNames.includes(name) || name.split(/[-_.]/).some((part) => emptyNameParts.includes(part));
  const names = file.split("/").map((name) => name.toLowerCase().replace(/\.\w+$/, ""));
  return names.filter(isEmpty).map((name) => ({ rule: "name", where: file, what: `"${name}" says nothing` }));
}

function sourceProblems(
  file: string,
  text: string,
  tree: Tree,
  table: Layers,
  { arrows, within }: Record<"arrows" | "within", Map<string, Set<string>>>,
): Problem[] {
  const problems: Problem[] = [];
  const lines = text.split("\n").length - 1;
  if (lines >= linesMax) problems.push({ rule: "long", where: file, what: `has ${lines} lines` });
  const room = roomOf(file);
  const source = readSource(file.endsWith(".tsx") ? importsAlone(text) : text);
  const isCore = coreRooms.includes(room);
  if (!/^\s*\/\*\*[\s*]*[^\s*/][\s\S]*?[.!?:;][\s\S]*?\*\//.test(text)) {
    problems.push({
      rule: "opening",
      where: file,
      what: "does not open with a /** sentence. */ of what it is for",
    });
  }
  for (const { specifier, kind, line } of findImports(source)) {
    const where = `${file}:${line}`;
    if (specifier === undefined) {
      problems.push({ rule: "dynamic", where, what: "import() of something other than a text" });
      continue;
    }
    if (isCore && outsideModules.test(specifier)) {
      problems.push({ rule: "core", where, what: `the core imports ${specifier}` });
    }
    if (!specifier.startsWith(".")) continue;
    const target = path.join(path.dirname(file), specifier);
    if (target.startsWith("..")) {
      // A URL may name a file that comes with the package, such as a chain spec in config/.
      if (kind === "import")
        problems.push({ rule: "outside", where, what: `imports ${specifier}, outside of src/` });
      continue;
    }
    // tsc sees to it that imports are there; a URL is only found out when it runs.
    if (kind === "url" && /\.[jt]s$/.test(target) && !tree.has(target.replace(/\.js$/, ".ts"))) {
      problems.push({ rule: "target", where, what: `${specifier} is not there` });
    }
    const targetRoom = roomOf(target);
    if (file === doorFile) continue;
    if (targetRoom === room) {
      if (kind === "import") within.set(file, (within.get(file) ?? new Set()).add(target));
      continue;
    }
    if (!arrows.has(room)) arrows.set(room, new Set());
    arrows.get(room)!.add(targetRoom);
    if (!table[room]?.includes(targetRoom)) {
      problems.push({ rule: "arrow", where, what: `${room} -> ${targetRoom || target} is not in the table` });
    }
  }
  if (isCore) {
    for (const match of source.code.matchAll(outsideCalls)) {
      const line = source.code.slice(0, match.index).split("\n").length;
      problems.push({ rule: "core", where: `${file}:${line}`, what: `the core uses ${match[0]}` });
    }
  }
  return problems;
}

/** The imports of a file with markup, each in its line; the reader would take an apostrophe of a sentence for a text. */
function importsAlone(text: string): string {
  const blank = (part: string) => part.replaceAll(/[^\n]/g, "");
  let rest = 0;
  let kept = "";
  for (const match of text.matchAll(
    /^(?:import|export)\b[^;"']*?["'][^"']+["'];|\bimport\((["'])[^"']+\1\)/gm,
  )) {
    kept += `${blank(text.slice(rest, match.index))}${match[0]};`;
    rest = match.index + match[0].length;
  }
  return kept + blank(text.slice(rest));
}

function readmeProblems(tree: Tree, table: Layers): Problem[] {
  const present = new Set([...tree.keys()].map(roomOf).filter((room) => Object.hasOwn(table, room)));
  return [...present]
    .filter((room) => !tree.get(`${room}/README.md`)?.trim())
    .map((room) => ({ rule: "readme", where: room, what: "has no README.md" }));
}

/** Every room, or file of a room, that can reach itself over one or more arrows, each reported with one such way. */
export function findCircles(arrows: ReadonlyMap<string, Iterable<string>>): Problem[] {
  return [...arrows.keys()].flatMap((start) => {
    const cameFrom = new Map<string, string>();
    const waiting = [start];
    for (const room of waiting) {
      for (const next of arrows.get(room) ?? []) {
        if (next === start) {
          const way = [room];
          while (way[0] !== start) way.unshift(cameFrom.get(way[0]!)!);
          return [{ rule: "circle" as const, where: start, what: [...way, start].join(" -> ") }];
        }
        if (cameFrom.has(next)) continue;
        cameFrom.set(next, room);
        waiting.push(next);
      }
    }
    return [];
  });
}
