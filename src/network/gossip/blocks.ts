/** The topic of blocks: validates each block that comes, lets it be relayed, and imports it; sends the node's own. */
import { bytesEqual } from "../../base/bytes.ts";
import { toError } from "../../base/invariant.ts";
import type { Result } from "../../base/result.ts";
import type { JudgedBlock } from "../../chain/chain.ts";
import {
  type Block,
  type Header,
  type HeaderRecord,
  peekHeader,
  peekSealedHeader,
} from "../../protocol/block.ts";
import type { BlockFault, Fault } from "../../protocol/faults.ts";
import type { BlockFetcher } from "../fetch/block-fetcher.ts";
import type { FetchModules } from "../fetch/fetch-modules.ts";
import { blockMessageBytesMax } from "../messages.ts";
import type { PeerHost, PeerId, Verdict } from "../peer-host.ts";
import { acceptanceRates } from "./acceptance.ts";
import { StaleBlocks } from "./stale-blocks.ts";
import { GossipTopic } from "./topic.ts";
import { UnaskedBlocks } from "./unasked-blocks.ts";
import { UntimelyBlocks } from "./untimely-blocks.ts";

export interface BlockGossipModules extends FetchModules {
  readonly host: PeerHost;
  /** Fetches the parent of an orphan. */
  readonly fetcher: BlockFetcher;
}

const queueMax = 64;

export class BlockGossip {
  readonly #topic: GossipTopic;
  readonly #modules: BlockGossipModules;
  readonly #stale: StaleBlocks;
  readonly #untimely: UntimelyBlocks;
  readonly #unasked: UnaskedBlocks;

  /** @param topic of the chain's blocks */
  constructor(topic: string, modules: BlockGossipModules) {
    this.#topic = new GossipTopic(topic, modules);
    this.#modules = modules;
    this.#stale = new StaleBlocks(modules);
    this.#untimely = new UntimelyBlocks(modules);
    this.#unasked = new UnaskedBlocks(modules);
  }

  start(): void {
    this.#topic.subscribe({
      messageBytesMax: blockMessageBytesMax,
      queueMax,
      acceptance: acceptanceRates.blocks,
      isCredited: true,
      // The second block of an authority that seals two may wait behind one that got their sender banned.
      judgesBanned: this.#modules.chain.engine.authority !== undefined,
      screen: (message, from) => this.#screen(message, from),
      judge: (message, from) => this.#judge(message, from),
    });
  }

  announce(block: Block): void {
    this.#topic.publish(block.bytes, (recipients) => this.#modules.blockLog.broadcast(block, recipients));
  }

  /**
   * Asked of each block as soon as it comes: the verdict on one that loses and is of no use, or whose header is bad. A block
   * on the head wins, and is the everyday case: it is hashed and verified once, with its body.
   */
  #screen(message: Uint8Array, from: PeerId): Verdict | undefined {
    const { chain } = this.#modules;
    const header = peekHeader(message);
    if (!header || bytesEqual(header.parentHash, chain.head.hash) || chain.mustWait(header)) return undefined;
    const sealed = peekSealedHeader(message);
    const loser = sealed && chain.loserOf(sealed, message);
    if (!loser) return undefined;
    this.#heard(sealed, loser, from);
    if (!loser.ok) return this.#verdict(loser.fault, from);
    const useless =
      chain.unaskedFault(loser.value, message.length) ?? this.#unasked.fault(loser.value, message.length);
    // A loser that is taken counts against its sender when it is judged.
    return useless && this.#loserVerdict(loser.value, message.length, useless, from);
  }

  /** A child may come while its parent, a large block, is still being decoded: it is none whose parent is unknown. */
  #judge(message: Uint8Array, from: PeerId): Verdict | Promise<Verdict> {
    const header = peekHeader(message);
    const parentDecoded = header && this.#modules.decoder.end(header.parentHash);
    const judgeNow = () => this.#judgeNow(message, header, from);
    return parentDecoded ? parentDecoded.then(judgeNow) : judgeNow();
  }

  #judgeNow(message: Uint8Array, header: Header | undefined, from: PeerId): Verdict | Promise<Verdict> {
    const untimely = header && this.#untimelyFault(header, from);
    if (untimely) return untimely;
    const { decoder } = this.#modules;
    const verdict = decoder.decode(message, from, (decoded) =>
      this.#judgeDecoded(decoded, message.length, from),
    );
    return verdict instanceof Promise ? verdict.then((late) => this.#judged(late)) : verdict;
  }

  /** A false body may have come under the header of a peer's true head: while it was here, that head was not fetched. */
  #judged(verdict: Verdict): Verdict {
    if (verdict === "reject") this.#modules.fetcher.catchUp();
    return verdict;
  }

  #judgeDecoded(
    decoded: Result<Block, BlockFault>,
    length: number,
    from: PeerId,
  ): Verdict | Promise<Verdict> {
    const { chain, directory, clock, fetcher } = this.#modules;
    if (!decoded.ok) return this.#verdict(decoded.fault, from);
    const block = decoded.value;
    const judged = chain.offer(block, from);
    this.#heard(block, judged, from);
    if (!judged.ok) {
      if (judged.fault.code === "block/parent-unknown") fetcher.wantParent(block, from);
      return this.#verdict(judged.fault, from);
    }
    const { record } = judged.value;
    const useless = this.#loserVerdict(record, length, chain.unaskedFault(record, length), from);
    if (useless) {
      chain.dismiss(judged.value);
      return useless;
    }
    if (chain.spec.consensus === "poa") directory.keyHeard(block.header.producer, clock.monotonicMs());
    return this.#import(judged.value, from);
  }

  /** The peer that sent a good block has it. */
  #heard(
    { header, hash }: Pick<Block, "header" | "hash">,
    judged: Result<unknown, Fault>,
    from: PeerId,
  ): void {
    if (judged.ok || judged.fault.code === "block/known") {
      this.#modules.directory.raiseHead(from, header.height, hash);
    }
  }

  /** Asked before anything of the block is decoded or verified that its sender could make costly. */
  #untimelyFault(header: Header, from: PeerId): Verdict | undefined {
    const { chain, host } = this.#modules;
    if (!chain.mustWait(header)) return undefined;
    if (!this.#untimely.spend(from)) {
      host.report(from, "untimely block");
      return "ignore";
    }
    const fault = chain.waitingFault(header);
    return fault && this.#verdict(fault, from);
  }

  /** The verdict on a block of which nothing is kept: one of a flood of siblings, or one too many beside the chain. */
  #loserVerdict(
    record: HeaderRecord,
    bytes: number,
    useless: Fault | undefined,
    from: PeerId,
  ): Verdict | undefined {
    if (this.#stale.add(record, bytes, from)) return useless && this.#verdict(useless, from);
    const { hashHex } = record;
    this.#modules.logger.info(
      { from, hash: hashHex },
      "Block validation: ❌ one of too many blocks that lose",
    );
    return "reject";
  }

  #verdict(fault: Fault, from: PeerId): Verdict {
    return this.#topic.verdict(fault, from, "Block validation: ❌ a block");
  }

  /**
   * Only a block that becomes the head here is relayed, once it is executed and while it goes to disk. So no honest node
   * relays a block that cannot be executed, and the peer that sends one pays for it. A block beside the chain says
   * nothing about its sender, and is not relayed: whoever needs it fetches it as the parent of a better block.
   */
  #import(judged: JudgedBlock, from: PeerId): Promise<Verdict> {
    const { promise, resolve } = Promise.withResolvers<Verdict>();
    void this.#importedFrom(judged, from, () => resolve("accept")).then(resolve);
    return promise;
  }

  async #importedFrom(judged: JudgedBlock, from: PeerId, onExecuted: () => void): Promise<Verdict> {
    const { chain, logger, blockLog } = this.#modules;
    const { block } = judged;
    try {
      const imported = await blockLog.imported(block, from, () => chain.importJudged(judged, onExecuted));
      return imported.ok ? "ignore" : this.#verdict(imported.fault, from);
    } catch (thrown) {
      logger.error({ hash: block.hashHex, error: toError(thrown) }, "a block could not be stored");
      return "ignore";
    }
  }
}
