/** The command that casts a node's vote, as it can be pasted into a shell on that node's machine. */
import { shellWord } from "../../../base/shell-word.ts";

/** @param dataDir names the node; undefined: whichever authority runs on the machine */
export function voteCommand(action: "add" | "remove", address: string, dataDir: string | undefined): string {
  const place = dataDir === undefined ? "" : ` --data-dir ${shellWord(dataDir)}`;
  return `aurex-node authority vote ${action} ${address}${place}`;
}
