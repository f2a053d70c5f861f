/** Where the other authorities stood when they were heard after this node's start, and whether this node has their blocks. */
import { BoundedMap } from "../base/bounded-map.ts";
import { bytesEqual, fromHex, includesBytes, toHex, toUtf8 } from "../base/bytes.ts";
import type { Logger } from "../base/logger.ts";
import type { Chain } from "../chain/chain.ts";
import { authoritiesOf } from "../consensus/engine.ts";
import type { KnownPeer } from "../network/peers/directory.ts";
import type { Header } from "../protocol/block.ts";
import { addressOf } from "../protocol/identity.ts";
import type { NodeRecord } from "../protocol/node-record.ts";

export interface StandingsOptions {
  readonly publicKey: Uint8Array;
  /** The operator says that the other authorities are gone: none has to be heard. */
  readonly signAlone: boolean;
  /** Wall clock at the start of this process. */
  readonly startedMs: number;
}

export interface StandingsModules {
  readonly chain: Pick<Chain, "head" | "spec" | "engine" | "headerOf">;
  /** The node is fetching blocks that it knows its peers to have. */
  readonly isBehind: () => boolean;
  readonly logger: Logger;
}

/** The head of another authority when it was heard. A node record and a block name no head, only a height. */
interface Standing {
  readonly height: number;
  readonly head: Uint8Array | undefined;
  readonly name: string;
}

const standingsMax = 512;

/**
 * A data directory that was restored from a backup looks like any other. If its authority signed on, it would sign a
 * second time at heights at which it signed after the backup, and be slashed. Only the other authorities know what that
 * was. So this node first has to reach all blocks that another authority had after this node's start. A follower proves
 * nothing, because it may have been cut off together with the backup. Waiting alone proves nothing either.
 *
 * The only authority of a set needs nobody. What has been reached stays reached for the life of the process: all that
 * this node signs from then on is in its own memory and journals.
 */
export class Standings {
  readonly #options: StandingsOptions;
  readonly #modules: StandingsModules;
  /** By key in hex: authorities that were heard and whose blocks are not all here yet. */
  readonly #standings = new BoundedMap<string, Standing>(standingsMax);
  #isReached: boolean;
  #floorHeight = 0;

  constructor(options: StandingsOptions, modules: StandingsModules) {
    this.#options = options;
    this.#modules = modules;
    this.#isReached = options.signAlone;
  }

  start(): void {
    const { chain, logger } = this.#modules;
    if (this.isAnotherReached || !this.#isMember(this.#options.publicKey)) return;
    const { length } = authoritiesOf(chain.engine, chain.head);
    logger.info(
      { authorities: length },
      `this node is one of ${length} authorities: it signs nothing until it has heard another one and has its blocks`,
    );
  }

  /** This node has the blocks of another authority, or needs none. */
  get isAnotherReached(): boolean {
    const { chain } = this.#modules;
    return this.#isReached || authoritiesOf(chain.engine, chain.head).length <= 1;
  }

  /**
   * No block of this height or below is voted for. This node may have voted there after the backup, and two votes for
   * one height are evidence. The price is one block's votes after an ordinary restart.
   */
  get voteFloorHeight(): number {
    return this.#floorHeight;
  }

  /** A vote of this node's own key, from before its start, has come back that its journal does not know. */
  forgottenVote(targetHeight: number): void {
    this.#floorHeight = Math.max(this.#floorHeight, targetHeight);
  }

  /** @param peer whose connection has proven the key, after its votes were taken in */
  greeted({ handshake: { publicKey, name }, status: { head, height } }: KnownPeer): void {
    this.#heard(publicKey, { head, height, name: toUtf8(name) ?? "" });
  }

  /** @param record signed, and passed on by gossip: authorities that share only a follower hear each other this way */
  recordHeard({ publicKey, chainId, height, timestampMs, name }: NodeRecord): void {
    const { chain } = this.#modules;
    if (timestampMs < this.#options.startedMs || !bytesEqual(chainId, chain.spec.chainId)) return;
    // Anybody can make a key and a record for it: such records must not push out those of authorities.
    if (!this.#isMember(publicKey)) return;
    this.#heard(publicKey, { head: undefined, height, name: toUtf8(name) ?? "" });
  }

  /** @param header of a block that has become part of the chain, which is on the new head already */
  blockConnected({ producer, timestampMs, height }: Header): void {
    const { chain } = this.#modules;
    const { publicKey, startedMs } = this.#options;
    if (bytesEqual(producer, publicKey)) {
      // This process seals only when it may: it was the only authority, and now there are others.
      if (timestampMs >= startedMs && this.isAnotherReached) this.#isReached = true;
      return;
    }
    // A block may be this far ahead of the clock: one from before the start must not count as one from after it.
    if (timestampMs < startedMs + chain.engine.aheadDoubtMs) return;
    this.#heard(producer, { head: undefined, height, name: "" });
  }

  /** Looks whether the blocks of one of the authorities that were heard are all here by now. */
  look(): void {
    if (this.#isReached) return;
    for (const [keyHex, standing] of this.#standings.entries()) {
      const key = fromHex(keyHex) as Uint8Array;
      const height = this.#isMember(key) ? this.#heightReached(standing) : undefined;
      if (height === undefined) continue;
      this.#isReached = true;
      this.#standings.clear();
      this.forgottenVote(height);
      this.#sayReached(key, standing.name, height);
      return;
    }
  }

  #heard(key: Uint8Array, standing: Standing): void {
    if (this.#isReached || bytesEqual(key, this.#options.publicKey)) return;
    this.#standings.set(toHex(key), standing);
  }

  /** Undefined if blocks up to there are missing. The height that a peer claims for the head that it names is not used. */
  #heightReached({ head, height }: Standing): number | undefined {
    const { chain, isBehind } = this.#modules;
    if (head) return chain.headerOf(head)?.header.height;
    return chain.head.header.height >= height && !isBehind() ? height : undefined;
  }

  #sayReached(key: Uint8Array, name: string, height: number): void {
    const { chain, logger } = this.#modules;
    if (!this.#isMember(this.#options.publicKey) || authoritiesOf(chain.engine, chain.head).length <= 1)
      return;
    logger.info(
      { authority: addressOf(key), name, height },
      "another authority was heard, and this node has its blocks: it may sign",
    );
  }

  #isMember(key: Uint8Array): boolean {
    const { chain } = this.#modules;
    return includesBytes(authoritiesOf(chain.engine, chain.head), key);
  }
}
