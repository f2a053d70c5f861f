/** What must hold when a simulation has ended, read from the disks alone. */
import { bytesEqual, toHex } from "../../src/base/bytes.ts";
import type { Clock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { Chain } from "../../src/chain/chain.ts";
import { createEngine } from "../../src/consensus/create-engine.ts";
import type { Entry } from "../../src/ledger/entry.ts";
import { LedgerState } from "../../src/ledger/ledger-state.ts";
import { decodeBlock } from "../../src/protocol/block.ts";
import { describeFault } from "../../src/protocol/faults.ts";
import { blockRewardAt, type ChainSpec } from "../../src/protocol/genesis.ts";
import type { ChainStore } from "../../src/store/chain-store.ts";
import { createInlineVerifier } from "../../src/verifier/verifier.ts";
import { createMemoryStore } from "../support/memory-store.ts";

type LedgerStore = Pick<ChainStore, "head" | "headerRecord" | "entries">;

/** The ledger on a disk adds up to its head's state root. */
export function ledgerViolations(store: LedgerStore): string[] {
  const { head } = store;
  if (!head) return ["the disk has no head"];
  const root = LedgerState.fromEntries(entriesOf(store)).stateRoot();
  const declared = store.headerRecord(head.hash)?.header.stateRoot;
  return declared && bytesEqual(root, declared) ? [] : [`the ledger at ${head.height} is not its header's`];
}

/** No AUR but the allocations and the rewards, mature or not, and of each asset exactly its supply. */
export function conservationViolations(entries: readonly Entry[], spec: ChainSpec, height: number): string[] {
  const violations: string[] = [];
  let expected = spec.genesis.allocations.reduce((sum, { amount }) => sum + amount, 0n);
  for (let block = 1; block <= height; block += 1) expected += blockRewardAt(spec.genesis, block);
  let total = 0n;
  const supplies = new Map<string, bigint>();
  for (const entry of entries) {
    if (entry.type === "account") total += entry.balance;
    if (entry.type === "reward") total += entry.amount;
    if (entry.type === "asset")
      supplies.set(entry.assetId, (supplies.get(entry.assetId) ?? 0n) + entry.supply);
    if (entry.type === "assetBalance") {
      supplies.set(entry.assetId, (supplies.get(entry.assetId) ?? 0n) - entry.balance);
    }
  }
  if (total !== expected) violations.push(`${total} units of AUR where ${expected} were made`);
  for (const [asset, missing] of supplies) {
    if (missing !== 0n) violations.push(`asset ${asset.slice(0, 8)} is off by ${missing}`);
  }
  return violations;
}

/** A fresh chain that knows only the spec takes every canonical block, by every rule, and ends at the same head. */
export async function replayViolations(store: ChainStore, spec: ChainSpec, nowMs: number): Promise<string[]> {
  const clock: Clock = { nowMs: () => nowMs, monotonicMs: () => 0, schedule: () => ({ cancel() {} }) };
  const chain = await Chain.open(
    { spec },
    {
      store: createMemoryStore(),
      engine: createEngine(spec),
      verifier: createInlineVerifier(),
      clock,
      logger: silentLogger,
    },
  );
  const height = store.head?.height ?? 0;
  for (let at = 1; at <= height; at += 1) {
    const hash = store.hashAtHeight(at);
    const bytes = hash && store.blockBytes(hash);
    if (!bytes) return [`the canonical block ${at} is not stored`];
    const decoded = decodeBlock(bytes);
    const imported = decoded.ok ? await chain.importBlock(decoded.value) : decoded;
    if (!imported.ok) return [`the canonical block ${at} does not verify: ${describeFault(imported.fault)}`];
  }
  const head = store.head?.hash;
  const isSame = head && bytesEqual(head, chain.head.hash);
  return isSame ? [] : [`replayed to ${chain.head.hashHex}, not ${head && toHex(head)}`];
}

export function entriesOf(store: Pick<ChainStore, "entries">): Entry[] {
  return Array.from(store.entries(), ([, entry]) => entry);
}
