/** A long Proof of Authority chain as a reader without bodies needs it: headers, states, certificates, changes of the set. */
import { bytesEqual, concatBytes } from "../src/base/bytes.ts";
import { ancestryOf } from "../src/consensus/ancestry.ts";
import { createEngine } from "../src/consensus/create-engine.ts";
import type { BlockContents, ConsensusEngine } from "../src/consensus/engine.ts";
import { certificateOf } from "../src/consensus/finality/certify.ts";
import { authorityStateOf } from "../src/consensus/poa/authority-state.ts";
import { genesisBlockOf } from "../src/ledger/genesis-state.ts";
import type { LightSource } from "../src/light/light-source.ts";
import { signConsent } from "../src/protocol/authority-consent.ts";
import {
  blockHash,
  blockVersion,
  type ConsensusSection,
  consensusRoot,
  type Header,
  type HeaderRecord,
  headerRoot,
  transactionsRoot,
} from "../src/protocol/block.ts";
import { type Certificate, quorumOf } from "../src/protocol/certificate.ts";
import type { ChainSpec } from "../src/protocol/genesis.ts";
import { sealDomain, sha256, zeroBytes32 } from "../src/protocol/hashing.ts";
import { type KeyPair, sign } from "../src/protocol/signing.ts";
import { authorityActions, signTransaction } from "../src/protocol/transaction.ts";
import { signVote } from "../src/protocol/vote.ts";
import { keyOf, keysFrom, poaSpec } from "./sample-chain.ts";

const members = keysFrom(0, 7);
const candidate = keyOf(7);
const everyone = [...members, candidate];

interface LightBlock {
  readonly record: HeaderRecord;
  readonly section: ConsensusSection;
}

export class LightChain {
  readonly spec: ChainSpec = poaSpec(members, []);
  readonly #engine: ConsensusEngine = createEngine(this.spec);
  readonly #blocks: LightBlock[];
  readonly #sequences = new Map<KeyPair, number>();
  #isIn = false;

  constructor() {
    const genesis = genesisBlockOf(this.spec);
    const record = { ...genesis, cumulativeWeight: 0n, ...this.#engine.genesisState(genesis) };
    this.#blocks = [{ record, section: genesis.consensusSection }];
  }

  get height(): number {
    return this.#blocks.length - 1;
  }

  /** Blocks of which each certifies its parent. */
  grow(blocks: number): void {
    for (let count = 0; count < blocks; count += 1) this.#append(false);
  }

  /** One more seat, or one less, in the same number of blocks. */
  change(): void {
    this.#append(true);
    this.#isIn = !this.#isIn;
    this.grow(3);
  }

  /** The chain as a node hands it out, with the head certified by votes. */
  source(): LightSource {
    const { record: head } = this.#blocks.at(-1) as LightBlock;
    const newestCertificate = this.#certificate(head);
    return {
      head,
      newestCertificate,
      certificateOf: (hash) => (bytesEqual(hash, head.hash) ? newestCertificate : undefined),
      recordAt: (height) => this.#blocks[height]?.record,
      sectionAt: (height) => this.#blocks[height]?.section,
      contentsAt: () => undefined,
      advance: () => undefined,
    };
  }

  #append(asksForChange: boolean): void {
    const { record: parent } = this.#blocks.at(-1) as LightBlock;
    const { chainId, genesis } = this.spec;
    const { height: parentHeight, timestampMs: parentMs } = parent.header;
    const height = parentHeight + 1;
    const set = authorityStateOf(parent).authorities;
    const keys = everyone.filter(({ publicKey }) => set.some((key) => bytesEqual(key, publicKey)));
    const producer = keys.find(({ publicKey }) =>
      bytesEqual(publicKey, set[height % set.length] as Uint8Array),
    ) as KeyPair;
    const section = { certificates: height === 1 ? [] : [this.#certificate(parent)], evidence: [] };
    const voters = asksForChange ? keys.slice(0, Math.floor(keys.length / 2) + 1) : [];
    const transactions = voters.map((voter) => this.#ballot(voter, height));
    const timestampMs = parentMs + genesis.periodMs;
    const contents: BlockContents = {
      height,
      timestampMs,
      producer: producer.publicKey,
      transactions,
      consensusSection: section,
    };
    const ancestry = ancestryOf((hash) => this.#recordOf(hash, height));
    const state = this.#engine.advance(contents, parent, ancestry);
    if (!state.ok) throw new Error(`a block of the bench is invalid: ${JSON.stringify(state.fault)}`);
    const header: Header = {
      version: blockVersion,
      chainId,
      height,
      parentHash: parent.hash,
      timestampMs,
      producer: producer.publicKey,
      transactionsRoot: transactionsRoot(transactions),
      transactionCount: transactions.length,
      stateRoot: zeroBytes32,
      consensusRoot: consensusRoot(section),
      consensusStateHash: sha256(state.value.consensusState),
      target: zeroBytes32,
      extraData: zeroBytes32,
    };
    const hash = blockHash(headerRoot(header), zeroBytes32);
    const seal = { nonce: zeroBytes32, signature: sign(concatBytes([sealDomain, hash]), producer) };
    const record = { hash, hashHex: "", header, seal, cumulativeWeight: 0n, ...state.value };
    this.#blocks.push({ record, section });
  }

  /** Certificates name ancestors a few blocks down. */
  #recordOf(hash: Uint8Array, below: number): HeaderRecord | undefined {
    for (let height = below - 1; height >= Math.max(0, below - 70); height -= 1) {
      const { record } = this.#blocks[height] as LightBlock;
      if (bytesEqual(record.hash, hash)) return record;
    }
    return undefined;
  }

  #certificate(record: HeaderRecord): Certificate {
    const { authorities, justified: source } = authorityStateOf(record);
    const checkpoint = { height: record.header.height, hash: record.hash };
    const voters = everyone
      .filter(({ publicKey }) => authorities.some((key) => bytesEqual(key, publicKey)))
      .slice(0, quorumOf(authorities.length));
    const votes = voters.map((voter) => signVote(this.spec.chainId, source, checkpoint, voter));
    const certificate = certificateOf(votes, { checkpoint, authorities, source });
    if (!certificate) throw new Error("a quorum makes a certificate");
    return certificate;
  }

  #ballot(voter: KeyPair, height: number) {
    const { chainId } = this.spec;
    const action = this.#isIn ? authorityActions.remove : authorityActions.add;
    const expiresAtHeight = height + 100;
    const consent = this.#isIn ? new Uint8Array(64) : signConsent(chainId, expiresAtHeight, candidate);
    const sequence = this.#sequences.get(voter) ?? 0;
    this.#sequences.set(voter, sequence + 1);
    const vote = { action, authority: candidate.publicKey, expiresAtHeight, consent };
    const payload = { kind: "authorityVote", ...vote } as const;
    return signTransaction({ payload, sequence, fee: 0n, validUntil: 0, timestampMs: 0 }, voter, chainId);
  }
}
