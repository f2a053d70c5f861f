/** A process that keeps one transaction in an outbox, says so, and has the outbox open until it is killed. */
import { openOutbox } from "../../src/wallet/outbox.ts";

const [dataDir, address] = process.argv.slice(2) as [string, string];
const outbox = await openOutbox(dataDir, address);
const kept = { id: "kept by the other", chainId: "11".repeat(32), sequence: 0, bytes: Uint8Array.of(1) };
outbox.keep({ ...kept, replace: false, signedAtMs: 1 });
process.stdout.write("kept\n");
setInterval(() => {}, 60_000);
