/** Check 8: the whole ledger executed again, and its root after every block against the header. */
import { toHex } from "../../base/bytes.ts";
import { genesisBlockOf } from "../../ledger/genesis-state.ts";
import type { LedgerState } from "../../ledger/ledger-state.ts";
import { uint64Max } from "../../protocol/codec.ts";
import { blockRewardAt, type Genesis } from "../../protocol/genesis.ts";
import type { ChainCheck, ChainCheckContext, ChainCheckFactory } from "../chain-check.ts";
import { HeightRanges } from "../height-ranges.ts";
import type { LedgerBlock } from "../ledger-block.ts";
import { type ChainReplay, replayOf } from "../replay/chain-replay.ts";
import type { ExecutedBlock } from "../replay/ledger-replay.ts";
import type { ReadBlock } from "../replay/read-block.ts";
import { transactionFinding } from "./block-faults.ts";

export const stateCheck: ChainCheckFactory = (context) => new StateCheck(context);

class StateCheck implements ChainCheck {
  readonly name = "state" as const;
  readonly #context: ChainCheckContext;
  readonly #replay: ChainReplay;
  readonly #unjudged = new HeightRanges();
  /** AUR by the genesis and the reward schedule, up to the last block. */
  #issuedUnits: bigint;

  constructor(context: ChainCheckContext) {
    this.#context = context;
    this.#replay = replayOf(context);
    this.#issuedUnits = allocatedUnits(context.spec.genesis);
  }

  block(block: LedgerBlock): void {
    const replayed = this.#replay.at(block);
    const { parts } = replayed;
    const { height } = block;
    if (height === 0) {
      this.#genesis(parts);
      return;
    }
    this.#issuedUnits += blockRewardAt(this.#context.spec.genesis, height);
    const executed = this.#replay.execute(replayed);
    if (parts && executed) this.#judge(parts, executed);
    else this.#unjudged.add(height);
  }

  end(): void {
    const { report } = this.#context;
    const ledger = this.#replay.ledger.known;
    if (ledger) this.#supply(ledger);
    if (this.#unjudged.isEmpty) return;
    report.cannotJudge(`the ledger after ${this.#unjudged.text}: the ledger before is not known`);
  }

  #genesis(parts: ReadBlock | undefined): void {
    const expected = toHex(genesisBlockOf(this.#context.spec).header.stateRoot);
    const found = parts && toHex(parts.header.stateRoot);
    if (found === expected) return;
    this.#rootFinding(0, expected, found, "block 0 does not commit to what its genesis allocates");
  }

  #judge(parts: ReadBlock, { isJudged, refused, isRootCommitted, stateRoot }: ExecutedBlock): void {
    const { report } = this.#context;
    report.looked(parts.transactions.length);
    if (!isJudged) {
      // A ledger that the header commits to is known again, whatever stood in the blocks before.
      if (!isRootCommitted) this.#unjudged.add(parts.height);
      return;
    }
    // What does not decode is missing in the ledger: then nothing says that the rest is wrong.
    if (!parts.isWhole) {
      if (!isRootCommitted) this.#unjudged.add(parts.height);
      return;
    }
    for (const { position, fault } of refused) {
      report.finding(transactionFinding(parts.height, position, fault));
    }
    if (isRootCommitted) return;
    const meaning = "the transactions up to the block do not make the ledger that its header commits to";
    this.#rootFinding(parts.height, stateRoot, toHex(parts.header.stateRoot), meaning);
  }

  #rootFinding(height: number, expected: string, found: string | undefined, meaning: string): void {
    this.#context.report.finding({
      ...{ table: "blocks", row: `block ${height}`, column: "state_root", expected, found, meaning },
    });
  }

  /** What all accounts have, mature or not, is what came into being, of every asset. */
  #supply(ledger: LedgerState): void {
    const held = new Map<string, bigint>();
    const add = (asset: string, units: bigint) => held.set(asset, (held.get(asset) ?? 0n) + units);
    const issued = new Map([["AUR", this.#issuedUnits]]);
    for (let index = 0; index < ledger.entryCount; index += 1) {
      const entry = ledger.entryAt(index);
      if (entry.type === "account") add("AUR", entry.balance);
      else if (entry.type === "reward") add("AUR", entry.amount);
      else if (entry.type === "assetBalance") add(entry.assetId, entry.balance);
      else if (entry.type === "asset") issued.set(entry.assetId, entry.supply);
    }
    for (const [asset, expected] of issued) {
      const found = held.get(asset) ?? 0n;
      // A full account is paid no more than it can hold: what does not fit is not created.
      const mayBeLess = asset === "AUR" && expected > uint64Max;
      if (found === expected || (mayBeLess && found < expected)) continue;
      this.#context.report.finding({
        ...{ table: "supply", row: `asset ${asset}`, column: null, expected, found },
        meaning: "what all accounts have of the asset is not what was issued of it",
      });
    }
  }
}

export function allocatedUnits({ allocations }: Genesis): bigint {
  return allocations.reduce((sum, { amount }) => sum + amount, 0n);
}
