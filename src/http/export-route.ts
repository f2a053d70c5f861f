/** The route that sends the SQL ledger. */
import type { FastifyInstance } from "fastify";
import { getExport, sqliteMedia } from "../api/export.ts";
import { ApiError } from "./api-error.ts";
import { type DownloadedLedger, LedgerDownloads } from "./ledger-downloads.ts";
import { serveStream } from "./serve-route.ts";

/** A reader that takes nothing for so long is cut off, so that its copy does not keep the disk. */
const stalledMs = 60_000;

/** @param ledger undefined if the node writes none */
export function addExportRoute(app: FastifyInstance, ledger: DownloadedLedger | undefined): void {
  const downloads = ledger && new LedgerDownloads(ledger);
  serveStream(app, getExport, async ({ request, reply }) => {
    if (!downloads) {
      throw new ApiError(
        409,
        "export/not-configured",
        "this node writes no SQL ledger",
        "start it with --export FILE; or with the node stopped: aurex-node export --out FILE",
      );
    }
    const gone = new AbortController();
    reply.raw.once("close", () => gone.abort());
    const { stream, bytes, chain } = await downloads.open(request.ip, gone.signal);
    if (gone.signal.aborted) {
      stream.destroy();
      return;
    }
    const { socket } = request.raw;
    const cutOff = () => socket.destroy();
    socket.setTimeout(stalledMs, cutOff);
    reply.raw.once("close", () => {
      socket.off("timeout", cutOff);
      stream.destroy();
    });
    reply
      .headers({
        "content-type": sqliteMedia,
        "content-length": bytes,
        "content-disposition": `attachment; filename="aurex-${chain.height}.sqlite"`,
        "aurex-ledger-height": String(chain.height),
        "aurex-ledger-hash": chain.hash,
      })
      .send(stream);
  });
}
