/** The worker that makes a key of a passphrase, so that the page stays usable meanwhile. One order, one answer, and it ends. */
import { blockingStretch } from "../../client/index.ts";
import type { StretchOrder, StretchReport } from "./stretch-messages.ts";

const say = (report: StretchReport) => globalThis.postMessage(report);

globalThis.addEventListener("message", async ({ data }: MessageEvent<StretchOrder>) => {
  const stretch = blockingStretch((share) => say({ kind: "progress", share }));
  try {
    const { secret, salt } = data;
    const key =
      data.kind === "scrypt"
        ? await stretch.scrypt(secret, salt, data.cost)
        : await stretch.pbkdf2(secret, salt, data.count);
    say({ kind: "done", key });
  } catch (thrown) {
    say({ kind: "failed", reason: thrown instanceof Error ? thrown.message : String(thrown) });
  }
});
