/** Reads the config file, where one is named, and resolves the configuration: the only disk access of this room. */
import { readFileSync, statSync } from "node:fs";
import { toError } from "../base/invariant.ts";
import { fail, type Result } from "../base/result.ts";
import { textOf } from "../base/text-file.ts";
import type { ConfigFault, ResolvedConfig } from "./node-config.ts";
import { type ConfigInput, configFileOf, resolveNodeConfig } from "./resolve.ts";

const fileBytesMax = 1024 * 1024;

/**
 * The configuration of the process that runs: {@link resolveNodeConfig} over the file that `--config` or
 * `AUREX_CONFIG` names. Faults: those of the resolution, and `config/file-unreadable`.
 */
export function loadNodeConfig(
  input: Pick<ConfigInput, "flags" | "environment" | "homeDirectory" | "hostName">,
): Result<ResolvedConfig, ConfigFault[]> {
  const filePath = configFileOf(input);
  if (filePath === undefined) return resolveNodeConfig(input);
  try {
    const sizeBytes = statSync(filePath).size;
    if (sizeBytes > fileBytesMax) throw new Error(`it has ${sizeBytes} bytes, the most is ${fileBytesMax}`);
    const fileText = textOf(readFileSync(filePath));
    if (!fileText.ok) throw new Error(fileText.fault);
    return resolveNodeConfig({ ...input, filePath, fileText: fileText.value });
  } catch (thrown) {
    const fault: ConfigFault = {
      code: "config/file-unreadable",
      file: filePath,
      message: `config file ${filePath} cannot be read`,
      why: toError(thrown).message,
      next: `check the path, then run: ls -l ${filePath}`,
    };
    return fail([fault]);
  }
}
