/** Validates the gossip of one topic: a bounded number of messages, a few at a time, and none of peers banned meanwhile. */
import { toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import type { PeerId, TopicOptions, Verdict } from "../peer-host.ts";

/**
 * Messages of one topic validated at once: enough to keep a pool of signature workers busy, and so few that the sender of
 * a flood is banned after a handful of verdicts, before the rest of the flood costs anything.
 */
const judgingMax = 8;

export interface JudgingModules {
  readonly isBanned: (peer: PeerId) => boolean;
  /** The host has stopped. What a judge needs may be closed from then on. */
  readonly isStopped: () => boolean;
  readonly logger: Logger;
}

export class JudgingQueue {
  readonly #topic: string;
  readonly #options: TopicOptions;
  readonly #modules: JudgingModules;
  readonly #waiting: (() => void)[] = [];
  #judging = 0;

  constructor(topic: string, options: TopicOptions, modules: JudgingModules) {
    this.#topic = topic;
    this.#options = options;
    this.#modules = modules;
  }

  /**
   * Rejects over-long messages, and ignores messages for which there is no room, and those that still wait when the host
   * stops. If the judge throws, the bug is ours: "ignore".
   */
  async judge(message: Uint8Array, from: PeerId): Promise<Verdict> {
    const { isBanned, isStopped, logger } = this.#modules;
    if (message.length > this.#options.messageBytesMax) return "reject";
    if (this.#judging + this.#waiting.length >= this.#options.queueMax) return "ignore";
    if (this.#judging >= judgingMax) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#judging += 1;
    try {
      if (isStopped() || isBanned(from)) return "ignore";
      return await this.#options.judge(message, from);
    } catch (thrown) {
      // As when the verifier is closed while it works on the message.
      if (isStopped()) return "ignore";
      logger.error(
        { topic: this.#topic, from, error: toError(thrown) },
        "judging a message failed; it is ignored",
      );
      return "ignore";
    } finally {
      // The place is handed to the next message directly, so that no newer message overtakes it.
      const next = this.#waiting.shift();
      if (next === undefined) this.#judging -= 1;
      else next();
    }
  }
}
