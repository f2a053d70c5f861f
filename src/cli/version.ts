/** The version of this package, from its package.json, which lies beside src/ and dist/. */
import { readFileSync } from "node:fs";

/** Read when the program starts: an error report has to work when no file can be opened any more. */
const version = readVersion();

export function packageVersion(): string {
  return version;
}

function readVersion(): string {
  try {
    const file = new URL("../../package.json", import.meta.url);
    return String(JSON.parse(readFileSync(file, "utf8")).version);
  } catch {
    return "of an unknown version";
  }
}
