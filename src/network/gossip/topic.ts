/** One gossip topic as its handler uses it: subscribe, publish, and the verdict on a fault, which the log names if it is "reject". */
import { toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import { describeFault, type Fault } from "../../protocol/faults.ts";
import type { PeerHost, PeerId, TopicOptions, Verdict } from "../peer-host.ts";
import { verdictOf } from "../verdicts.ts";

export interface GossipTopicModules {
  readonly host: PeerHost;
  readonly logger: Logger;
}

export class GossipTopic {
  readonly #name: string;
  readonly #modules: GossipTopicModules;

  constructor(name: string, { host, logger }: GossipTopicModules) {
    this.#name = name;
    this.#modules = { host, logger };
  }

  /** Peers that are known to take messages of this topic. */
  get listeners(): readonly PeerId[] {
    return this.#modules.host.topicPeers(this.#name);
  }

  /** Before the host is started. */
  subscribe(options: TopicOptions): void {
    this.#modules.host.subscribe(this.#name, options);
  }

  /** @param onSent is told to how many peers the message was sent */
  publish(message: Uint8Array, onSent?: (recipients: number) => void): void {
    const { host, logger } = this.#modules;
    host.publish(this.#name, message).then(onSent, (thrown: unknown) => {
      const fields = { topic: this.#name, reason: toError(thrown).message };
      logger.debug(fields, "a message could not be published");
    });
  }

  /** @param what the message holds, for the log */
  verdict(fault: Fault, from: PeerId, what: string): Verdict {
    const verdict = verdictOf(fault);
    if (verdict === "reject") {
      this.#modules.logger.info({ from, fault: describeFault(fault) }, `${what} was rejected`);
    }
    return verdict;
  }
}
