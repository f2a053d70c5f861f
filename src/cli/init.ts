/** `aurex-node init`: writes the chain spec of a new chain, and says how its nodes are started. */
import { writeFile } from "node:fs/promises";
import { toHex } from "../base/bytes.ts";
import { toError } from "../base/invariant.ts";
import { chainSpecToJson } from "../protocol/chain-spec-json.ts";
import { addressOf } from "../protocol/identity.ts";
import { AurexCommand } from "./command.ts";
import { usageError } from "./failure.ts";
import { fieldList } from "./field-list.ts";
import { addSpecFlags, type SpecFlags, specFromFlags } from "./init-spec.ts";
import { addJsonFlag, type JsonFlag } from "./shared-flags.ts";
import { type Terminal, writeJson } from "./terminal.ts";

interface InitFlags extends SpecFlags, JsonFlag {
  readonly out: string;
}

export function initCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("init", terminal)
    .description(
      "Write the chain spec of a new chain, and print the commands that start its nodes. All nodes of the chain start with the same file; its hash is the chain's id. Durations are written as 500ms, 2s, 10m, 1h or 1d.",
    )
    .requiredOption("--out <spec.json>", "file to write; one that is there is left alone")
    .examples(
      "aurex-node keys node --consensus poa --address # prints the address of this machine's node",
      "aurex-node init --consensus poa --authority aurex1… aurex1… --allocation aurex1…=1000 --out chain.json",
      "aurex-node init --consensus poa --authority aurex1… --period 1s --block-reward 5 --out fast.json",
      "aurex-node init --consensus pow --difficulty 3 --block-time 10s --block-reward 50 --halving 210000 --out work.json",
    )
    .runs(async (flags: InitFlags) => {
      const spec = specFromFlags(flags);
      await writeNewFile(flags.out, chainSpecToJson(spec));
      const { nextSteps } = await import("./init-next.ts");
      const { name, consensus, chainId, genesis } = spec;
      const { here, elsewhere, notes } = await nextSteps(spec, flags.out, terminal);
      const authorities = genesis.authorities.map(addressOf);
      const answer = { file: flags.out, name, consensus, chainId: toHex(chainId), authorities };
      if (flags.json) return writeJson(terminal, { ...answer, next: here, notes });
      // Commands are never broken into lines: people copy them.
      terminal.stdout.write(fieldList({ ...answer, next: here, "other machines": elsewhere, note: notes }));
    });
  return addJsonFlag(addSpecFlags(command));
}

/** A spec that nodes may run already must not change under them. */
async function writeNewFile(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: "wx" });
  } catch (thrown) {
    const exists = (thrown as NodeJS.ErrnoException).code === "EEXIST";
    const why = exists
      ? "it is there already, and a chain spec is never overwritten"
      : toError(thrown).message;
    throw usageError(`${file} cannot be written`, why, "name another file with --out");
  }
}
