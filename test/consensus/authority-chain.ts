/** Chains of authorities over the real engine with real keys: blocks, votes, certificates and evidence as a test asks. */
import assert from "node:assert/strict";
import { bytesEqual, compareBytes, toHex } from "../../src/base/bytes.ts";
import { ancestryOf } from "../../src/consensus/ancestry.ts";
import { ballotLifetimeMax } from "../../src/consensus/poa/ballot-box.ts";
import { signConsent } from "../../src/protocol/authority-consent.ts";
import { type Certificate, quorumOf } from "../../src/protocol/certificate.ts";
import type { ChainSpecJson } from "../../src/protocol/chain-spec-json.ts";
import type { Checkpoint } from "../../src/protocol/checkpoint.ts";
import { doubleSealOf, type Evidence, encodeEvidence, votePairOf } from "../../src/protocol/evidence.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import { authorityActions, type DecodedTransaction } from "../../src/protocol/transaction.ts";
import { signVote, type Vote } from "../../src/protocol/vote.ts";
import {
  BlockBuilder,
  type BlockWishes,
  type BuiltBlock,
  keyPairNamed,
  testSpec,
} from "../chain/block-builder.ts";

/** One authority's wish, as a transaction in a block. */
export interface BallotWish {
  readonly by: KeyPair;
  readonly action: keyof typeof authorityActions | number;
  readonly authority: KeyPair;
  readonly expiresAtHeight?: number;
  /** Instead of the one that the candidate gives for this chain and expiry. */
  readonly consent?: Uint8Array;
}

export interface ChildWishes extends Omit<BlockWishes, "section"> {
  readonly certificate?: Certificate;
  readonly evidence?: readonly Evidence[];
  readonly ballots?: readonly BallotWish[];
}

/** A block that was built here, or any other one by its record. */
type OfRecord = Pick<BuiltBlock, "record">;

/** Authorities first, then candidates. */
const everyone = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"].map(keyPairNamed);

export class AuthorityChain {
  readonly builder: BlockBuilder;
  /** Sorted by key. */
  readonly keys: readonly KeyPair[];
  /** Keys that are no authorities at first. */
  readonly candidates: readonly KeyPair[];

  constructor(count: number, changes: Partial<ChainSpecJson> = {}) {
    this.keys = everyone.slice(0, count).sort((a, b) => compareBytes(a.publicKey, b.publicKey));
    this.candidates = everyone.slice(count);
    const authorities = this.keys.map(({ publicKey }) => addressOf(publicKey));
    this.builder = new BlockBuilder(testSpec("poa", { authorities, ...changes }), everyone);
  }

  get genesis(): BuiltBlock {
    return this.builder.genesis;
  }

  get chainId(): Uint8Array {
    return this.builder.spec.chainId;
  }

  get engine() {
    return this.builder.engine;
  }

  /** A block on `parent` that the engine accepts. */
  child(parent: BuiltBlock, wishes: ChildWishes = {}): BuiltBlock {
    const { transactions, section } = this.#contents(parent, wishes);
    const fault = this.faultOf(parent, wishes);
    assert.equal(fault, undefined);
    return this.builder.on(parent, { ...wishes, transactions, section });
  }

  /** `length` blocks, one on the other. */
  grow(parent: BuiltBlock, length: number, wishes: ChildWishes = {}): BuiltBlock[] {
    const blocks: BuiltBlock[] = [];
    for (let count = 0; count < length; count += 1) blocks.push(this.child(blocks.at(-1) ?? parent, wishes));
    return blocks;
  }

  /** Blocks that each certify their parent: the last one's grandparent is final in the chain itself. */
  growCertified(parent: BuiltBlock, length: number, wishes: ChildWishes = {}): BuiltBlock[] {
    const blocks: BuiltBlock[] = [];
    for (let count = 0; count < length; count += 1) {
      const on = blocks.at(-1) ?? parent;
      blocks.push(this.child(on, { ...wishes, certificate: this.certificate(on) }));
    }
    return blocks;
  }

  /** Also a block that the engine refuses. */
  anyChild(parent: BuiltBlock, wishes: ChildWishes): BuiltBlock {
    return this.builder.on(parent, { ...wishes, ...this.#contents(parent, wishes) });
  }

  faultOf(parent: BuiltBlock, wishes: ChildWishes) {
    const { transactions, section } = this.#contents(parent, wishes);
    const height = parent.record.header.height + 1;
    const producer = wishes.producer?.publicKey ?? this.setOf(parent)[height % this.setOf(parent).length]!;
    const { timestampMs } = parent.record.header;
    const contents = { height, timestampMs, producer, transactions, consensusSection: section };
    const advanced = this.builder.advance(contents, parent);
    return advanced.ok ? undefined : advanced.fault;
  }

  /** The set after a block. */
  setOf({ record }: OfRecord): readonly Uint8Array[] {
    return this.engine.authority!.setAt(record);
  }

  namesOf(block: OfRecord): string[] {
    return this.setOf(block).map(toHex);
  }

  membersOf(block: OfRecord): KeyPair[] {
    return this.setOf(block).map((key) => everyone.find(({ publicKey }) => bytesEqual(publicKey, key))!);
  }

  finalityOf({ record }: OfRecord) {
    const finality = this.engine.authority!.finality(record);
    assert.ok(finality);
    return finality;
  }

  vote(target: OfRecord, voter: KeyPair, source: Checkpoint = this.finalityOf(target).justified): Vote {
    return signVote(this.chainId, source, checkpointOf(target), voter);
  }

  votes(target: OfRecord, voters: readonly KeyPair[] = this.membersOf(target)): Vote[] {
    return voters.map((voter) => this.vote(target, voter));
  }

  /** By a quorum, unless told by whom. */
  certificate(target: OfRecord, voters?: readonly KeyPair[]): Certificate {
    const members = this.membersOf(target);
    const signers = voters ?? members.slice(0, quorumOf(members.length));
    return certificateBy(target, members, this.votes(target, signers));
  }

  doubleSeal(parent: BuiltBlock, offender: KeyPair): Evidence {
    const [one, other] = [0, 1].map(
      (laterMs) => this.builder.on(parent, { producer: offender, laterMs }).block,
    );
    const evidence = doubleSealOf(one!, other!);
    assert.ok(evidence);
    return evidence;
  }

  doubleVote(offender: KeyPair, height = 1): Evidence {
    const of = (byte: number) => {
      const target = { height, hash: new Uint8Array(32).fill(byte) };
      return signVote(this.chainId, checkpointOf(this.genesis), target, offender);
    };
    const evidence = votePairOf(of(1), of(2));
    assert.ok(evidence);
    return evidence;
  }

  ballot(parent: BuiltBlock, wish: BallotWish, sequenceOffset = 0): DecodedTransaction {
    const { by, authority } = wish;
    const action = typeof wish.action === "number" ? wish.action : authorityActions[wish.action];
    const expiresAtHeight = wish.expiresAtHeight ?? ballotLifetimeMax;
    const given = wish.action === "add" ? signConsent(this.chainId, expiresAtHeight, authority) : undefined;
    const consent = wish.consent ?? given ?? new Uint8Array(64);
    const sequence = sequenceOf(parent, by) + sequenceOffset;
    const vote = { kind: "authorityVote", action, authority: authority.publicKey, expiresAtHeight } as const;
    return this.builder.sign(by, sequence, { ...vote, consent });
  }

  #contents(
    parent: BuiltBlock,
    { transactions = [], ballots = [], certificate, evidence = [] }: ChildWishes,
  ) {
    const cast = ballots.map((wish, index) => {
      const earlier = ballots.slice(0, index).filter(({ by }) => by === wish.by).length;
      return this.ballot(parent, wish, earlier);
    });
    const section = {
      certificates: certificate ? [certificate] : [],
      evidence: evidence.map(encodeEvidence),
    };
    return { transactions: [...transactions, ...cast], section };
  }
}

export function checkpointOf({ record }: OfRecord): Checkpoint {
  return { height: record.header.height, hash: record.hash };
}

/** Of these votes as they are, in the order of `members`. */
export function certificateBy(
  target: OfRecord,
  members: readonly KeyPair[],
  votes: readonly Vote[],
): Certificate {
  const { height: targetHeight, hash: targetHash } = checkpointOf(target);
  const bitmap = new Uint8Array(Math.ceil(members.length / 8));
  const placed = votes
    .map((vote) => ({ vote, index: members.findIndex((member) => bytesEqual(member.publicKey, vote.voter)) }))
    .sort((a, b) => a.index - b.index);
  for (const { index } of placed) bitmap[index >> 3] = bitmap[index >> 3]! | (1 << (index & 7));
  return { targetHeight, targetHash, bitmap, signatures: placed.map(({ vote }) => vote.signature) };
}

/** A gadget that knows only the blocks that it was given. */
export function openGadget(chain: AuthorityChain, given: readonly BuiltBlock[] = []) {
  const records = new Map([[chain.genesis.block.hashHex, chain.genesis.record]]);
  const evidence: Evidence[] = [];
  let head = chain.genesis.record;
  const finality = chain.engine.authority!.openFinality({
    final: checkpointOf(chain.genesis),
    ancestry: ancestryOf((hash) => records.get(toHex(hash))),
    head: () => head,
    isTimely: () => true,
    onEvidence: (found) => evidence.push(found),
  });
  assert.ok(finality);
  const { gadget } = finality;
  const store = (...blocks: readonly BuiltBlock[]) => {
    for (const { record, block } of blocks) {
      records.set(record.hashHex, record);
      head = record;
      gadget.recordStored(record, block);
    }
  };
  const count = (...votes: readonly Vote[]) =>
    votes.map((vote) => {
      const added = gadget.addVote(vote);
      return added.ok ? added.value : added.fault.code;
    });
  store(...given);
  return { gadget, evidence, store, count };
}

function sequenceOf({ entries }: BuiltBlock, { publicKey }: KeyPair): number {
  const account = toHex(publicKey);
  const found = entries.find((entry) => entry.type === "account" && entry.account === account);
  return found?.type === "account" ? found.sequence : 0;
}
