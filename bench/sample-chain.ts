/** Chains to measure with: funded accounts, really signed transfers, and valid Proof of Authority blocks. */
import { compareBytes, concatBytes, toHex } from "../src/base/bytes.ts";
import { ancestryOf } from "../src/consensus/ancestry.ts";
import { createEngine } from "../src/consensus/create-engine.ts";
import type { ConsensusEngine } from "../src/consensus/engine.ts";
import { applyBlock } from "../src/ledger/apply-block.ts";
import { genesisBlockOf, genesisEntries } from "../src/ledger/genesis-state.ts";
import { ledgerContext } from "../src/ledger/ledger-context.ts";
import { LedgerState } from "../src/ledger/ledger-state.ts";
import {
  assembleBlock,
  type Block,
  blockHash,
  blockVersion,
  emptyConsensusRoot,
  emptyConsensusSection,
  type Header,
  type HeaderRecord,
  headerRoot,
  transactionsRoot,
} from "../src/protocol/block.ts";
import { type ChainSpecJson, chainSpecFrom } from "../src/protocol/chain-spec-json.ts";
import type { ChainSpec } from "../src/protocol/genesis.ts";
import { sealDomain, sha256, zeroBytes32 } from "../src/protocol/hashing.ts";
import { addressOf } from "../src/protocol/identity.ts";
import { type KeyPair, keyPairFromSeed, sign } from "../src/protocol/signing.ts";
import { type DecodedTransaction, signTransaction } from "../src/protocol/transaction.ts";

/** The key with this number: the same in every process. */
export function keyOf(number: number): KeyPair {
  const seed = new Uint8Array(32).fill(0xa5);
  new DataView(seed.buffer).setUint32(0, number);
  return keyPairFromSeed(seed);
}

export function keysFrom(first: number, count: number): KeyPair[] {
  return Array.from({ length: count }, (_, index) => keyOf(first + index));
}

/** A chain whose authorities are these, with the built-in timing unless told, and a million AUR for each funded account. */
export function poaSpec(
  authorities: readonly KeyPair[],
  funded: readonly KeyPair[],
  timing: Pick<ChainSpecJson, "periodMs" | "stepMs"> = {},
): ChainSpec {
  const spec = chainSpecFrom({
    name: "bench",
    consensus: "poa",
    timestamp: "2024-01-01T00:00:00.000Z",
    salt: "bc".repeat(32),
    ...timing,
    authorities: authorities
      .map(({ publicKey }) => publicKey)
      .sort(compareBytes)
      .map(addressOf),
    allocations: Object.fromEntries(funded.map(({ publicKey }) => [addressOf(publicKey), "1000000"])),
  });
  if (!spec.ok) throw new Error(`the spec cannot be: ${spec.fault.field} ${spec.fault.reason}`);
  return spec.value;
}

export function signedTransfer(
  from: KeyPair,
  to: KeyPair,
  sequence: number,
  { chainId }: ChainSpec,
): DecodedTransaction {
  const payload = {
    kind: "transfer" as const,
    to: to.publicKey,
    assetId: zeroBytes32,
    amount: 1n,
    memo: new Uint8Array(0),
  };
  return signTransaction({ payload, sequence, fee: 0n, validUntil: 0, timestampMs: 0 }, from, chainId);
}

/** Builds blocks of one authority's chain, one on the other; keeps the ledger, not the blocks. */
export class BlockBuilder {
  readonly spec: ChainSpec;
  readonly #authority: KeyPair;
  readonly #ledger: LedgerState;
  readonly #engine: ConsensusEngine;
  #parent: HeaderRecord;

  constructor(spec: ChainSpec, authority: KeyPair) {
    this.spec = spec;
    this.#authority = authority;
    this.#ledger = LedgerState.fromEntries(genesisEntries(spec.genesis));
    this.#engine = createEngine(spec);
    const genesis = genesisBlockOf(spec);
    this.#parent = { ...genesis, cumulativeWeight: 0n, ...this.#engine.genesisState(genesis) };
  }

  /** The next block; its time is the earliest that the chain allows, long past. */
  next(transactions: readonly DecodedTransaction[]): Block {
    const { genesis, chainId } = this.spec;
    const parent = this.#parent;
    const height = parent.header.height + 1;
    const producer = this.#authority.publicKey;
    const context = ledgerContext({ height, producer }, genesis);
    const change = applyBlock(this.#ledger, context, transactions, []);
    if (!change.ok) throw new Error(`a sample block is invalid: ${change.fault.code}`);
    const draft = this.#ledger.draft();
    draft.apply(change.value);
    const timestampMs = parent.header.timestampMs + genesis.periodMs;
    const contents = { height, timestampMs, producer, transactions, consensusSection: emptyConsensusSection };
    const state = this.#engine.advance(
      contents,
      parent,
      ancestryOf(() => undefined),
    );
    if (!state.ok) throw new Error(`a sample block is invalid: ${state.fault.code}`);
    const header: Header = {
      version: blockVersion,
      chainId,
      height,
      parentHash: parent.hash,
      timestampMs,
      producer,
      transactionsRoot: transactionsRoot(transactions),
      transactionCount: transactions.length,
      stateRoot: draft.stateRoot(),
      consensusRoot: emptyConsensusRoot,
      consensusStateHash: sha256(state.value.consensusState),
      target: zeroBytes32,
      extraData: zeroBytes32,
    };
    this.#ledger.commit(draft);
    const hash = blockHash(headerRoot(header), zeroBytes32);
    const signature = sign(concatBytes([sealDomain, hash]), this.#authority);
    const block = assembleBlock(header, { nonce: zeroBytes32, signature }, transactions);
    const { hashHex, seal } = block;
    this.#parent = { hash, hashHex, header, seal, cumulativeWeight: 0n, ...state.value };
    return block;
  }

  /** The sequence that an account's next transaction has. */
  sequenceOf(key: KeyPair): number {
    return this.#ledger.account(toHex(key.publicKey))?.sequence ?? 0;
  }
}

/** A chain of one authority, block after block with a transfer of each sender to a receiver of its own. */
export function transferChain(transfersPerBlock: number): { readonly spec: ChainSpec; next(): Block } {
  const authority = keyOf(0);
  const senders = keysFrom(1, transfersPerBlock);
  const receivers = keysFrom(1 + transfersPerBlock, transfersPerBlock);
  const spec = poaSpec([authority], [...senders, ...receivers]);
  const builder = new BlockBuilder(spec, authority);
  const next = () =>
    builder.next(
      senders.map((sender, index) =>
        signedTransfer(sender, receivers[index] as KeyPair, builder.sequenceOf(sender), spec),
      ),
    );
  return { spec, next };
}
