/** `aurex-node user`: names for keys. */
import { AurexCommand } from "./command.ts";
import { addSigningFlags, type MakingFlags } from "./signing-flags.ts";
import type { Terminal } from "./terminal.ts";

export function userCommand(terminal: Terminal): AurexCommand {
  const register = new AurexCommand("register", terminal)
    .summary("register a name for a key")
    .description(
      "Register a name for a key, so that others can send to the name. A key has one name, for good.",
    )
    .argument("<name>", "lower case, e.g. alice@example.com")
    .examples("aurex-node user register alice@example.com --key alice --wait")
    .runs(async (name: string, flags: MakingFlags) => {
      const { signAndSend } = await import("./send.ts");
      const { buildRegisterUser } = await import("../wallet/build-transaction.ts");
      await signAndSend(flags, terminal, (terms) => buildRegisterUser({ ...terms, name }));
    });
  const user = new AurexCommand("user", terminal)
    .description("Names for keys.")
    .examples("aurex-node user register bob@example.com --key bob");
  user.addCommand(addSigningFlags(register));
  return user;
}
