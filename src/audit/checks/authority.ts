/** Check 5, Proof of Authority: who sealed and when, votes and evidence, what they make of the set, and what is final. */
import { toHex } from "../../base/bytes.ts";
import type { AuthorityChange } from "../../consensus/engine.ts";
import type { HeaderRecord } from "../../protocol/block.ts";
import type { BlockFault } from "../../protocol/faults.ts";
import { addressOf, nodeIdOf } from "../../protocol/identity.ts";
import type { ChainCheck, ChainCheckContext, ChainCheckFactory } from "../chain-check.ts";
import { HeightRanges } from "../height-ranges.ts";
import type { LedgerBlock } from "../ledger-block.ts";
import { type ChainReplay, replayOf } from "../replay/chain-replay.ts";
import type { FollowedBlock } from "../replay/consensus-replay.ts";
import type { ReadBlock } from "../replay/read-block.ts";
import type { FoundRecovery } from "../replay/recovery-search.ts";
import { faultFinding } from "./block-faults.ts";
import { FinalityClaim } from "./finality-claim.ts";
import { compareRows, extraRow } from "./row-differences.ts";
import { WeightSum } from "./weight-sum.ts";

export const authorityCheck: ChainCheckFactory = (context) =>
  context.spec.consensus === "poa" ? new AuthorityCheck(context) : withoutAuthorities(context);

/** Proof of Work has neither authorities nor finality: the file may say nothing of them. */
function withoutAuthorities({ meta, report }: ChainCheckContext): ChainCheck {
  report.doesNotApply("Proof of Work has no authorities");
  return {
    name: "authority",
    block: ({ authorityRows }) => {
      for (const row of authorityRows) extraRow("authority_changes", "account", row, report);
    },
    end: () => {
      for (const column of ["final_index", "final_hash", "final_certificate"]) {
        const found = meta[column];
        if (found === null || found === undefined) continue;
        report.finding({
          ...{ table: "meta", row: `chain ${meta.chain_id}`, column, expected: null, found },
          meaning: "no block of a Proof of Work chain is final",
        });
      }
    },
  };
}

class AuthorityCheck implements ChainCheck {
  readonly name = "authority" as const;
  readonly #context: ChainCheckContext;
  readonly #replay: ChainReplay;
  readonly #weights: WeightSum;
  readonly #final: FinalityClaim;
  readonly #unjudged = new HeightRanges();

  constructor(context: ChainCheckContext) {
    const { report } = context;
    this.#context = context;
    this.#replay = replayOf(context);
    this.#weights = new WeightSum(report, "what the turns of the producers up to the block weigh");
    this.#final = new FinalityClaim(context);
    this.#replay.onInvalidSeal = ({ height, header }) =>
      report.finding({
        ...{ table: "blocks", row: `block ${height}`, column: "seal_signature" },
        ...{ expected: `a signature of ${nodeIdOf(header.producer)}`, found: "one that does not hold" },
        meaning: "the block was not sealed by the authority that it names",
      });
    this.#replay.onInvalidVote = ({ height }, voter) =>
      report.finding({
        ...{ table: "blocks", row: `block ${height}`, column: "consensus_bytes" },
        ...{ expected: `a vote of ${nodeIdOf(voter)}`, found: "a signature that does not hold" },
        meaning: "the finality certificate in the block names an authority that did not vote for it",
      });
  }

  block(block: LedgerBlock): void {
    const { followed, parts } = this.#replay.at(block);
    this.#final.block(block, parts);
    if (block.height === 0) {
      this.#weights.begin(block);
      this.#compareChanges(block, this.#genesisChanges());
    } else if (followed) this.#judge(block, followed);
    else {
      this.#weights.interrupt(block);
      this.#unjudged.add(block.height);
      if (parts) this.#sealAlone(parts);
    }
  }

  end(): void {
    this.#weights.end();
    this.#final.end(this.#replay);
    if (this.#unjudged.isEmpty) return;
    this.#context.report.cannotJudge(
      `who the authorities of ${this.#unjudged.text} were: the state before is not known`,
    );
  }

  #judge(block: LedgerBlock, followed: FollowedBlock): void {
    const { parts, sealFault, headerFault, contentsFault, isStateCommitted, isJudged } = followed;
    if (sealFault) this.#fault(block.height, sealFault);
    if (followed.recovery) this.#recovered(followed.recovery, block.height);
    if (isJudged) this.#weights.add(block, followed.weight);
    else this.#weights.interrupt(block);
    this.#ofFuture(parts);
    if (!isJudged) {
      this.#unjudged.add(block.height);
      return;
    }
    if (headerFault) this.#fault(block.height, headerFault);
    if (contentsFault) this.#fault(block.height, contentsFault);
    if (isStateCommitted) {
      this.#compareChanges(block, this.#changesOf(followed));
      return;
    }
    // What does not decode may have held votes: then nothing says that the header is wrong.
    if (!parts.isWhole) {
      this.#unjudged.add(block.height);
      return;
    }
    this.#context.report.finding({
      ...{ table: "blocks", row: `block ${block.height}`, column: "consensus_state_hash" },
      ...{ expected: followed.stateHash, found: toHex(parts.header.consensusStateHash) },
      meaning:
        "votes, evidence and certificates up to the block do not make the authorities and the finality that it commits to",
    });
  }

  #fault(height: number, fault: BlockFault): void {
    this.#context.report.finding(faultFinding(height, fault));
  }

  #sealAlone(parts: ReadBlock): void {
    const fault = this.#replay.consensus.sealFault(parts);
    if (fault) this.#fault(parts.height, fault);
  }

  #ofFuture({ height, header }: ReadBlock): void {
    const { nowMs } = this.#context;
    if (nowMs === undefined) return;
    const latestMs = nowMs + this.#replay.consensus.engine.aheadDoubtMs;
    if (header.timestampMs <= latestMs) return;
    this.#fault(height, { code: "block/timestamp-ahead", latestMs, actualMs: header.timestampMs });
  }

  /** No quorum made that block final: whoever trusts the file has to trust the operators who said so. */
  #recovered({ recovery, restated }: FoundRecovery, height: number): void {
    const { report, trustedHashes = [] } = this.#context;
    const { engine } = this.#replay.consensus;
    const above = restated
      .slice(1)
      .map(({ header }, index) => engine.weight(header, restated[index] as HeaderRecord));
    this.#weights.restate(recovery.height, above);
    const hash = toHex(recovery.hash);
    if (trustedHashes.includes(hash)) {
      report.note(`block ${recovery.height} was declared final by operators: ${hash} is trusted`);
      return;
    }
    report.finding({
      ...{ table: "blocks", row: `block ${recovery.height}`, column: "hash" },
      ...{ expected: "a certificate of a quorum, or a hash that you trust", found: hash },
      meaning: `block ${height} rests on operators having declared this block final without a quorum: ask them, and then name it with --trust-recovery`,
    });
  }

  #genesisChanges(): readonly AuthorityChange[] {
    return this.#context.spec.genesis.authorities.map((authority) => ({ authority, change: "added" }));
  }

  #changesOf({ committedParent, record, parts }: FollowedBlock): readonly AuthorityChange[] {
    return this.#replay.consensus.engine.authority?.changes(committedParent, record, parts.section) ?? [];
  }

  #compareChanges({ height, authorityRows }: LedgerBlock, changes: readonly AuthorityChange[]): void {
    if (changes.length === 0 && authorityRows.length === 0) return;
    const { chainId, report } = this.#context;
    report.looked(authorityRows.length);
    const expected = changes.map(({ authority, change }) => ({
      chain_id: chainId,
      block_id: BigInt(height),
      account: addressOf(authority),
      node_id: nodeIdOf(authority),
      change,
      origin: height === 0 ? "genesis" : "chain",
    }));
    const source = `block ${height}`;
    compareRows({ table: "authority_changes", key: "account", source }, expected, authorityRows, report);
  }
}
