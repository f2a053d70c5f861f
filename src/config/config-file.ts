/** The text of a node's YAML file as settings, each with the line that it stands on. */
import { isMap, isNode, isScalar, LineCounter, parseDocument } from "yaml";
import { fail, ok, type Result } from "../base/result.ts";
import type { ConfigFault } from "./node-config.ts";

export interface FileEntry {
  readonly key: string;
  /** Text as it stands there, or a list of texts: 007 stays 007, and no word is a number, a date or a switch. */
  readonly value: unknown;
  /** From 1. */
  readonly line: number;
}

/**
 * The entries of a config file, in its order; an empty file has none.
 * Faults: `config/file-invalid` for text that is not YAML, a key given twice, a key without a value, or anything but
 * `key: value` lines.
 */
export function parseConfigFile(text: string, file: string): Result<FileEntry[], ConfigFault[]> {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false, schema: "failsafe" });
  const lineAt = (offset: number | undefined) => lineCounter.linePos(offset ?? 0).line;
  const invalid = (line: number, why: string): ConfigFault => ({
    code: "config/file-invalid",
    file,
    line,
    message: `${file}:${line} cannot be read as settings`,
    why,
    next: `mend line ${line}, then run: aurex-node config show --config ${file}`,
  });
  if (document.errors.length > 0) {
    return fail(document.errors.map((error) => invalid(lineAt(error.pos[0]), error.message)));
  }
  // "---" alone is a document that holds nothing.
  if (document.contents === null || isAbsent(document.contents)) return ok([]);
  if (!isMap(document.contents)) {
    return fail([
      invalid(lineAt(document.contents.range?.[0]), 'a config file has lines of the form "key: value"'),
    ]);
  }
  const entries: FileEntry[] = [];
  for (const { key, value } of document.contents.items) {
    const line = lineAt(isScalar(key) ? key.range?.[0] : document.contents.range?.[0]);
    if (!isScalar(key) || typeof key.value !== "string") return fail([invalid(line, "a key is a word")]);
    if (isAbsent(value)) {
      const why = `"${key.value}" has no value; to mean the text, write it in quotes`;
      return fail([invalid(line, why)]);
    }
    entries.push({ key: key.value, value: isNode(value) ? value.toJS(document) : value, line });
  }
  return ok(entries);
}

/** Nothing, or one of YAML's words for nothing, not in quotes. */
function isAbsent(value: unknown): boolean {
  if (value === null) return true;
  return isScalar(value) && value.type === "PLAIN" && /^(?:|~|null|Null|NULL)$/.test(String(value.value));
}
