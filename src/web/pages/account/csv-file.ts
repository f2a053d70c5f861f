/** The whole history of an account as one CSV file, made in the browser page by page. */
import {
  type ApiClient,
  ApiProblem,
  historyCsvHeader,
  historyCsvLines,
  historyParts,
} from "../../../client/index.ts";

export interface CsvProgress {
  readonly items: number;
  /** Of the whole history, as the node said last. */
  readonly of: number;
}

export interface CsvOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: CsvProgress) => void;
}

/** A reorganization during a download begins it anew; a chain that is reorganized all the time is no file. */
const triesMax = 5;

/**
 * Reads all of the history, the oldest item first, so that blocks that come meanwhile only add lines.
 *
 * @throws ApiProblem, ApiUnreachable or the signal's reason
 */
export async function accountCsv(
  api: Pick<ApiClient, "call">,
  account: string,
  { signal, onProgress }: CsvOptions,
): Promise<Blob> {
  for (let tries = 1; ; tries += 1) {
    try {
      const pieces: string[] = [historyCsvHeader];
      let items = 0;
      for await (const part of historyParts(api, account, { order: "oldest", signal })) {
        pieces.push(part.items.map(historyCsvLines).join(""));
        items += part.items.length;
        onProgress({ items, of: Math.max(items, part.itemCount) });
      }
      return new Blob(pieces, { type: "text/csv;charset=utf-8" });
    } catch (thrown) {
      const isUndone = thrown instanceof ApiProblem && thrown.code === "api/cursor-undone";
      if (!isUndone || tries === triesMax) throw thrown;
    }
  }
}

/** A name that every file system takes: letters of the reference, and nothing that leads elsewhere. */
export function csvFileName(account: string): string {
  return `aurex-${account.replace(/[^a-z0-9@.-]/gi, "_").slice(0, 80)}.csv`;
}
