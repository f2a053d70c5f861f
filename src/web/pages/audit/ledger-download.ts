/** Downloads the SQL ledger piece by piece, and computes its checksum on the way: a page on plain HTTP has no `crypto.subtle`. */
import { sha256 } from "@noble/hashes/sha2.js";
import { getExport } from "../../../api/export.ts";
import { type ApiClient, toHex } from "../../../client/index.ts";

export interface DownloadProgress {
  readonly bytes: number;
  /** Null if the node did not say how much will come. */
  readonly totalBytes: number | null;
}

export interface DownloadedLedger {
  readonly file: Blob;
  readonly fileName: string;
  readonly bytes: number;
  readonly sha256: string;
  /** The last block that is in it, as the node says. */
  readonly height: number;
  readonly hash: string;
}

/** A larger file is better written straight to the disk: see {@link LedgerTooLarge}. */
export const checkedBytesMax = 1024 * 1024 * 1024;
/** Pieces are handed to the browser in lots, which it may put on its disk. */
const lotBytes = 16 * 1024 * 1024;

export class LedgerTooLarge extends Error {
  override name = "LedgerTooLarge";
}

/**
 * @param progress told after each piece
 * @throws LedgerTooLarge, what the client throws if the node refuses, the signal's reason
 */
export async function downloadLedger(
  api: ApiClient,
  signal: AbortSignal,
  progress: (progress: DownloadProgress) => void,
): Promise<DownloadedLedger> {
  const response = await api.open(getExport, {}, { signal });
  const { headers, body } = response;
  if (!body) throw new Error("the node's answer has no content");
  const said = headers.get("content-length");
  const totalBytes = said === null ? null : Number(said);
  if (totalBytes !== null && totalBytes > checkedBytesMax) {
    await body.cancel();
    throw new LedgerTooLarge(`the ledger has ${totalBytes} bytes`);
  }
  const hash = sha256.create();
  const lots: Blob[] = [];
  let lot: Uint8Array<ArrayBuffer>[] = [];
  let inLot = 0;
  let bytes = 0;
  for (const reader = body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    hash.update(value);
    lot.push(value);
    inLot += value.length;
    bytes += value.length;
    if (inLot >= lotBytes) {
      lots.push(new Blob(lot));
      lot = [];
      inLot = 0;
    }
    progress({ bytes, totalBytes });
  }
  if (totalBytes !== null && bytes !== totalBytes) {
    throw new Error(`the download ended after ${bytes} of ${totalBytes} bytes; download it again`);
  }
  const height = Number(headers.get("aurex-ledger-height"));
  return {
    file: new Blob([...lots, ...lot], { type: "application/vnd.sqlite3" }),
    fileName: `aurex-${height}.sqlite`,
    bytes,
    sha256: toHex(hash.digest()),
    height,
    hash: headers.get("aurex-ledger-hash") ?? "",
  };
}
