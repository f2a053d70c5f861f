/** What the log says of a new head beyond the block itself: a deep reorganization, slashed authorities, a set of two. */

import { bytesEqual, includesBytes, toHex } from "../base/bytes.ts";
import type { Logger } from "../base/logger.ts";
import type { Chain, HeadChange } from "../chain/chain.ts";
import { authoritiesOf } from "../consensus/engine.ts";
import { addressOf } from "../protocol/identity.ts";
import { SlashedList } from "./slashed.ts";

/** A reorganization of this many blocks is more than two miners that found a block at the same time. */
export const deepReorganizationBlocks = 6;

/** What a set of two means. Said before a set has two authorities, and when it has two. */
export const meaningOfTwo =
  "two authorities: both are needed for every block to become final, and both votes for every change of the set. " +
  "If one of them is lost, nothing is final until the operator starts the other one with --trust-recovery HASH. " +
  "A third authority removes that risk";

export interface ChainAlarmsModules {
  readonly chain: Chain;
  readonly logger: Logger;
  readonly ownKey: Uint8Array;
}

export class ChainAlarms {
  readonly slashed: SlashedList;
  readonly #modules: ChainAlarmsModules;
  /** Keys in hex. */
  readonly #saidSlashed = new Set<string>();

  constructor(modules: ChainAlarmsModules) {
    this.#modules = modules;
    this.slashed = new SlashedList(modules.chain);
  }

  start(): void {
    this.#saySlashed();
  }

  headChanged({ head, previous, disconnected }: HeadChange): void {
    const { chain, logger } = this.#modules;
    if (disconnected.length >= deepReorganizationBlocks) {
      logger.warn(
        {
          depth: disconnected.length,
          from: { height: previous.header.height, hash: previous.hashHex },
          to: { height: head.header.height, hash: head.hashHex },
        },
        `deep reorganization: ${disconnected.length} blocks left the chain, and their transactions wait again. Compare the clocks of the nodes and look for a partition: aurex-node doctor`,
      );
    }
    const [before, after] = [authoritiesOf(chain.engine, previous), authoritiesOf(chain.engine, head)];
    if (before === after) return;
    if (after.length === 2 && before.length !== 2) {
      logger.warn({ authorities: after.map(addressOf) }, meaningOfTwo);
    }
    if (before.some((key) => !includesBytes(after, key))) this.#saySlashed();
  }

  /** Said at the start, too, so that it is in the log of a new process. */
  #saySlashed(): void {
    const { logger, ownKey } = this.#modules;
    for (const { publicKey, height, why } of this.slashed.all()) {
      const key = toHex(publicKey);
      if (this.#saidSlashed.has(key)) continue;
      this.#saidSlashed.add(key);
      const authority = addressOf(publicKey);
      if (!bytesEqual(publicKey, ownKey)) {
        logger.error({ authority, height, why }, `authority ${authority} was slashed: ${why}`);
        continue;
      }
      logger.error(
        { authority, height, why },
        `this node was slashed: ${why}. Its key can never seal again. Start it with a new key in a new --data-dir; it then asks to become an authority. Never restore a backup of an authority's data directory, and never run one key on two machines`,
      );
    }
  }
}
