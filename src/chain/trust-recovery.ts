/**
 * The way past a lost quorum, a weak-subjectivity checkpoint: operators declare one block final, and the authorities
 * that sealed lately go on from there. It is applied when the store is opened, or when the block is judged.
 */
import { bytesEqual, includesBytes, toHex } from "../base/bytes.ts";
import { invariant } from "../base/invariant.ts";
import type { Logger } from "../base/logger.ts";
import { ancestryOf } from "../consensus/ancestry.ts";
import { authoritiesOf, type ConsensusEngine, contentsOf } from "../consensus/engine.ts";
import { LedgerState } from "../ledger/ledger-state.ts";
import { type Block, decodeBlock, type HeaderRecord } from "../protocol/block.ts";
import { describeFault } from "../protocol/faults.ts";
import type { ChainSpec } from "../protocol/genesis.ts";
import { type ChainStore, StoreError } from "../store/chain-store.ts";
import { BlockTree } from "./block-tree.ts";

export interface TrustRecoveryModules {
  readonly store: ChainStore;
  readonly engine: ConsensusEngine;
  readonly logger: Logger;
}

/**
 * Applies the checkpoint to a store that has its block: writes the block's record with the authorities that remain, and
 * takes the chain back to the block. Blocks above it were judged under the old authorities. They stay in the store, but
 * `BlockTree` takes them for unknown, so they are judged anew when they come again. Does nothing if the block is not in
 * the store (it is then restated when it is judged), or if the checkpoint was applied before.
 *
 * @throws StoreError if the block is on another branch, or below a block that is final or certified here
 */
export async function recoverTrust(
  trusted: Uint8Array,
  spec: ChainSpec,
  { store, engine, logger }: TrustRecoveryModules,
): Promise<void> {
  const { authority } = engine;
  const record = store.headerRecord(trusted);
  const head = store.head && store.headerRecord(store.head.hash);
  if (!authority || !record || !head) return;
  const state = authority.recoveredState(record);
  if (bytesEqual(state.consensusState, record.consensusState)) return;
  const { height } = record.header;
  const tree = new BlockTree(store, { head, final: undefined });
  const next =
    "name a block of this node's own chain that is above all that are final or certified: aurex-node status";
  const what = `--trust-recovery ${record.hashHex} cannot be followed`;
  if (!tree.isCanonical(record)) {
    throw new StoreError("store/wrong-chain", `${what}: this node stands on another branch`, next);
  }
  if (store.final && height < store.final.height) {
    throw new StoreError("store/wrong-chain", `${what}: height ${store.final.height} is final here`, next);
  }
  const dropped = tree.path(head, record).disconnect;
  const [newest] = dropped;
  const certified = newest?.justifiedHeight ?? 0;
  if (certified >= height) {
    throw new StoreError("store/wrong-chain", `${what}: height ${certified} is certified here`, next);
  }
  const strandingAt = strandingBlock({ ...record, ...state }, dropped.toReversed(), { store, engine, tree });
  if (strandingAt) {
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
 * The first block above the trusted one that a remaining authority has sealed, and that is not valid under the remaining
 * set: for instance with a vote to remove an authority that is out already. An authority signs one block on each parent,
 * so it could never go on from there. Undefined if there is no such block.
 *
 * @param above the chain above the trusted block, lowest first
 */
function strandingBlock(
  trusted: HeaderRecord,
  above: readonly HeaderRecord[],
  { store, engine, tree }: Pick<TrustRecoveryModules, "store" | "engine"> & { readonly tree: BlockTree },
): { readonly height: number; readonly reason: string } | undefined {
  const restated = new Map([[trusted.hashHex, trusted]]);
  const ancestry = ancestryOf((hash) => restated.get(toHex(hash)) ?? tree.get(hash));
  let parent = trusted;
  for (const record of above) {
    const { header, hashHex } = record;
    // An authority that is out seals nothing any more: the others may seal on this parent.
    if (!includesBytes(authoritiesOf(engine, parent), header.producer)) return undefined;
    const { height } = header;
    const fault = engine.verifyHeader(header, parent);
    if (fault) return { height, reason: describeFault(fault) };
    const advanced = engine.advance(contentsOf(storedBlock(store, record.hash)), parent, ancestry);
    if (!advanced.ok) return { height, reason: describeFault(advanced.fault) };
    parent = { ...record, ...advanced.value };
    restated.set(hashHex, parent);
  }
  return undefined;
}

function storedBlock(store: ChainStore, hash: Uint8Array): Block {
  const bytes = store.blockBytes(hash);
  const block = bytes && decodeBlock(bytes);
  invariant(block?.ok, "a stored block decodes");
  return block.value;
}
