/** Says in the log whose clock is off, once for each change of it: the offsets themselves change with every greeting. */
import { toHex } from "../../base/bytes.ts";
import type { Logger } from "../../base/logger.ts";
import { type ClockComparison, type ClockVerdict, describeClock } from "./clock-comparison.ts";

export interface ClockWatchOptions {
  /** What a clock that is off keeps this node from; undefined: nothing. */
  readonly keepsFrom: string | undefined;
}

export class ClockWatch {
  readonly #options: ClockWatchOptions;
  readonly #modules: { readonly clocks: ClockComparison; readonly logger: Logger };
  #said = "";

  constructor(options: ClockWatchOptions, modules: { clocks: ClockComparison; logger: Logger }) {
    this.#options = options;
    this.#modules = modules;
  }

  /** To be called when a clock was measured. */
  look(): void {
    const { clocks, logger } = this.#modules;
    const verdict = clocks.verdict();
    const about = subjectOf(verdict);
    if (about === this.#said) return;
    this.#said = about;
    const text = describeClock(verdict);
    if (text === undefined) {
      logger.info({ measured: verdict.measured }, "the clocks agree again");
      return;
    }
    const { keepsFrom } = this.#options;
    if (!verdict.isOff) logger.warn({}, text);
    else if (keepsFrom === undefined)
      logger.warn({}, `${text}: set it right (sudo timedatectl set-ntp true)`);
    else logger.error({}, `${text}: ${keepsFrom} until it is set right (sudo timedatectl set-ntp true)`);
  }
}

/** Who is accused, and in which direction. */
function subjectOf({ isOff, medianMs, apart }: ClockVerdict): string {
  if (isOff && medianMs !== undefined) return medianMs > 0 ? "ours is behind" : "ours is ahead";
  return apart
    .map(({ publicKey, offsetMs }) => `${toHex(publicKey)} ${Math.sign(offsetMs)}`)
    .sort()
    .join(" ");
}
