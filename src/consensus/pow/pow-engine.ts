/** Proof of Work: a hash at or below the target, a target that follows the hash rate, and most cumulative work. */
import { bigIntFromBytes, bytesEqual, compareBytes, toHex } from "../../base/bytes.ts";
import { fail, ok } from "../../base/result.ts";
import type { HeaderRecord } from "../../protocol/block.ts";
import type { BlockFault } from "../../protocol/faults.ts";
import type { Genesis } from "../../protocol/genesis.ts";
import type { ConsensusEngine, EngineState, VoteCounter } from "../engine.ts";
import { nextTarget } from "./asert.ts";

const aheadFloorMs = 5_000;
/** All that a chain says to its next block: the target that this one must carry. */
function stateOf(childTarget: Uint8Array): EngineState {
  return { consensusState: childTarget, justifiedHeight: 0 };
}
/** Nobody votes on authorities where there are none. */
const refusesVotes: VoteCounter = {
  cast: ({ payload }) =>
    payload.kind === "authorityVote" ? { code: "transaction/kind-not-open", kind: payload.kind } : undefined,
};

export function createPowEngine(genesis: Genesis): ConsensusEngine {
  const { easiestTarget, minimumIntervalMs, targetBlockTimeMs } = genesis;
  const aheadMaxMs = Math.max(aheadFloorMs, targetBlockTimeMs);
  const earliestOn = (parent: HeaderRecord) => parent.header.timestampMs + minimumIntervalMs;
  return {
    name: "pow",
    aheadMaxMs,
    emptyBlockAfterMs: undefined,
    verifySeal(header, seal, hash): BlockFault | undefined {
      if (seal.signature.length !== 0) {
        return { code: "block/seal-malformed", reason: "Proof of Work has no signature" };
      }
      if (compareBytes(header.target, easiestTarget) > 0) {
        return {
          code: "block/target-above-floor",
          easiest: toHex(easiestTarget),
          actual: toHex(header.target),
        };
      }
      if (compareBytes(hash, header.target) > 0) {
        return { code: "block/work-insufficient", hash: toHex(hash), target: toHex(header.target) };
      }
      return undefined;
    },
    verifyHeader(header, parent): BlockFault | undefined {
      const earliestMs = earliestOn(parent);
      if (header.timestampMs < earliestMs) {
        return { code: "block/timestamp-too-early", earliestMs, actualMs: header.timestampMs };
      }
      if (!bytesEqual(header.target, parent.consensusState)) {
        return {
          code: "block/target-wrong",
          expected: toHex(parent.consensusState),
          actual: toHex(header.target),
        };
      }
      return undefined;
    },
    weight: (header) => workOf(header.target),
    slot: (parent) => ({
      earliestMs: earliestOn(parent),
      // At once on any parent that may be taken: else one with a timestamp of the future would keep its finder's rivals idle.
      beginMs: parent.header.timestampMs - aheadMaxMs,
      courtesyMs: 0,
      target: parent.consensusState,
    }),
    turns: () => [],
    authorities: () => [],
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
      const intervalMs = timestampMs - parent.header.timestampMs;
      return ok(stateOf(nextTarget({ target: parent.consensusState, intervalMs }, genesis)));
    },
    voteCounter: () => refusesVotes,
    authorityUpdates: () => [],
    finality: () => undefined,
    recoveredState: () => undefined,
    openFinality: () => undefined,
  };
}

/** Expected number of hashes behind a block: 2^256 / (target + 1), as Bitcoin counts work. */
export function workOf(target: Uint8Array): bigint {
  return 2n ** 256n / (bigIntFromBytes(target) + 1n);
}
