/** The resolved configuration as text for `config show`; it is YAML, so it can be saved as a config file. */
import { stringify } from "yaml";
import type { ResolvedConfig } from "./node-config.ts";
import { nodeSettings, settingNames } from "./settings.ts";

/** One line per setting, those without a value as comments; `withSources` adds where each value came from. */
export function formatConfig(resolved: ResolvedConfig, withSources: boolean): string {
  const lines = settingNames.map((name) => {
    const { value, source } = resolved[name];
    const text =
      value === undefined ? "" : stringify(value, { collectionStyle: "flow", lineWidth: 0 }).trimEnd();
    const isComment = value === undefined || nodeSettings[name].notInFile;
    return { line: `${isComment ? "# " : ""}${name}: ${text}`.trimEnd(), source };
  });
  if (!withSources) return lines.map(({ line }) => `${line}\n`).join("");
  const width = Math.max(...lines.map(({ line }) => line.length));
  return lines.map(({ line, source }) => `${line.padEnd(width)}  # ${source}\n`).join("");
}
