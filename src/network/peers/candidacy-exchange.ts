/** Tells connected peers that this node asks to become an authority, and hears which of them do. */
import type { Clock } from "../../base/clock.ts";
import { toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import type { Chain } from "../../chain/chain.ts";
import {
  type Candidacy,
  type CandidacyMessage,
  CandidacyMessageType,
  candidacyProtocol,
} from "../messages.ts";
import type { PeerHost, PeerId } from "../peer-host.ts";
import { Exchange } from "./exchange.ts";

export interface CandidacyExchangeModules {
  readonly host: PeerHost;
  readonly chain: Chain;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What this node asks for; undefined while it asks for nothing. */
  readonly candidacy: () => Candidacy | undefined;
  readonly heard: (peer: PeerId, message: CandidacyMessage) => void;
}

export class CandidacyExchange {
  readonly #modules: CandidacyExchangeModules;
  readonly #exchange: Exchange<CandidacyMessage>;
  /** Connected peers that know of our wish, and have to be told when it has ended. */
  readonly #told = new Set<PeerId>();

  constructor(modules: CandidacyExchangeModules) {
    const { host, clock } = modules;
    this.#modules = modules;
    this.#exchange = new Exchange(
      { protocol: candidacyProtocol, what: "candidacy", type: CandidacyMessageType },
      { host, clock, own: () => this.#message() },
    );
  }

  serve(): void {
    const { heard } = this.#modules;
    this.#exchange.serve((peer, message) => {
      if (message.ok) heard(peer, message.value);
    });
  }

  /** Tells a peer of our chain of our wish, or once that it has ended. */
  tell(peer: PeerId): void {
    if (this.#modules.candidacy()) this.#told.add(peer);
    else if (!this.#told.delete(peer)) return;
    void this.#ask(peer);
  }

  forget(peer: PeerId): void {
    this.#told.delete(peer);
  }

  async #ask(peer: PeerId): Promise<void> {
    const { heard, logger } = this.#modules;
    try {
      heard(peer, (await this.#exchange.ask(peer)).message);
    } catch (thrown) {
      logger.debug({ peer, reason: toError(thrown).message }, "a peer did not answer about candidacies");
    }
  }

  #message(): CandidacyMessage {
    const { chain, candidacy } = this.#modules;
    const own = candidacy();
    return { height: chain.head.header.height, candidacy: own ? [own] : [] };
  }
}
