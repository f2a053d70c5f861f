/** Chains made by hand for the export's tests: real keys, transactions and blocks; state roots and seals unverified. */
import { fromUtf8, toHex } from "../../src/base/bytes.ts";
import type { AuthorityChange } from "../../src/consensus/engine.ts";
import type { LedgerSource } from "../../src/export/ledger-source.ts";
import {
  assembleBlock,
  type Block,
  blockVersion,
  emptyConsensusRoot,
  transactionsRoot,
} from "../../src/protocol/block.ts";
import type { Certificate } from "../../src/protocol/certificate.ts";
import type { Checkpoint } from "../../src/protocol/checkpoint.ts";
import {
  admissionNumbers,
  type ChainSpec,
  type ConsensusName,
  chainSpecOf,
  easiestTargetOf,
  engineNumbers,
  genesisBlock,
} from "../../src/protocol/genesis.ts";
import { sealDomain, zeroBytes32 } from "../../src/protocol/hashing.ts";
import { type KeyPair, keyPairFromSeed, sign } from "../../src/protocol/signing.ts";
import { type DecodedTransaction, type Payload, signTransaction } from "../../src/protocol/transaction.ts";

export function keyOf(number: number): KeyPair {
  const seed = new Uint8Array(32).fill(7);
  new DataView(seed.buffer).setUint32(0, number);
  return keyPairFromSeed(seed);
}

export function specOf(consensus: ConsensusName, salt = 1): ChainSpec {
  const isWork = consensus === "pow";
  const spec = chainSpecOf({
    version: 2,
    name: fromUtf8(`test-${consensus}`),
    engine: engineNumbers[consensus],
    timestampMs: 1_705_228_200_123,
    easiestTarget: isWork ? easiestTargetOf(1) : zeroBytes32,
    targetBlockTimeMs: isWork ? 5_000 : 0,
    minimumIntervalMs: isWork ? 1_000 : 0,
    retargetHalfLifeMs: isWork ? 60_000 : 0,
    periodMs: isWork ? 0 : 2_000,
    stepMs: isWork ? 0 : 1_000,
    heartbeatMs: isWork ? 0 : 30_000,
    admission: isWork ? 0 : admissionNumbers.vote,
    joinWindowMs: 0,
    authorities: isWork ? [] : [keyOf(1).publicKey],
    allocations: [{ account: keyOf(100).publicKey, amount: 5_000_000_000_000_000n }],
    minimumFee: 0n,
    blockReward: 5_000_000_000n,
    halvingIntervalBlocks: 0,
    rewardMaturityBlocks: isWork ? 2 : 0,
    blockBytesMax: 1024 * 1024,
    blockTransactionsMax: 8192,
    salt: new Uint8Array(32).fill(salt),
  });
  if (!spec.ok) throw new Error(spec.fault.reason);
  return spec.value;
}

/** A chain whose head the test moves; unlike a real one it never judges. */
export class SyntheticChain implements LedgerSource {
  readonly spec: ChainSpec;
  readonly #blocks = new Map<string, Block>();
  #canonical: Block[];
  /** As the test says. */
  final: Checkpoint | undefined;
  /** As the test says. */
  certificate: Certificate | undefined;
  finalCertificate = () => this.certificate;
  /** As the test says, by the hash of the block in hex; this chain judges no votes. */
  readonly changes = new Map<string, readonly AuthorityChange[]>();

  constructor(consensus: ConsensusName, salt = 1) {
    this.spec = specOf(consensus, salt);
    this.#canonical = [genesisBlock(this.spec, zeroBytes32)];
    this.#remember();
  }

  get head(): { header: Block["header"] } {
    return { header: (this.#canonical.at(-1) as Block).header };
  }

  get canonical(): readonly Block[] {
    return this.#canonical;
  }

  hashAtHeight(height: number): Uint8Array | undefined {
    return this.#canonical[height]?.hash;
  }

  block(hash: Uint8Array): Block | undefined {
    return this.#blocks.get(toHex(hash));
  }

  headerOf(hash: Uint8Array): { cumulativeWeight: bigint } | undefined {
    const block = this.block(hash);
    return block && { cumulativeWeight: BigInt(block.header.height) };
  }

  authorityChanges({ header, hashHex }: Block): readonly AuthorityChange[] {
    const founders = header.height === 0 ? this.spec.genesis.authorities : [];
    return this.changes.get(hashHex) ?? founders.map((authority) => ({ authority, change: "added" }));
  }

  sign(
    sender: KeyPair,
    payload: Payload,
    sequence = 0,
    fee = 0n,
    timestampMs = 1_705_228_300_456,
  ): DecodedTransaction {
    return signTransaction({ payload, sequence, fee, validUntil: 0, timestampMs }, sender, this.spec.chainId);
  }

  /** Puts a block on the head and seals it: mined to one leading zero, or signed. */
  append(producer: KeyPair, transactions: readonly DecodedTransaction[], note = 0, laterMs = 5_000): Block {
    const parent = this.#canonical.at(-1) as Block;
    const extraData = new Uint8Array(32);
    new DataView(extraData.buffer).setUint32(0, note);
    const header = {
      version: blockVersion,
      chainId: this.spec.chainId,
      height: parent.header.height + 1,
      parentHash: parent.hash,
      timestampMs: parent.header.timestampMs + laterMs,
      producer: producer.publicKey,
      transactionsRoot: transactionsRoot(transactions),
      transactionCount: transactions.length,
      stateRoot: zeroBytes32,
      consensusRoot: emptyConsensusRoot,
      consensusStateHash: zeroBytes32,
      target: this.spec.genesis.easiestTarget,
      extraData,
    };
    const block =
      this.spec.consensus === "pow" ? mined(header, transactions) : signed(header, transactions, producer);
    this.#canonical.push(block);
    this.#remember();
    return block;
  }

  /** Makes the block at `height` the head; what stood above it is still stored. */
  rewindTo(height: number): void {
    this.#canonical = this.#canonical.slice(0, height + 1);
  }

  /** Changes the head to a branch that was canonical before. */
  switchTo(canonical: readonly Block[]): void {
    this.#canonical = [...canonical];
  }

  #remember(): void {
    const block = this.#canonical.at(-1) as Block;
    this.#blocks.set(block.hashHex, block);
  }
}

function mined(header: Block["header"], transactions: readonly DecodedTransaction[]): Block {
  const nonce = new Uint8Array(32);
  for (let counter = 0; counter < 10_000; counter += 1) {
    new DataView(nonce.buffer).setBigUint64(0, BigInt(counter), true);
    // The body does not change the hash: try headers alone.
    const attempt = assembleBlock(header, { nonce, signature: new Uint8Array(0) }, []);
    if (attempt.hashHex.startsWith("0")) {
      return assembleBlock(header, { nonce: nonce.slice(), signature: new Uint8Array(0) }, transactions);
    }
  }
  throw new Error("no nonce found");
}

function signed(
  header: Block["header"],
  transactions: readonly DecodedTransaction[],
  producer: KeyPair,
): Block {
  const unsigned = assembleBlock(header, { nonce: zeroBytes32, signature: new Uint8Array(0) }, transactions);
  const signature = sign(new Uint8Array([...sealDomain, ...unsigned.hash]), producer);
  return assembleBlock(header, { nonce: zeroBytes32, signature }, transactions);
}

export function transfer(to: KeyPair, amount: bigint, memo = "", assetId: Uint8Array = zeroBytes32): Payload {
  return { kind: "transfer", to: to.publicKey, amount, memo: fromUtf8(memo), assetId };
}

export function record(data: string): Payload {
  return { kind: "record", data: fromUtf8(data) };
}

export function registerUser(name: string): Payload {
  return { kind: "registerUser", name: fromUtf8(name) };
}

export function issueAsset(symbol: string, decimals: number, supply: bigint): Payload {
  return {
    kind: "issueAsset",
    symbol: fromUtf8(symbol),
    name: fromUtf8(`${symbol} coin`),
    decimals,
    supply,
    metadata: fromUtf8(`about ${symbol}`),
  };
}
