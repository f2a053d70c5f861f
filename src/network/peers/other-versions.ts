/** Names the peers that speak the protocols of another Aurex, once each, and tells them so in turn. */
import { BoundedMap } from "../../base/bounded-map.ts";
import type { Logger } from "../../base/logger.ts";
import { RequestError } from "../host/request-error.ts";
import { handshakeProtocol, oldHelloProtocol } from "../messages.ts";
import type { PeerHost, PeerId } from "../peer-host.ts";

/** An older Aurex reads this as a hello of version 3, and its log says that it does not know this version. */
const refusal = Uint8Array.of(3);
const oldHelloBytesMax = 1_024;
const timeoutMs = 5_000;
const peersMax = 256;

export class OtherVersions {
  readonly #host: PeerHost;
  readonly #logger: Logger;
  readonly #named = new BoundedMap<PeerId, true>(peersMax);

  constructor({ host, logger }: { readonly host: PeerHost; readonly logger: Logger }) {
    this.#host = host;
    this.#logger = logger;
  }

  /** Refuses the hello of older nodes; before the host is started. */
  serve(): void {
    this.#host.serve(oldHelloProtocol, {
      requestBytesMax: oldHelloBytesMax,
      chunkBytesMax: refusal.length,
      timeoutMs,
      rateLimit: { requests: 20, perMs: 10_000 },
      handle: (_hello, from) => {
        this.#name(from, "older");
        return [refusal];
      },
    });
  }

  /** A peer does not speak our handshake. Whether it is older shows in what it says to the old hello. */
  async noHandshake(peer: PeerId): Promise<void> {
    if (this.#named.has(peer)) return;
    this.#name(peer, (await this.#speaksOldHello(peer)) ? "older" : "newer");
  }

  async #speaksOldHello(peer: PeerId): Promise<boolean> {
    const options = { timeoutMs, chunksMax: 1, chunkBytesMax: oldHelloBytesMax };
    try {
      for await (const _answer of this.#host.request(peer, oldHelloProtocol, refusal, options)) return true;
      return true;
    } catch (thrown) {
      return !(thrown instanceof RequestError && thrown.code === "request/unsupported");
    }
  }

  #name(peer: PeerId, version: "older" | "newer"): void {
    if (this.#named.has(peer)) return;
    this.#named.set(peer, true);
    const { software } = this.#host.peers().find(({ peerId }) => peerId === peer) ?? {};
    this.#logger.warn(
      { peer, software },
      version === "older"
        ? `this peer runs an older Aurex, which speaks ${oldHelloProtocol}: the two nodes fetch no blocks from each other and do not protect each other against a second process with one key; update the peer's node`
        : `this peer does not speak ${handshakeProtocol}: it runs a newer Aurex or another program, and the two nodes fetch no blocks from each other; update this node if there is a newer Aurex`,
    );
  }
}
