/** The way past a lost quorum: an operator declares one block final, and who sealed lately goes on from there. */
import { bytesEqual, includesBytes, toHex } from "../base/bytes.ts";
import { invariant } from "../base/invariant.ts";
import type { Logger } from "../base/logger.ts";
import { ancestryOf } from "../consensus/ancestry.ts";
import { authoritiesOf, type ConsensusEngine } from "../consensus/engine.ts";
import { LedgerState } from "../ledger/ledger-state.ts";
import { type Block, decodeBlock, type HeaderRecord } from "../protocol/block.ts";
import { describeFault } from "../protocol/faults.ts";
import type { ChainSpec } from "../protocol/genesis.ts";
import { type ChainStore, StoreError } from "../store/chain-store.ts";

export interface TrustRecoveryModules {
  readonly store: ChainStore;
  readonly engine: ConsensusEngine;
  readonly logger: Logger;
}

/**
 * Restates the trusted block in the store and takes the chain back to it: what was sealed above it was judged by other
 * authorities, and is judged anew when it comes again. Does nothing where the block is not here yet (it is restated when it is imported), or was restated before.
 *
 * @throws StoreError where the block lies below what is final or certified here, or on another branch
 */
export async function recoverTrust(
  trusted: Uint8Array,
  spec: ChainSpec,
  { store, engine, logger }: TrustRecoveryModules,
): Promise<void> {
  const record = store.headerRecord(trusted);
  if (!record) return;
  const { authority } = engine;
  if (!authority) return;
  const state = authority.recoveredState(record);
  if (bytesEqual(state.consensusState, record.consensusState)) return;
  const { height } = record.header;
  const canonical = store.hashAtHeight(height);
  const next =
    "name a block of this node's own chain that is above all that are final or certified: aurex-node status";
  const what = `--trust-recovery ${record.hashHex} cannot be followed`;
  if (!canonical || !bytesEqual(canonical, trusted)) {
    throw new StoreError("store/wrong-chain", `${what}: this node stands on another branch`, next);
  }
  if (store.final && height < store.final.height) {
    throw new StoreError("store/wrong-chain", `${what}: height ${store.final.height} is final here`, next);
  }
  const dropped = canonicalAbove(store, height);
  const certified = dropped[0]?.justifiedHeight ?? 0;
  if (certified >= height) {
    throw new StoreError("store/wrong-chain", `${what}: height ${certified} is certified here`, next);
  }
  const strandingAt = strandingBlock({ ...record, ...state }, dropped.toReversed(), { store, engine });
  if (strandingAt) {
    const [newest] = dropped;
    throw new StoreError(
      "store/wrong-chain",
      `${what}: block ${strandingAt.height} above it would not be valid any more (${strandingAt.reason}), and its producer may not seal another one in its place`,
      `start every node with --trust-recovery ${newest?.hashHex}: the newest block of this chain`,
    );
  }
  const ledger = LedgerState.fromEntries([...store.entries()].map(([, entry]) => entry));
  const draft = ledger.draft();
  for (const { hash } of dropped) {
    const change = store.stateChange(hash);
    invariant(change, "a canonical block has an undo record");
    draft.revert(change);
  }
  await store.commit({
    blocks: [],
    disconnected: dropped.map(({ hash, header }) => ({
      hash,
      height: header.height,
      transactions: storedBlock(store, hash).transactions,
    })),
    connected: [],
    entries: draft.changedEntries(),
    head: { hash: trusted, height, entryCount: draft.entryCount },
    invalid: [],
    final: { height, hash: trusted },
    restated: [{ ...record, ...state }],
  });
  const authorities = authority.setAt({ ...record, ...state }).map(toHex);
  logger.warn(
    { chain: spec.name, height, hash: record.hashHex, authorities, dropped: dropped.length },
    "trust recovery: the operator has declared this block final; the authorities that sealed lately go on from it",
  );
}

/**
 * The first block above the trusted one that an authority which remains has sealed, and that the recovered set of
 * authorities makes invalid: for instance a vote to remove who is out already. An authority signs one block on each
 * parent, so it could never go on from there. Undefined if there is none.
 *
 * @param above the chain above the trusted block, lowest first
 */
function strandingBlock(
  trusted: HeaderRecord,
  above: readonly HeaderRecord[],
  { store, engine }: Pick<TrustRecoveryModules, "store" | "engine">,
): { readonly height: number; readonly reason: string } | undefined {
  const restated = new Map([[trusted.hashHex, trusted]]);
  const ancestry = ancestryOf((hash) => restated.get(toHex(hash)) ?? store.headerRecord(hash));
  let parent = trusted;
  for (const record of above) {
    const { header, hashHex } = record;
    // Whoever is out by now seals nothing any more, and leaves this parent to the others.
    if (!includesBytes(authoritiesOf(engine, parent), header.producer)) return undefined;
    const { transactions, consensusSection } = storedBlock(store, record.hash);
    const { height, timestampMs, producer } = header;
    const contents = { height, timestampMs, producer, transactions, consensusSection };
    const advanced = engine.advance(contents, parent, ancestry);
    const fault = engine.verifyHeader(header, parent) ?? (advanced.ok ? undefined : advanced.fault);
    if (fault || !advanced.ok) return { height, reason: fault ? describeFault(fault) : "" };
    parent = { ...record, ...advanced.value };
    restated.set(hashHex, parent);
  }
  return undefined;
}

/** Highest first. */
function canonicalAbove(store: ChainStore, height: number): HeaderRecord[] {
  const above: HeaderRecord[] = [];
  for (let at = height + 1; ; at += 1) {
    const hash = store.hashAtHeight(at);
    const record = hash && store.headerRecord(hash);
    if (!record) return above.reverse();
    above.push(record);
  }
}

function storedBlock(store: ChainStore, hash: Uint8Array): Block {
  const bytes = store.blockBytes(hash);
  const block = bytes && decodeBlock(bytes);
  invariant(block?.ok, "a stored block decodes");
  return block.value;
}
