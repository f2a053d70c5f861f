/** `aurex-node tx outbox`: the signed transactions that are kept, and what became of them. */

import type { ApiClient } from "../client/api-client.ts";
import { ApiProblem, ApiUnreachable } from "../client/api-problem.ts";
import { OperatorError } from "../node/operator-error.ts";
import type { OutboxEntry } from "../wallet/outbox.ts";
import { AurexCommand } from "./command.ts";
import { usageError } from "./failure.ts";
import { withPlace } from "./place/follow-up.ts";
import { type ApiFlags, addApiFlags, addJsonFlag, type JsonFlag } from "./shared-flags.ts";
import { type Terminal, tableFor, writeJson, writeLine } from "./terminal.ts";

interface OutboxFlags extends ApiFlags, JsonFlag {
  readonly retry?: boolean;
  readonly forget?: string;
}

interface Shown {
  readonly key: string;
  readonly id: string;
  readonly sequence: number;
  readonly chainId: string;
  readonly signedAtMs: number;
  /** "unknown": no answer to it was heard; "accepted": a node has taken it; or what the node says of it now. */
  readonly state: string;
}

export function outboxCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("outbox", terminal)
    .summary("see signed transactions that are kept, and send them again")
    .description(
      "Show the signed transactions that are kept beside the keys. Each transaction is written to disk before it is sent, and the same bytes are sent again until a node has answered. If a node of the directory runs, the command asks it for their state.",
    )
    .option("--retry", "send the transactions without an answer again now")
    .option("--forget <id>", "give up a transaction: it is not sent again from here")
    .examples("aurex-node tx outbox", "aurex-node tx outbox --retry", "aurex-node tx outbox --forget ID")
    .runs(async (flags: OutboxFlags) => {
      if (flags.retry && flags.forget !== undefined) {
        throw usageError(
          "--retry does not go with --forget",
          "one sends, the other gives up",
          "leave one out",
        );
      }
      const { dataDir, client } = await placeAndNode(flags, terminal);
      if (flags.forget !== undefined) return forget(flags.forget, dataDir, flags, terminal);
      if (flags.retry) await retryAll(dataDir, client, terminal);
      const shown = await shownOf(dataDir, client);
      if (flags.json) return writeJson(terminal, { transactions: shown });
      if (shown.length === 0) return writeLine(terminal, "The outbox is empty.");
      const rows = shown.map(({ key, sequence, id, state }) => [key, String(sequence), state, id]);
      const columns = [
        "key",
        { title: "sequence", right: true },
        "state",
        { title: "id", cut: "middle", widthMin: 16 },
      ] as const;
      terminal.stdout.write(tableFor(terminal, columns, rows, !terminal.isTerminal));
    });
  return addJsonFlag(addApiFlags(command));
}

/** The directory whether its node runs or not, and the node if it does. */
async function placeAndNode(
  flags: OutboxFlags,
  terminal: Terminal,
): Promise<{ readonly dataDir: string; readonly client: ApiClient | undefined }> {
  const { connectWithFiles } = await import("./place/answering-node.ts");
  const { existingPlace } = await import("./place/node-place.ts");
  try {
    return await connectWithFiles(flags, terminal);
  } catch (thrown) {
    const isAbsent = thrown instanceof OperatorError || thrown instanceof ApiUnreachable;
    if (!isAbsent || flags.retry || flags.api !== undefined) throw thrown;
    const { dataDir } = await existingPlace(flags, terminal);
    return { dataDir, client: undefined };
  }
}

async function keysWithOutbox(dataDir: string) {
  const { listKeys } = await import("../wallet/keystore.ts");
  const { hasOutbox } = await import("../wallet/outbox.ts");
  const { keys } = await listKeys(dataDir);
  const has = await Promise.all(keys.map(({ address }) => hasOutbox(dataDir, address)));
  return keys.filter((_, index) => has[index]);
}

async function shownOf(dataDir: string, client: ApiClient | undefined): Promise<Shown[]> {
  const { openOutbox } = await import("../wallet/outbox.ts");
  const shown: Shown[] = [];
  for (const { name, address } of await keysWithOutbox(dataDir)) {
    const outbox = await openOutbox(dataDir, address);
    const entries = outbox.entries();
    outbox.close();
    for (const entry of entries) {
      const { id, sequence, chainId, signedAtMs } = entry;
      shown.push({ key: name, id, sequence, chainId, signedAtMs, state: await stateOf(entry, client) });
    }
  }
  return shown;
}

async function stateOf({ id, state }: OutboxEntry, client: ApiClient | undefined): Promise<string> {
  const own = state === "unsent" ? "unknown" : "accepted";
  try {
    return client === undefined ? own : (await client.transaction(id)).status;
  } catch (thrown) {
    if (thrown instanceof ApiProblem) return own;
    throw thrown;
  }
}

async function retryAll(dataDir: string, client: ApiClient | undefined, terminal: Terminal): Promise<void> {
  if (client === undefined) return;
  const { fromHex } = await import("../base/bytes.ts");
  const { retryUnsent, sayRetried } = await import("./delivery.ts");
  const { openOutbox } = await import("../wallet/outbox.ts");
  const chainId = fromHex((await client.node()).chainId, 32);
  if (!chainId) throw new Error("the node's chain id has no 32 bytes");
  for (const { address } of await keysWithOutbox(dataDir)) {
    const outbox = await openOutbox(dataDir, address);
    try {
      for (const retried of await retryUnsent(outbox, { client, chainId })) sayRetried(retried, terminal);
    } finally {
      outbox.close();
    }
  }
}

async function forget(id: string, dataDir: string, flags: OutboxFlags, terminal: Terminal): Promise<void> {
  const { openOutbox } = await import("../wallet/outbox.ts");
  for (const { address } of await keysWithOutbox(dataDir)) {
    const outbox = await openOutbox(dataDir, address);
    try {
      const entry = outbox.entries().find((kept) => kept.id === id.toLowerCase());
      if (!entry) continue;
      outbox.forget(entry.id);
      if (flags.json) return writeJson(terminal, { id: entry.id, status: "forgotten" });
      writeLine(terminal, `${entry.id} is forgotten.`);
      const look = withPlace(`aurex-node tx show ${entry.id}`, flags);
      terminal.stderr.write(`If it was sent before, a block may take it all the same: ${look}\n`);
      return;
    } finally {
      outbox.close();
    }
  }
  throw usageError(
    `there is no transaction ${id} in the outbox`,
    "it was never signed here, or is settled and forgotten",
    "see which there are: aurex-node tx outbox",
    "cli/not-in-outbox",
  );
}
