/** `aurex-node search`: what a text may mean. */
import { getSearch, type SearchHit } from "../api/search.ts";
import { AurexCommand } from "./command.ts";
import { type ApiFlags, addApiFlags, addJsonFlag, connect, type JsonFlag } from "./shared-flags.ts";
import { type Terminal, tableFor, writeJson } from "./terminal.ts";

export function searchCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("search", terminal)
    .description(
      "Search the chain of a running node: a height, a hash, the id of a transaction, an address, a public key, a name or a symbol. The first 4 characters are enough. Each result shows the command that prints it in full.",
    )
    .argument("<text>", "what to look for")
    .examples("aurex-node search alice", "aurex-node search 12 --json | jq '.items[].type'")
    .runs(async (text: string, flags: ApiFlags & JsonFlag) => {
      const client = await connect(flags, terminal);
      const answer = await client.call(getSearch, { query: { q: text } });
      if (flags.json) return writeJson(terminal, answer);
      if (answer.items.length === 0) {
        terminal.stderr.write(
          "Nothing on this chain begins like that; names and symbols are written as they were registered.\n",
        );
        return;
      }
      const rows = answer.items.map(rowOf);
      // Hashes are there to be copied.
      terminal.stdout.write(tableFor(terminal, ["what", "is", "command"], rows, true));
      if (answer.more) terminal.stderr.write("There are more hits: write more of the text.\n");
    });
  return addJsonFlag(addApiFlags(command));
}

function rowOf(hit: SearchHit): string[] {
  switch (hit.type) {
    case "block":
      return [
        `block ${hit.height}${hit.canonical ? "" : ", beside the chain"}`,
        hit.hash,
        `block ${hit.canonical ? hit.height : hit.hash}`,
      ];
    case "transaction":
      return [`transaction, ${hit.status}`, hit.id, `tx show ${hit.id}`];
    case "account":
      return [
        hit.name === null ? "account" : `account of ${hit.name}`,
        hit.address,
        `account ${hit.address}`,
      ];
    case "user":
      return [`user ${hit.name}`, hit.address, `account ${hit.name}`];
    case "asset":
      return [`asset ${hit.symbol}, ${hit.name}`, hit.assetId, `search ${hit.assetId}`];
  }
}
