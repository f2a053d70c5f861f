/** The flags of every command that signs and sends a transaction. */
import type { AurexCommand } from "./command.ts";
import { wholeNumber } from "./flag-values.ts";
import { addPassphraseFlag, type PassphraseFlags } from "./passphrase.ts";
import { type ApiFlags, addApiFlags, addJsonFlag, type JsonFlag } from "./shared-flags.ts";

export interface SigningFlags extends ApiFlags, JsonFlag, PassphraseFlags {
  readonly key: string;
  readonly fee?: string;
  readonly validUntil?: number;
  readonly wait?: boolean;
  /** Seconds. */
  readonly timeout: number;
  /** Of the account; without it the next free one is taken. */
  readonly sequence?: number;
  readonly yes?: boolean;
}

/** Of a command that makes a new transaction: it can also be prepared for another machine, which has the key. */
export interface MakingFlags extends Omit<SigningFlags, "key"> {
  readonly key?: string;
  /** File of the unsigned transaction. */
  readonly prepare?: string;
  /** Address. */
  readonly from?: string;
  /** Hex. */
  readonly chainId?: string;
}

const timeoutSecondsDefault = 60;
const keyFlag = ["--key <name>", 'key to sign with; "node" is the node\'s own'] as const;

/** The flags of a command that makes a new transaction. */
export function addSigningFlags(command: AurexCommand): AurexCommand {
  return addSendingFlags(command.option(...keyFlag))
    .option(
      "--sequence <number>",
      "the account's sequence for the transaction; a waiting transaction with this sequence is replaced (default: the next free sequence)",
      wholeNumber,
    )
    .option(
      "--prepare <file>",
      "write it unsigned into a file, for tx sign on the machine with the key; - is stdout",
    )
    .option("--from <address>", "with --prepare: who will sign, if the key is not here")
    .option(
      "--chain-id <hex>",
      "with --prepare, --sequence and --fee: the chain of the transaction, so that no node is asked",
    );
}

/** The flags of a command that signs and sends. */
export function addKeyFlags(command: AurexCommand): AurexCommand {
  return addSendingFlags(command.requiredOption(...keyFlag));
}

function addSendingFlags(command: AurexCommand): AurexCommand {
  const withKey = command
    .option("--fee <aur>", "fee in AUR (default: the chain's minimum, or what replacing takes)")
    .option("--valid-until <height>", "last block that may include it (default: no limit)", wholeNumber)
    .option("--yes", "do not ask before signing; without a terminal nobody is asked anyway")
    .option("--wait", "wait until it is committed")
    .option("--timeout <seconds>", "how long to wait", wholeNumber, timeoutSecondsDefault);
  return addJsonFlag(addApiFlags(addPassphraseFlag(withKey)));
}
