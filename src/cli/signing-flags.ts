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
}

const timeoutSecondsDefault = 60;

export function addSigningFlags(command: AurexCommand): AurexCommand {
  const withKey = command
    .requiredOption("--key <name>", 'key to sign with; "node" is the node\'s own')
    .option("--fee <aur>", "fee in AUR (default: the chain's minimum)")
    .option("--valid-until <height>", "last block that may include it (default: no limit)", wholeNumber)
    .option("--wait", "wait until it is committed")
    .option("--timeout <seconds>", "how long to wait", wholeNumber, timeoutSecondsDefault);
  return addJsonFlag(addApiFlags(addPassphraseFlag(withKey)));
}
