/** Tells connected peers that this node asks to become an authority, and hears which of them do. */
import type { Clock } from "../../base/clock.ts";
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
  readonly #candidacy: () => Candidacy | undefined;
  readonly #exchange: Exchange<CandidacyMessage>;
  /** Connected peers that know of our wish, and have to be told when it has ended. */
  readonly #told = new Set<PeerId>();

  constructor(modules: CandidacyExchangeModules) {
    const { chain, candidacy } = modules;
    this.#candidacy = candidacy;
    const own = () => {
      const wish = candidacy();
      return { height: chain.head.header.height, candidacy: wish ? [wish] : [] };
    };
    const kind = { protocol: candidacyProtocol, what: "candidacy", type: CandidacyMessageType };
    this.#exchange = new Exchange(kind, { ...modules, own });
  }

  serve(): void {
    this.#exchange.serve();
  }

  /** Tells a peer of our chain of our wish, or once that it has ended. */
  tell(peer: PeerId): void {
    if (this.#candidacy()) this.#told.add(peer);
    else if (!this.#told.delete(peer)) return;
    this.#exchange.tell(peer);
  }

  forget(peer: PeerId): void {
    this.#told.delete(peer);
  }
}
