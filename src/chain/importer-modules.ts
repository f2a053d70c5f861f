/** What the importer works with. */
import type { EventEmitter } from "node:events";
import type { Logger } from "../base/logger.ts";
import type { StageTimes } from "../base/stage-times.ts";
import type { ConsensusEngine } from "../consensus/engine.ts";
import type { ForkChoice } from "../consensus/fork-choice.ts";
import type { ChainSpec } from "../protocol/genesis.ts";
import type { ChainStore } from "../store/chain-store.ts";
import type { Arrivals } from "./arrivals.ts";
import type { BesideChain } from "./beside-chain.ts";
import type { BlockTree } from "./block-tree.ts";
import type { ChainEvents } from "./chain-events.ts";
import type { FinalityKeeper } from "./finality-keeper.ts";
import type { BlockIntake } from "./intake.ts";
import type { ChainReader } from "./reader.ts";

export interface BlockImporterModules {
  readonly spec: ChainSpec;
  /** The hash of a block that the operator declares final (weak-subjectivity checkpoint). */
  readonly trusted: Uint8Array | undefined;
  readonly store: ChainStore;
  readonly engine: ConsensusEngine;
  readonly tree: BlockTree;
  readonly reader: ChainReader;
  readonly intake: BlockIntake;
  readonly beside: BesideChain;
  /** Undefined if the engine has no finality. */
  readonly finality: FinalityKeeper | undefined;
  readonly forkChoice: ForkChoice;
  readonly arrivals: Arrivals;
  readonly times: StageTimes;
  readonly logger: Logger;
  /** Guarded: a listener that throws fails no import. */
  readonly events: EventEmitter<ChainEvents>;
}
