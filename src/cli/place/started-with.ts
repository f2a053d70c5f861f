/** What a node was started with, kept in its data directory, and the command that starts it so again. */
import { readFile, rename, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { toHex } from "../../base/bytes.ts";
import { isDatabaseTarget } from "../../base/database-target.ts";
import { shellWord } from "../../base/shell-word.ts";
import type { NodeConfig, SettingName } from "../../config/node-config.ts";
import { flagOf, nodeSettings, settingNames } from "../../config/settings.ts";
import { dataDirectory, pinnedChainSpec } from "../../node/data-directory.ts";
import { addressOf } from "../../protocol/identity.ts";
import { nodeKeyName, showKey } from "../../wallet/keystore.ts";
import type { Terminal } from "../terminal.ts";

const fileName = "started-with.json";
const fileBytesMax = 64 * 1024;
const paths: readonly SettingName[] = [
  "chain",
  "export",
  "logFile",
  "passphraseFile",
  "apiTlsCert",
  "apiTlsKey",
  "apiTokenFile",
];
/** Said by the directory itself, or by the other values. */
const leftOut: readonly SettingName[] = ["dataDir", "config"];

/** Settings that differ from their defaults, as flags are given. */
export type GivenSettings = Readonly<Partial<Record<SettingName, unknown>>>;

/** Keeps what the node of `config` was started with. A disk that is full, or read-only, must not stop a start. */
export async function keepStart(config: NodeConfig, terminal: Terminal): Promise<void> {
  const file = path.join(config.dataDir, fileName);
  try {
    await writeFile(`${file}.new`, `${JSON.stringify(givenIn(config, terminal), null, 2)}\n`, {
      mode: 0o600,
    });
    await rename(`${file}.new`, file);
  } catch {
    // Then the commands that want to know fall back on what the directory holds.
  }
}

/** The settings of a configuration that differ from their defaults; paths are absolute. */
export function givenIn(config: NodeConfig, terminal: Terminal): GivenSettings {
  const { homeDirectory, hostName } = terminal;
  const context = { homeDirectory: homeDirectory ?? path.sep, hostName, known: config };
  const isDefault = (name: SettingName) =>
    // The engine is said even so: a line that names it reads better.
    name !== "consensus" && isDeepStrictEqual(config[name], nodeSettings[name].default(context));
  const given = settingNames.filter((name) => !leftOut.includes(name) && !isDefault(name));
  return Object.fromEntries(
    given.map((name) => {
      const value = config[name];
      return [name, paths.includes(name) && typeof value === "string" ? absolute(value) : value];
    }),
  );
}

function absolute(value: string): string {
  if (!isDatabaseTarget(value)) return path.resolve(value);
  return value.startsWith("@") ? `@${path.resolve(value.slice(1))}` : value;
}

/** What the node of a directory was started with last; undefined if that is not known. */
export async function lastStart(dataDir: string): Promise<GivenSettings | undefined> {
  const file = path.join(dataDir, fileName);
  try {
    if ((await stat(file)).size > fileBytesMax) return undefined;
    const stored = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
    // A later version may know settings that this one does not.
    return Object.fromEntries(Object.entries(stored).filter(([name]) => isSetting(name)));
  } catch {
    return undefined;
  }
}

function isSetting(name: string): boolean {
  return (settingNames as readonly string[]).includes(name);
}

/**
 * The command line that starts the node of a directory: as it was started last, else as its chain needs it.
 *
 * @param dataDir as the operator writes it
 */
export async function startCommandOf(dataDir: string): Promise<string> {
  const given = (await lastStart(dataDir)) ?? (await neededBy(dataDir));
  return startCommandWith({ ...given, dataDir });
}

/** The command line of a node with these settings. */
export function startCommandWith(given: GivenSettings): string {
  const words = settingNames.flatMap((name) => wordsOf(name, given[name]));
  return ["aurex-node", ...words].join(" ");
}

function wordsOf(name: SettingName, value: unknown): string[] {
  const flag = flagOf(name);
  if (value === undefined || value === null) return [];
  if (value === true) return [flag];
  if (value === false) return [flag.replace("--", "--no-")];
  const values = Array.isArray(value) ? value : [value];
  return values.flatMap((one) => [flag, shellWord(String(one))]);
}

/** For a directory of which nobody noted how it was started. */
async function neededBy(dataDir: string): Promise<GivenSettings> {
  const spec = await pinnedChainSpec(dataDir).catch(() => undefined);
  if (!spec || spec.consensus === "pow") {
    const chain = spec && !(await isBuiltIn(spec.chainId)) ? dataDirectory(dataDir).chainSpec : undefined;
    return { consensus: "pow", mine: true, chain };
  }
  const own = await showKey(dataDir, nodeKeyName).catch(() => undefined);
  const isAuthority = spec.genesis.authorities.some((key) => addressOf(key) === own?.address);
  return { consensus: "poa", ...(isAuthority ? { authority: true } : {}) };
}

async function isBuiltIn(chainId: Uint8Array): Promise<boolean> {
  const { builtInSpec } = await import("../../node/node-options.ts");
  const { difficulty } = nodeSettings;
  const known = { consensus: "pow", chain: undefined } as NodeConfig;
  const digits = difficulty.default({ homeDirectory: "", known }) as number;
  return toHex((await builtInSpec(digits)).chainId) === toHex(chainId);
}
