/** `aurex-node account`: what an account has, and what it has waiting. */
import type { AccountAnswer } from "../api/accounts.ts";
import type { ApiClient } from "../client/api-client.ts";
import { ApiProblem } from "../client/api-problem.ts";
import { type HistoryFlags, showHistory } from "./account-history.ts";
import { AurexCommand } from "./command.ts";
import { usageError } from "./failure.ts";
import { fieldList } from "./field-list.ts";
import { numberFrom } from "./flag-values.ts";
import { type ApiFlags, addApiFlags, addJsonFlag, connect, type JsonFlag } from "./shared-flags.ts";
import { type Terminal, tableFor, writeJson } from "./terminal.ts";
import { addWideFlag, type WideFlag } from "./wide-flag.ts";

type Flags = ApiFlags & JsonFlag & WideFlag & HistoryFlags & { readonly history?: boolean };

export function accountCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("account", terminal)
    .description(
      "Show an account: its balance, the sequence of its next transaction, and its assets; with --history also its history. Without an argument, the account of the node is shown.",
    )
    .argument(
      "[account]",
      "an address, a registered name, a public key of 64 hex digits, or the name of a key in the data directory",
    )
    .option("--history", "its history: the newest 20 items, each with the balance after it")
    .option("--csv", "with --history: all of it as CSV for a spreadsheet, the oldest first")
    .option("--limit <count>", "with --history: how many items", numberFrom(1, 1_000_000_000))
    .examples(
      "aurex-node account",
      "aurex-node account alice@example.com",
      "aurex-node account aurex1… --json | jq -r .balance",
      "aurex-node account alice@example.com --history",
      "aurex-node account alice@example.com --history --csv > alice.csv",
    )
    .runs(async (reference: string | undefined, flags: Flags) => {
      checkHistoryFlags(flags);
      const client = await connect(flags, terminal);
      const answer =
        reference === undefined
          ? await client.account((await client.node()).address)
          : await accountOf(reference, client, flags, terminal);
      if (flags.history) await showHistory(answer.address, flags, client, terminal);
      else if (flags.json) writeJson(terminal, answer);
      else terminal.stdout.write(accountText(answer, terminal, flags.wide));
    });
  return addJsonFlag(addWideFlag(addApiFlags(command)));
}

function checkHistoryFlags({ history, csv, json, limit }: Flags): void {
  const astray = csv ? "--csv" : "--limit";
  if (!history && (csv || limit !== undefined)) {
    throw usageError(
      `${astray} belongs to --history`,
      "the account by itself is no list",
      `add --history, or leave ${astray} out`,
    );
  }
  if (csv && json) {
    throw usageError("--csv and --json exclude each other", "one call writes one form", "call it twice");
  }
}

/** The ledger's names come first: a key's name is only this directory's. */
async function accountOf(
  reference: string,
  client: ApiClient,
  flags: Flags,
  terminal: Terminal,
): Promise<AccountAnswer> {
  try {
    return await client.account(reference);
  } catch (thrown) {
    if (!(thrown instanceof ApiProblem) || thrown.status !== 404) throw thrown;
    const address = await addressOfKey(reference, flags, terminal);
    if (address === undefined) throw thrown;
    return client.account(address);
  }
}

async function addressOfKey(name: string, flags: Flags, terminal: Terminal): Promise<string | undefined> {
  const { listKeys } = await import("../wallet/keystore.ts");
  const { directoryBeside } = await import("./place/answering-node.ts");
  const dataDir = await directoryBeside(flags, terminal);
  if (dataDir === undefined) return undefined;
  const { keys } = await listKeys(dataDir);
  return keys.find((key) => key.name === name)?.address;
}

/** E.g. " (+30 pending)". */
function pendingText({ balances }: AccountAnswer): string {
  const { pendingIn, pendingInUnits, pendingOut, pendingOutUnits } = balances;
  const parts = [
    ...(pendingInUnits === "0" ? [] : [`+${pendingIn}`]),
    ...(pendingOutUnits === "0" ? [] : [`-${pendingOut}`]),
  ];
  return parts.length === 0 ? "" : ` (${parts.join(", ")} pending)`;
}

function accountText(account: AccountAnswer, terminal: Terminal, wide = false): string {
  const { assets, assetCount, sequence, pendingSequence, immatureUnits } = account;
  const waiting = pendingSequence - sequence;
  const fields = fieldList(
    {
      address: account.address,
      name: account.name,
      "public key": account.publicKey,
      balance: `${account.balance} AUR${pendingText(account)}`,
      spendable: account.balances.pendingOutUnits === "0" ? undefined : `${account.balances.spendable} AUR`,
      immature: immatureUnits === "0" ? undefined : `${account.immature} AUR, not to be spent yet`,
      sequence,
      waiting:
        waiting === 0
          ? undefined
          : `${waiting} ${waiting === 1 ? "transaction" : "transactions"}; the next sequence is ${pendingSequence}`,
      assets: assetCount === 0 ? undefined : assetCount,
    },
    terminal.columns,
  );
  if (assets.length === 0) return fields;
  const rows = assets.map(({ symbol, balance, assetId }) => [symbol, balance, assetId]);
  const columns = [
    { title: "symbol", cut: "end" } as const,
    { title: "balance", right: true },
    { title: "asset id", cut: "middle", widthMin: 16 } as const,
  ];
  return `${fields}\n${tableFor(terminal, columns, rows, wide)}`;
}
