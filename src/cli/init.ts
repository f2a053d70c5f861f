/** `aurex-node init`: writes the chain spec of a new chain. */
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { fromHex, toHex } from "../base/bytes.ts";
import { toError } from "../base/invariant.ts";
import { type ChainSpecJson, chainSpecFrom, chainSpecToJson } from "../protocol/chain-spec-json.ts";
import { addressOf, publicKeyOfAddress } from "../protocol/identity.ts";
import { AurexCommand } from "./command.ts";
import { usageError } from "./failure.ts";
import { fieldList } from "./field-list.ts";
import { numberFrom } from "./flag-values.ts";
import { addJsonFlag, type JsonFlag } from "./shared-flags.ts";
import { type Terminal, writeJson } from "./terminal.ts";

interface InitFlags extends JsonFlag {
  readonly consensus: string;
  readonly authority?: readonly string[];
  readonly out: string;
  readonly name: string;
  readonly allocation?: readonly string[];
  readonly difficulty?: number;
  readonly minimumFee?: string;
  readonly blockReward?: string;
}

export function initCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("init", terminal)
    .description(
      "Write the chain spec of a new chain. All nodes of the chain start with the same file; its hash is the chain's id.",
    )
    .requiredOption("--consensus <engine>", "pow or poa")
    .requiredOption("--out <spec.json>", "file to write; one that is there is left alone")
    .option("--authority <keys...>", "poa: address or public key (64 hex digits) of each that may seal")
    .option("--name <name>", "name of the chain", "aurex")
    .option("--allocation <address=amount...>", "AUR that an account has from the beginning")
    .option("--difficulty <digits>", "pow: leading zero hex digits of a hash, 1 to 4", numberFrom(1, 4))
    .option("--minimum-fee <aur>", "least fee of a transaction")
    .option("--block-reward <aur>", "what the producer of a block gets")
    .examples(
      "aurex-node init --consensus poa --authority aurex1… aurex1… --allocation aurex1…=1000 --out chain.json",
      "aurex-node init --consensus pow --difficulty 3 --out chain.json",
      "aurex-node keys node    prints the address of this machine's node",
    )
    .runs(async (flags: InitFlags) => {
      const spec = chainSpecFrom(specJsonOf(flags));
      if (!spec.ok) {
        const { field, reason } = spec.fault;
        throw usageError(
          `${field} ${reason}`,
          "the chain spec cannot be made",
          "aurex-node init --help",
          spec.fault.code,
        );
      }
      await writeNewFile(flags.out, chainSpecToJson(spec.value));
      const { name, consensus, chainId, genesis } = spec.value;
      const authorities = genesis.authorities.map(addressOf);
      const answer = { file: flags.out, name, consensus, chainId: toHex(chainId), authorities };
      if (flags.json) return writeJson(terminal, answer);
      const start = `aurex-node --consensus ${consensus} --chain ${flags.out} ${consensus === "poa" ? "--authority" : "--mine"}`;
      terminal.stdout.write(
        fieldList({ ...answer, authorities: authorities.join(", ") || undefined, next: start }),
      );
    });
  return addJsonFlag(command);
}

function specJsonOf(flags: InitFlags): ChainSpecJson {
  const { consensus, difficulty, minimumFee, blockReward } = flags;
  if (consensus !== "pow" && consensus !== "poa") {
    throw usageError(
      `--consensus ${consensus} is not known`,
      "it must be pow or poa",
      "aurex-node init --help",
    );
  }
  if (consensus === "poa" && !flags.authority) {
    throw usageError(
      "a Proof of Authority chain needs --authority",
      "without an authority nobody could seal a block",
      "aurex-node keys node prints the address of this machine's node",
    );
  }
  return {
    name: flags.name,
    consensus,
    timestamp: new Date().toISOString(),
    salt: randomBytes(32).toString("hex"),
    ...(flags.authority
      ? { authorities: flags.authority.map((key) => addressFrom(key, "--authority")) }
      : {}),
    ...(difficulty === undefined ? {} : { difficulty }),
    ...(minimumFee === undefined ? {} : { minimumFee }),
    ...(blockReward === undefined ? {} : { blockReward }),
    allocations: allocationsOf(flags.allocation ?? []),
  };
}

function allocationsOf(texts: readonly string[]): Record<string, string> {
  const allocations = new Map<string, string>();
  for (const text of texts) {
    const [key = "", amount, ...more] = text.split("=");
    if (amount === undefined || more.length > 0) {
      throw usageError(
        `--allocation ${text} is no allocation`,
        "it must be an address, = and an amount",
        "write for example --allocation aurex1…=1000",
      );
    }
    const address = addressFrom(key, "--allocation");
    if (allocations.has(address)) {
      throw usageError(
        `--allocation names ${address} twice`,
        "each account has one",
        "leave one of them out",
      );
    }
    allocations.set(address, amount);
  }
  return Object.fromEntries(allocations);
}

function addressFrom(text: string, flag: string): string {
  const key = fromHex(text, 32) ?? publicKeyOfAddress(text);
  if (key) return addressOf(key);
  throw usageError(
    `${flag} ${text} is no key`,
    "it must be an address (aurex1…) or a public key of 64 hex digits",
    "aurex-node keys node prints the address of this machine's node",
  );
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
