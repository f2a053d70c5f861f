/** Whether an authority may sign after its start: not before it stands where another authority stood after that start. */

import { EventEmitter } from "node:events";
import { BoundedMap } from "../base/bounded-map.ts";
import { bytesEqual, fromHex, includesBytes, toHex, toUtf8 } from "../base/bytes.ts";
import type { Logger } from "../base/logger.ts";
import type { Chain } from "../chain/chain.ts";
import { authoritiesOf } from "../consensus/engine.ts";
import type { Network } from "../network/network.ts";
import type { KnownPeer } from "../network/peers/directory.ts";
import type { Header } from "../protocol/block.ts";
import { addressOf } from "../protocol/identity.ts";
import type { NodeRecord } from "../protocol/node-record.ts";

export interface SigningGateOptions {
  readonly publicKey: Uint8Array;
  /** The operator says that the other authorities are gone: the gate is open from the start. */
  readonly signAlone: boolean;
  /** Wall clock at the start of this process. */
  readonly startedMs: number;
}

export interface SigningGateModules {
  readonly chain: Pick<Chain, "head" | "spec" | "engine" | "events" | "headerOf">;
  readonly network: Pick<Network, "events">;
  /** The node is fetching blocks that it knows its peers to have. */
  readonly isBehind: () => boolean;
  readonly logger: Logger;
}

export interface SigningGateEvents {
  /** At most once. */
  opened: [];
}

/** The block that another authority stood on when it was heard; of a record, which names no block, the height. */
interface Standing {
  readonly height: number;
  readonly head: Uint8Array | undefined;
  readonly name: string;
}

const standingsMax = 512;

/**
 * A store and journals restored from a backup look like any others, and an authority that signs on from them signs a
 * second time what it signed after the backup: it would be slashed. Only the other authorities know what that was. So
 * the gate opens when this node has all blocks that another authority had after this node's start. A follower proves
 * nothing: it may have been cut off together with the backup. No time opens the gate.
 *
 * An authority that is the only one of its set needs nobody. Once open, the gate stays open for the life of the
 * process: what this node signs from then on is in its own memory and journals.
 */
export class SigningGate {
  readonly events = new EventEmitter<SigningGateEvents>();
  readonly #options: SigningGateOptions;
  readonly #modules: SigningGateModules;
  /** By key in hex: where another authority stood when it was last heard, while this node is not there yet. */
  readonly #standings = new BoundedMap<string, Standing>(standingsMax);
  #isOpened: boolean;
  #floorHeight = 0;

  constructor(options: SigningGateOptions, modules: SigningGateModules) {
    this.#options = options;
    this.#modules = modules;
    this.#isOpened = options.signAlone;
  }

  start(): void {
    const { chain, network, logger } = this.#modules;
    network.events.on("caughtUpOnVotes", this.#onGreeted);
    network.events.on("nodeRecord", this.#onRecord);
    chain.events.on("headChanged", this.#onHead);
    chain.events.on("blockStored", this.#look);
    if (this.isOpen || !this.#isMember(this.#options.publicKey)) return;
    const { length } = authoritiesOf(chain.engine, chain.head);
    logger.info(
      { authorities: length },
      `this node is one of ${length} authorities: it signs nothing until it has heard another one and has its blocks`,
    );
  }

  stop(): void {
    const { chain, network } = this.#modules;
    network.events.off("caughtUpOnVotes", this.#onGreeted);
    network.events.off("nodeRecord", this.#onRecord);
    chain.events.off("headChanged", this.#onHead);
    chain.events.off("blockStored", this.#look);
  }

  get isOpen(): boolean {
    const { chain } = this.#modules;
    return this.#isOpened || authoritiesOf(chain.engine, chain.head).length <= 1;
  }

  /**
   * No block of this height or below is voted for. Votes for these may have been cast before a backup was restored, and
   * two votes for one height are evidence. The price is one block's votes after an ordinary restart.
   */
  get voteFloorHeight(): number {
    return this.#floorHeight;
  }

  /** A vote of this node's own key, from before its start, has come back that its journal does not know. */
  forgottenVote(targetHeight: number): void {
    this.#floorHeight = Math.max(this.#floorHeight, targetHeight);
  }

  /** The peer's connection has proven its key, and its votes have been taken in. */
  readonly #onGreeted = ({ handshake: { publicKey, name }, status: { head, height } }: KnownPeer): void => {
    this.#heard(publicKey, { head, height, name: toUtf8(name) ?? "" });
  };

  /** Signed, and passed on by gossip: the way on which authorities hear each other that only share a follower. */
  readonly #onRecord = ({ publicKey, chainId, height, timestampMs, name }: NodeRecord): void => {
    const { chain } = this.#modules;
    if (timestampMs < this.#options.startedMs || !bytesEqual(chainId, chain.spec.chainId)) return;
    // Anybody can make a key and a record for it.
    if (!this.#isMember(publicKey)) return;
    this.#heard(publicKey, { head: undefined, height, name: toUtf8(name) ?? "" });
  };

  readonly #onHead = ({
    connected,
  }: {
    readonly connected: readonly { readonly header: Header }[];
  }): void => {
    for (const { header } of connected) this.#noticeBlock(header);
    this.#look();
  };

  #noticeBlock({ producer, timestampMs, height }: Header): void {
    const { chain } = this.#modules;
    const { publicKey, startedMs } = this.#options;
    if (bytesEqual(producer, publicKey)) {
      // Sealed by this process, which it does through an open gate only: a lone authority, now with others in its set.
      if (timestampMs >= startedMs && this.isOpen) this.#isOpened = true;
      return;
    }
    // A block may be this far ahead of the clock: one from before the start must not count as one from after it.
    if (timestampMs < startedMs + chain.engine.aheadMaxMs) return;
    this.#heard(producer, { head: undefined, height, name: "" });
  }

  #heard(key: Uint8Array, standing: Standing): void {
    if (this.#isOpened || bytesEqual(key, this.#options.publicKey)) return;
    this.#standings.set(toHex(key), standing);
    this.#look();
  }

  readonly #look = (): void => {
    if (this.#isOpened) return;
    for (const [keyHex, standing] of this.#standings.entries()) {
      const key = fromHex(keyHex) as Uint8Array;
      const reachedHeight = this.#isMember(key) ? this.#heightReached(standing) : undefined;
      if (reachedHeight === undefined) continue;
      this.#isOpened = true;
      this.#standings.clear();
      const { chain, logger } = this.#modules;
      this.#floorHeight = Math.max(this.#floorHeight, reachedHeight);
      if (this.#isMember(this.#options.publicKey) && authoritiesOf(chain.engine, chain.head).length > 1) {
        logger.info(
          { authority: addressOf(key), name: standing.name, height: reachedHeight },
          "another authority was heard, and this node has its blocks: it may sign",
        );
      }
      this.events.emit("opened");
      return;
    }
  };

  /** Undefined while the blocks up to there are not all here. What a peer claims of a block it names is not used. */
  #heightReached({ head, height }: Standing): number | undefined {
    const { chain, isBehind } = this.#modules;
    if (head) return chain.headerOf(head)?.header.height;
    return chain.head.header.height >= height && !isBehind() ? height : undefined;
  }

  #isMember(key: Uint8Array): boolean {
    const { chain } = this.#modules;
    return includesBytes(authoritiesOf(chain.engine, chain.head), key);
  }
}
