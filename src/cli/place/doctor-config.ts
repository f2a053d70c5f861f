/** The settings that `doctor` checks: those that the node was started with, and the flags over them. */
import type { NodeConfig, ResolvedConfig, SettingName } from "../../config/node-config.ts";
import { loadConfig, loadPlainConfig } from "../load-config.ts";
import type { Terminal } from "../terminal.ts";
import { examinedPlace, namesNode } from "./node-place.ts";
import { lastStart } from "./started-with.ts";

/**
 * The configuration of the node that flags, variables or the config file name, else of the only one that runs or
 * exists, else of a first start.
 *
 * @throws OperatorError with exit code 2 if several nodes run or exist and none is named
 */
export async function doctorConfig(
  flags: Readonly<Record<string, unknown>>,
  terminal: Terminal,
): Promise<NodeConfig> {
  const given = await loadConfig(flags, terminal);
  const dataDir = namesNode(given) ? given.dataDir.value : await examinedPlace(terminal);
  if (dataDir === undefined) return loadPlainConfig(flags, terminal);
  const started = Object.entries((await lastStart(dataDir)) ?? {});
  const unsaid = started.filter(([name]) => isDefault(given, name as SettingName));
  return loadPlainConfig({ ...Object.fromEntries(unsaid), ...withoutUndefined(flags), dataDir }, terminal);
}

function isDefault(config: ResolvedConfig, name: SettingName): boolean {
  return config[name].source === "default";
}

function withoutUndefined(flags: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
}
