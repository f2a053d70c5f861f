/** What a member knows and logs of its pool: its account, why it cannot be reached, and that another pool answers now. */
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { ConnectedPeer, PeerHost } from "../network/peer-host.ts";
import { Schedule } from "../network/schedule.ts";
import { addressOf, publicKeyOfNodeId } from "../protocol/identity.ts";

export interface PoolContactStatus {
  /** The pool's address; undefined while there is no connection. */
  readonly pool: string | undefined;
  /** Account that earns the pool's blocks and pays the members, as the pool's key says; undefined as `pool` is. */
  readonly poolAccount: string | undefined;
  /** Why the last try to reach the pool failed, in words; undefined while it is connected. */
  readonly unreachableBecause: string | undefined;
}

export interface PoolContactModules {
  /** With the pool as its only bootstrap address. */
  readonly host: Pick<PeerHost, "peers" | "bootstrap">;
  readonly clock: Clock;
  readonly logger: Logger;
}

const lookEveryMs = 1_000;

export class PoolContact {
  readonly #modules: PoolContactModules;
  #schedule: Schedule | undefined;
  /** Peer id of the pool that this member mined for last. */
  #lastPool: string | undefined;
  #saidError: string | undefined;

  constructor(modules: PoolContactModules) {
    this.#modules = modules;
  }

  start(): void {
    this.#schedule = new Schedule(this.#modules.clock);
    this.#schedule.repeat(lookEveryMs, () => this.#look());
  }

  stop(): void {
    this.#schedule?.close();
  }

  /** The connected pool. */
  peer(): ConnectedPeer | undefined {
    return this.#modules.host.peers()[0];
  }

  status(): PoolContactStatus {
    const peer = this.peer();
    return {
      pool: peer?.address,
      poolAccount: peer && accountOf(peer),
      unreachableBecause: peer ? undefined : this.#error(),
    };
  }

  /** To be called when the pool has given work: logs the account that this process mines for. */
  minesFor(peer: ConnectedPeer): void {
    const { logger } = this.#modules;
    const account = accountOf(peer) ?? "an unknown key";
    const fields = { pool: peer.address };
    if (this.#lastPool !== undefined && this.#lastPool !== peer.peerId) {
      logger.warn(
        { ...fields, before: this.#lastPool },
        `another pool answers there now, that of ${account}: what the pool before owes is in that pool's books alone`,
      );
    }
    this.#lastPool = peer.peerId;
    this.#saidError = undefined;
    logger.info(fields, `mining for the pool of ${account}`);
  }

  /** A new reason is said once: the same one comes with every try. */
  #look(): void {
    const error = this.peer() ? undefined : this.#error();
    if (error === undefined || error === this.#saidError) return;
    this.#saidError = error;
    const [pool] = this.#modules.host.bootstrap();
    this.#modules.logger.warn(
      { pool: pool?.address },
      `the pool cannot be reached: ${error}; it is tried again every few seconds`,
    );
  }

  #error(): string | undefined {
    return this.#modules.host.bootstrap()[0]?.error ?? undefined;
  }
}

/** A pool's host has the key of the pool's account. */
function accountOf({ peerId }: ConnectedPeer): string | undefined {
  const publicKey = publicKeyOfNodeId(peerId);
  return publicKey && addressOf(publicKey);
}
