/** Proof of Work: a hash at or below the target, a target that follows the hash rate, and most cumulative work. */
import { fail, ok } from "../../base/result.ts";
import type { HeaderRecord } from "../../protocol/block.ts";
import type { Genesis } from "../../protocol/genesis.ts";
import { type ConsensusEngine, type EngineState, refusesVotes } from "../engine.ts";
import {
  childTargetAfter,
  type WorkParent,
  workAheadMaxMs,
  workHeaderFault,
  workOf,
  workSealFault,
} from "./work-rule.ts";

/** An orphan that was this many times easier to find than a block on the head is not worth a fetch: heavier chains show in statuses. */
const orphanEaseMax = 16n;

/** The state after a block is the target that its child must carry. */
function stateOf(childTarget: Uint8Array): EngineState {
  return { consensusState: childTarget, justifiedHeight: 0 };
}

function parentOf({ header, consensusState }: HeaderRecord): WorkParent {
  return { timestampMs: header.timestampMs, childTarget: consensusState };
}

export function createPowEngine(genesis: Genesis): ConsensusEngine {
  const { easiestTarget, minimumIntervalMs } = genesis;
  const aheadMaxMs = workAheadMaxMs(genesis);
  const earliestOn = (parent: HeaderRecord) => parent.header.timestampMs + minimumIntervalMs;
  return {
    name: "pow",
    aheadMaxMs,
    aheadDoubtMs: aheadMaxMs,
    verifySeal: (header, seal, hash) => workSealFault(header, seal, hash, genesis),
    orphanFault({ target }, near) {
      const cheapest = near.map(({ consensusState }) => workOf(consensusState) / orphanEaseMax);
      if (cheapest.some((work) => workOf(target) >= work)) return undefined;
      return { code: "block/orphan-unlikely", reason: "its target is far easier than the chain's" };
    },
    verifyHeader: (header, parent) => workHeaderFault(header, parentOf(parent), genesis),
    weight: (header) => workOf(header.target),
    slot: (parent) => ({
      earliestMs: earliestOn(parent),
      // At once on any parent that is valid now. Otherwise a miner could give its block a future timestamp, and all
      // other miners would be idle until then.
      beginMs: parent.header.timestampMs - aheadMaxMs,
      outOfTurnDelayMs: 0,
      afterParentMs: 0,
      target: parent.consensusState,
    }),
    genesisState: () => stateOf(easiestTarget),
    advance({ timestampMs, transactions, consensusSection }, parent) {
      if (consensusSection.certificates.length > 0 || consensusSection.evidence.length > 0) {
        return fail({ code: "block/consensus-section-not-open" });
      }
      for (const [position, transaction] of transactions.entries()) {
        const fault = refusesVotes.cast(transaction);
        if (fault) {
          return fail({ code: "block/transaction-invalid", position, id: transaction.idHex, fault });
        }
      }
      return ok(stateOf(childTargetAfter(timestampMs, parentOf(parent), genesis)));
    },
  };
}
