/** The flags of `init`: one for everything that a chain spec can say, and the spec that they give. */
import { randomBytes } from "node:crypto";
import { fromHex } from "../base/bytes.ts";
import { type ChainSpecJson, chainSpecFrom } from "../protocol/chain-spec-json.ts";
import type { ChainSpec } from "../protocol/genesis.ts";
import { addressOf, publicKeyOfAddress } from "../protocol/identity.ts";
import type { AurexCommand } from "./command.ts";
import { usageError } from "./failure.ts";
import { duration, numberFrom, oneOf } from "./flag-values.ts";

export interface SpecFlags extends Readonly<Record<string, unknown>> {
  readonly consensus: string;
  readonly authority?: readonly string[];
  readonly name: string;
  readonly allocation?: readonly string[];
  readonly admission?: string;
  readonly timestamp?: string;
  readonly salt?: string;
}

type SpecField = keyof ChainSpecJson;

interface SpecFlag {
  /** As commander takes it; its long name in camel case is the key of its value. */
  readonly flag: string;
  readonly field: SpecField;
  readonly help: string;
  /** Absent: the text as it is. */
  readonly read?: (text: string) => unknown;
}

const dayMs = 86_400_000;
const uint32Max = 2 ** 32 - 1;
const time = duration(1, 365 * dayMs);
const openLanWindowMs = 3_600_000;

/** The flags whose value is the field's value. */
const specFlags: readonly SpecFlag[] = [
  {
    flag: "--difficulty <digits>",
    field: "difficulty",
    help: "pow: leading zero hex digits of a hash, 1 to 4; the floor of the retarget (default: 2)",
    read: numberFrom(1, 4),
  },
  {
    flag: "--block-time <duration>",
    field: "targetBlockTimeMs",
    help: "pow: time from block to block that the retarget aims at (default: 5s)",
    read: time,
  },
  {
    flag: "--minimum-interval <duration>",
    field: "minimumIntervalMs",
    help: "pow: least time from a block to the next (default: 1s)",
    read: duration(0, dayMs),
  },
  {
    flag: "--retarget-half-life <duration>",
    field: "retargetHalfLifeMs",
    help: "pow: a schedule that is late by this much doubles the target (default: 10 block times)",
    read: time,
  },
  {
    flag: "--period <duration>",
    field: "periodMs",
    help: "poa: least time from a block to the next (default: 2s)",
    read: time,
  },
  {
    flag: "--step <duration>",
    field: "stepMs",
    help: "poa: out-of-turn delay: how much later each further authority may seal if the authority in turn does not (default: 1s)",
    read: time,
  },
  {
    flag: "--heartbeat <duration>",
    field: "heartbeatMs",
    help: "poa: time after which an empty block is sealed (default: 30s)",
    read: time,
  },
  {
    flag: "--admission <policy>",
    field: "admission",
    help: "poa: how further authorities are admitted: vote, open-lan or token (default: vote)",
    read: oneOf("vote", "open-lan", "token"),
  },
  {
    flag: "--join-window <duration>",
    field: "joinWindowMs",
    help: "poa, open-lan: how long the chain admits by itself, from now (default: 1h)",
    read: duration(0, 365 * dayMs),
  },
  { flag: "--minimum-fee <aur>", field: "minimumFee", help: "least fee of a transaction (default: 0)" },
  {
    flag: "--block-reward <aur>",
    field: "blockReward",
    help: "reward of a block, paid to its producer (default: 0)",
  },
  {
    flag: "--halving <blocks>",
    field: "halvingIntervalBlocks",
    help: "blocks after which the reward is halved, 0: never (default: 0)",
    read: numberFrom(0, uint32Max),
  },
  {
    flag: "--reward-maturity <blocks>",
    field: "rewardMaturityBlocks",
    help: "blocks after which a reward can be spent, 0 to 1024 (default: 0)",
    read: numberFrom(0, 1_024),
  },
  {
    flag: "--block-bytes <bytes>",
    field: "blockBytesMax",
    help: "largest block, 1024 to 1048576 bytes (default: 1048576)",
    read: numberFrom(1_024, 1_048_576),
  },
  {
    flag: "--block-transactions <count>",
    field: "blockTransactionsMax",
    help: "most transactions of a block, 1 to 8192 (default: 8192)",
    read: numberFrom(1, 8_192),
  },
  {
    flag: "--timestamp <time>",
    field: "timestamp",
    help: "the genesis time, e.g. 2026-01-01T00:00:00.000Z (default: now)",
  },
  {
    flag: "--salt <hex>",
    field: "salt",
    help: "64 hex digits that tell this chain from another with the same flags (default: random)",
  },
];

/** Adds every flag that a chain spec's fields have, in the order of the help. */
export function addSpecFlags(command: AurexCommand): AurexCommand {
  command
    .requiredOption("--consensus <engine>", "pow or poa")
    .option("--authority <keys...>", "poa: address or public key (64 hex digits) of each that may seal")
    .option("--name <name>", "name of the chain", "aurex")
    .option("--allocation <address=amount...>", "AUR that an account has from the beginning");
  for (const { flag, help, read } of specFlags) {
    if (read) command.option(flag, help, read);
    else command.option(flag, help);
  }
  return command;
}

/**
 * The spec that the flags of `init` describe.
 *
 * @throws OperatorError with exit code 2 and the flag that is wrong
 */
export function specFromFlags(flags: SpecFlags): ChainSpec {
  const spec = chainSpecFrom(specJsonOf(flags));
  if (spec.ok) return spec.value;
  const { field, reason } = spec.fault;
  throw usageError(
    `${flagOfField(field)} ${reason}`,
    "the chain spec cannot be made",
    "aurex-node init --help",
    spec.fault.code,
  );
}

function flagOfField(field: string): string {
  if (field === "authorities") return "--authority";
  if (field === "allocations") return "--allocation";
  const known = specFlags.find((candidate) => candidate.field === field)?.flag;
  return known === undefined ? field : nameOf(known);
}

/** `--block-time` of `--block-time <duration>`. */
function nameOf(flag: string): string {
  return flag.split(" ")[0] ?? flag;
}

function keyOf(flag: string): string {
  return nameOf(flag)
    .slice(2)
    .replace(/-([a-z])/g, (_all, letter: string) => letter.toUpperCase());
}

function specJsonOf(flags: SpecFlags): ChainSpecJson {
  const { consensus, admission, name } = flags;
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
      "aurex-node keys node --consensus poa prints the address of this machine's node",
    );
  }
  const given = specFlags.map(({ flag, field }) => [field, flags[keyOf(flag)]] as const);
  return {
    name,
    consensus,
    timestamp: new Date().toISOString(),
    salt: randomBytes(32).toString("hex"),
    ...(flags.authority ? { authorities: authoritiesOf(flags.authority) } : {}),
    // Without a window nobody would ever be admitted by this policy; a node that founds a network gives an hour, too.
    ...(admission === "open-lan" ? { joinWindowMs: openLanWindowMs } : {}),
    ...Object.fromEntries(given.filter(([, value]) => value !== undefined)),
    allocations: allocationsOf(flags.allocation ?? []),
  };
}

function authoritiesOf(texts: readonly string[]): string[] {
  const addresses = texts.map((key) => addressFrom(key, "--authority"));
  const twice = addresses.find((address, index) => addresses.indexOf(address) < index);
  if (twice === undefined) return addresses;
  throw usageError(
    `--authority names ${twice} twice`,
    "each authority has one vote",
    "leave one of them out",
  );
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
    "aurex-node keys node --consensus poa prints the address of this machine's node",
  );
}
