/** Check 4, Proof of Work: each hash is at or below its target, each target follows from the blocks before, and the work adds up. */
import { toHex } from "../../base/bytes.ts";
import { workAheadMaxMs } from "../../consensus/pow/work-rule.ts";
import type { BlockFault } from "../../protocol/faults.ts";
import type { ChainCheckFactory, CheckReport } from "../chain-check.ts";
import { HeightRanges } from "../height-ranges.ts";
import { replayOf } from "../replay/chain-replay.ts";
import type { FollowedBlock } from "../replay/consensus-replay.ts";
import { faultFinding } from "./block-faults.ts";
import { WeightSum } from "./weight-sum.ts";

export const workCheck: ChainCheckFactory = (context) => {
  const { spec, report, nowMs } = context;
  if (spec.consensus !== "pow") {
    report.doesNotApply("Proof of Authority has no work");
    return { name: "work", block() {}, end() {} };
  }
  const replay = replayOf(context);
  const weights = new WeightSum(report, "the work of the chain up to the block");
  const unjudged = new HeightRanges();
  const latestMs = nowMs === undefined ? Number.POSITIVE_INFINITY : nowMs + workAheadMaxMs(spec.genesis);
  return {
    name: "work",
    block(block) {
      const { followed, parts } = replay.at(block);
      if (block.height === 0) return weights.begin(block);
      const finding = (fault: BlockFault) => report.finding(faultFinding(block.height, fault));
      if (!followed) {
        weights.interrupt(block);
        unjudged.add(block.height);
        const fault = parts && replay.consensus.sealFault(parts);
        if (fault) finding(fault);
        return;
      }
      const { sealFault, headerFault, contentsFault, isJudged, weight, parts: read } = followed;
      weights.add(block, weight);
      if (sealFault) finding(sealFault);
      if (read.header.timestampMs > latestMs) {
        finding({ code: "block/timestamp-ahead", latestMs, actualMs: read.header.timestampMs });
      }
      if (!isJudged) return unjudged.add(block.height);
      if (headerFault) finding(headerFault);
      if (contentsFault) finding(contentsFault);
      if (!followed.isStateCommitted) nextTargetFinding(followed, report);
    },
    end() {
      weights.end();
      if (unjudged.isEmpty) return;
      report.cannotJudge(
        `whether the targets of ${unjudged.text} follow the retarget rule: the target before is not known`,
      );
    },
  };
};

function nextTargetFinding({ parts, stateHash }: FollowedBlock, report: CheckReport): void {
  report.finding({
    ...{ table: "blocks", row: `block ${parts.height}`, column: "consensus_state_hash" },
    ...{ expected: stateHash, found: toHex(parts.header.consensusStateHash) },
    meaning: "the header commits to another target of the next block than the retarget rule gives",
  });
}
