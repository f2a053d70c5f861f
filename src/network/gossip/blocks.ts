/** The topic of blocks: validates each block that comes, lets it be relayed, and imports it; sends the node's own. */
import type { Clock } from "../../base/clock.ts";
import { toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import type { Chain, JudgedBlock } from "../../chain/chain.ts";
import { type Block, decodeBlock } from "../../protocol/block.ts";
import { describeFault, type Fault } from "../../protocol/faults.ts";
import { blockMessageBytesMax } from "../messages.ts";
import type { PeerHost, PeerId, Verdict } from "../peer-host.ts";
import type { PeerDirectory } from "../peers/directory.ts";
import type { BlockLog } from "./block-log.ts";

export interface BlockGossipModules {
  readonly host: PeerHost;
  readonly chain: Chain;
  readonly directory: PeerDirectory;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly blockLog: BlockLog;
  readonly publish: (topic: string, message: Uint8Array, onSent: (recipients: number) => void) => void;
  /** The verdict on a message with this fault. */
  readonly verdict: (fault: Fault, from: PeerId, what: string) => Verdict;
  /** A block from this peer waits for a parent that is not here. */
  readonly parentMissing: (orphan: Block, from: PeerId) => void;
  /** A block from the topic is stored. */
  readonly stored: () => void;
}

const queueMax = 64;

export class BlockGossip {
  readonly #topic: string;
  readonly #modules: BlockGossipModules;

  /** @param topic of the chain's blocks */
  constructor(topic: string, modules: BlockGossipModules) {
    this.#topic = topic;
    this.#modules = modules;
  }

  start(): void {
    this.#modules.host.subscribe(this.#topic, {
      messageBytesMax: blockMessageBytesMax,
      queueMax,
      judge: (message, from) => this.#judge(message, from),
    });
  }

  announce(block: Block): void {
    const { publish, blockLog } = this.#modules;
    publish(this.#topic, block.bytes, (recipients) => blockLog.broadcast(block, recipients));
  }

  #judge(message: Uint8Array, from: PeerId): Verdict {
    const { chain, directory, clock, verdict, parentMissing } = this.#modules;
    const decoded = chain.times.measure("decode", () => decodeBlock(message));
    if (!decoded.ok) return verdict(decoded.fault, from, "a block");
    const block = decoded.value;
    const judged = chain.offer(block);
    if (judged.ok || judged.fault.code === "block/known") {
      directory.raiseHead(from, block.header.height, block.hash);
    }
    if (!judged.ok) {
      if (judged.fault.code === "block/parent-unknown") parentMissing(block, from);
      return verdict(judged.fault, from, "a block");
    }
    if (chain.isFarBehind(judged.value.record)) return verdict({ code: "block/far-behind" }, from, "a block");
    if (chain.spec.consensus === "poa") directory.keyHeard(block.header.producer, clock.monotonicMs());
    void this.#import(judged.value, from);
    return "accept";
  }

  /**
   * Peers get the block while this node executes it. A block that cannot be executed says nothing about the peer that
   * relayed it.
   */
  async #import(judged: JudgedBlock, from: PeerId): Promise<void> {
    const { chain, logger, blockLog, stored } = this.#modules;
    const { block } = judged;
    try {
      const imported = await blockLog.imported(block, from, () => chain.importJudged(judged));
      if (imported.ok) stored();
      else {
        logger.debug(
          { hash: block.hashHex, fault: describeFault(imported.fault) },
          "a block was not imported",
        );
      }
    } catch (thrown) {
      logger.error({ hash: block.hashHex, error: toError(thrown) }, "a block could not be stored");
    }
  }
}
