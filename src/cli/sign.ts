/** `aurex-node tx sign` and `tx broadcast`: a transaction is signed on one machine and sent from another. */
import { AurexCommand } from "./command.ts";
import { wholeNumber } from "./flag-values.ts";
import { addPassphraseFlag } from "./passphrase.ts";
import { addApiFlags, addJsonFlag } from "./shared-flags.ts";
import type { BroadcastFlags, SignFlags } from "./sign-file.ts";
import type { Terminal } from "./terminal.ts";

export function signCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("sign", terminal)
    .summary("sign a prepared transaction")
    .description(
      "Sign a transaction that --prepare has written, and write the signed one. With --offline no node is asked: the file holds everything. Without --offline the node is asked whether the file is for its chain and has the next sequence.",
    )
    .argument("<file>", "the prepared transaction; - is stdin")
    .requiredOption("--key <name>", "key to sign with")
    .option("--offline", "ask no node")
    .option("--out <file>", "file to write, which must not be there yet; - is stdout", "-")
    .option("--sequence <number>", "another sequence than the file's", wholeNumber)
    .option("--fee <aur>", "another fee than the file's, in AUR")
    .option("--valid-until <height>", "another last block that may include it; 0 is no limit", wholeNumber)
    .option("--yes", "do not ask before signing; without a terminal nobody is asked anyway")
    .examples(
      "aurex-node tx sign unsigned.json --key alice --offline --out signed.json",
      "aurex-node tx sign unsigned.json --key alice --sequence 8 --fee 0.1 --offline > signed-8.json",
    )
    .runs(async (file: string, flags: SignFlags) => {
      const { signFile } = await import("./sign-file.ts");
      await signFile(file, flags, terminal);
    });
  return addJsonFlag(addApiFlags(addPassphraseFlag(command)));
}

export function broadcastCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("broadcast", terminal)
    .summary("send a signed transaction")
    .description(
      "Send a transaction that tx sign has written. Sending it again does no harm: it is the same transaction, and it is executed once.",
    )
    .argument("<file>", "the signed transaction; - is stdin")
    .option("--wait", "wait until it is committed")
    .option("--timeout <seconds>", "how long to wait", wholeNumber, 60)
    .examples("aurex-node tx broadcast signed.json", "aurex-node tx broadcast signed.json --wait")
    .runs(async (file: string, flags: BroadcastFlags) => {
      const { broadcastFile } = await import("./sign-file.ts");
      await broadcastFile(file, flags, terminal);
    });
  return addJsonFlag(addApiFlags(command));
}
