/** What the log says of blocks that come and go: one line for each, and none during a long catch-up. */
import { toUtf8 } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { Result } from "../../base/result.ts";
import type { Block } from "../../protocol/block.ts";
import { addressOf } from "../../protocol/identity.ts";
import type { SyncMeter } from "../fetch/sync-meter.ts";
import type { PeerHost, PeerId } from "../peer-host.ts";
import type { PeerDirectory } from "../peers/directory.ts";

export interface BlockLogModules {
  readonly host: PeerHost;
  readonly directory: PeerDirectory;
  readonly clock: Clock;
  readonly logger: Logger;
  /** During a long catch-up the lines of progress say enough. */
  readonly meter: Pick<SyncMeter, "progress">;
}

export class BlockLog {
  readonly #topic: string;
  readonly #modules: BlockLogModules;

  /** @param topic of the chain's blocks */
  constructor(topic: string, modules: BlockLogModules) {
    this.#topic = topic;
    this.#modules = modules;
  }

  /** Imports a block from a peer by `importBlock`, and writes a line if the block was stored. */
  async imported<Value, Why>(
    block: Block,
    from: PeerId,
    importBlock: () => Promise<Result<Value, Why>>,
  ): Promise<Result<Value, Why>> {
    const { clock, directory, logger, meter } = this.#modules;
    const beganMs = clock.monotonicMs();
    const outcome = await importBlock();
    if (!outcome.ok || meter.progress) return outcome;
    const name = directory.identified(from)?.handshake.name;
    logger.info(
      {
        ...blockFields(block),
        ms: Math.round(clock.monotonicMs() - beganMs),
        from: (name && toUtf8(name)) || from,
        relayed: this.#reach((peer) => peer !== from),
      },
      "Block validation: ✅ imported a block",
    );
    return outcome;
  }

  /** This node has sent its own block to so many peers. */
  broadcast(block: Block, recipients: number): void {
    const { host, logger } = this.#modules;
    logger.info(
      { height: block.header.height, hash: block.hashHex },
      `Broadcast: ${recipients}/${host.topicPeers(this.#topic).length} peers`,
    );
  }

  /** "4/5 peers": 5 peers take blocks of this chain, and 4 of them get the block from this node. */
  #reach(isMeant: (peer: PeerId) => boolean): string {
    const { host } = this.#modules;
    const listening = host.topicPeers(this.#topic).filter(isMeant);
    const direct = host.meshPeers(this.#topic).filter(isMeant);
    return `${direct.length}/${listening.length} peers`;
  }
}

const shortAddressLength = 14;

function blockFields({ header, hashHex, transactions }: Block) {
  return {
    height: header.height,
    hash: hashHex,
    transactions: transactions.length,
    producer: `${addressOf(header.producer).slice(0, shortAddressLength)}…`,
  };
}
