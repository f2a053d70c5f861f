/** Forgeries: blocks that break one rule each, sealed and exported all the same, with true blocks below and above. */

import { DatabaseSync } from "node:sqlite";
import type { CheckName } from "../../src/audit/check-name.ts";
import { fromUtf8, toHex } from "../../src/base/bytes.ts";
import { HeaderType } from "../../src/protocol/block.ts";
import { documentedSignature } from "../../src/protocol/documented-signature.ts";
import { zeroBytes32 } from "../../src/protocol/hashing.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import { type DecodedTransaction, signTransaction } from "../../src/protocol/transaction.ts";
import {
  alice,
  BlockBuilder,
  type BlockWishes,
  type BuiltBlock,
  bob,
  keyPairNamed,
  testSpec,
} from "../chain/block-builder.ts";
import {
  AuthorityChain,
  type ChildWishes,
  certificateBy,
  checkpointOf,
} from "../consensus/authority-chain.ts";
import { exportForged, type ForgedClaims } from "./forged-chain.ts";
import { signedOtherwise } from "./signed-otherwise.ts";

export interface Forgery {
  readonly name: string;
  readonly caughtBy: CheckName | readonly CheckName[];
  write(file: string): Promise<void>;
}

const stranger = keyPairNamed("a stranger");
const wrongRoot = new Uint8Array(32).fill(0xbd);

/** An authority chain of three; the rule is broken in block 4 of 6. */
class AuthorityScene {
  readonly told = new AuthorityChain(3, { minimumFee: "0.00000001", blockReward: "1" });
  readonly builder: BlockBuilder = this.told.builder;
  readonly trunk: readonly BuiltBlock[];

  constructor() {
    const first = this.told.child(this.told.genesis, {
      transactions: [
        this.transfer(0),
        this.builder.sign(alice, 1, { kind: "registerUser", name: fromUtf8("alice") }, 1n),
      ],
    });
    this.trunk = [this.told.genesis, first, ...this.told.growCertified(first, 2)];
  }

  get parent(): BuiltBlock {
    return this.trunk.at(-1) as BuiltBlock;
  }

  transfer(sequence: number, amount = 5n, timestampMs?: number): DecodedTransaction {
    const payload = {
      kind: "transfer",
      to: bob.publicKey,
      amount,
      memo: new Uint8Array(0),
      assetId: zeroBytes32,
    } as const;
    if (timestampMs === undefined) return this.builder.sign(alice, sequence, payload, 2n);
    const draft = { payload, sequence, fee: 2n, validUntil: 0, timestampMs };
    return signTransaction(draft, alice, this.builder.spec.chainId);
  }

  block(wishes: BlockWishes | ChildWishes): BuiltBlock {
    // A section of its own is taken as it is; the chain would put one together from certificates and evidence.
    if ("section" in wishes) return this.builder.on(this.parent, wishes);
    return this.told.anyChild(this.parent, wishes);
  }

  /** With two more blocks on the forged one. */
  on(forged: BuiltBlock): readonly BuiltBlock[] {
    return [...this.trunk, forged, ...this.builder.branch(forged, 2)];
  }

  /** What the chain's own blocks prove: the grandparent of the last certified one. */
  get claims(): ForgedClaims {
    return {
      final: checkpointOf(this.trunk[1] as BuiltBlock),
      finalCertificate: this.told.certificate(this.trunk[2] as BuiltBlock),
    };
  }
}

type AuthorityForger = (
  scene: AuthorityScene,
) => { readonly wishes: BlockWishes | ChildWishes } | readonly BuiltBlock[];

function byAuthority(name: string, caughtBy: Forgery["caughtBy"], forge: AuthorityForger): Forgery {
  return {
    name: `Proof of Authority: ${name}`,
    caughtBy,
    write: async (file) => {
      const scene = new AuthorityScene();
      const forged = forge(scene);
      const blocks = "wishes" in forged ? scene.on(scene.block(forged.wishes)) : forged;
      await exportForged(file, scene.builder, blocks, scene.claims);
    },
  };
}

const anyCheck = (...names: readonly CheckName[]) => names;

const authorityForgeries: readonly Forgery[] = [
  byAuthority("a block with another state root", "state", () => ({
    wishes: { header: { stateRoot: wrongRoot } },
  })),
  byAuthority("a block before its turn", "authority", (scene) => ({
    wishes: { header: { timestampMs: scene.parent.record.header.timestampMs + 1 } },
  })),
  byAuthority("a block before its parent", "authority", (scene) => ({
    wishes: { header: { timestampMs: scene.parent.record.header.timestampMs - 1 } },
  })),
  byAuthority("a block sealed by a stranger in an authority's name", "authority", () => ({
    wishes: { sealedBy: stranger },
  })),
  byAuthority(
    "a block sealed by another authority in an authority's name",
    "authority",
    ({ told, parent }) => ({
      wishes: { sealedBy: told.keys[(parent.record.header.height + 2) % 3] as KeyPair },
    }),
  ),
  byAuthority("a block by a stranger in its own name", "authority", ({ builder, parent }) => {
    const forged = builder.on(parent, { producer: stranger, laterMs: 60_000 });
    return { wishes: forgedWishes(forged) };
  }),
  byAuthority("a block with another hash of the authorities' state", "authority", () => ({
    wishes: { header: { consensusStateHash: wrongRoot } },
  })),
  byAuthority("a block with a target", anyCheck("authority", "headers"), () => ({
    wishes: { header: { target: wrongRoot } },
  })),
  byAuthority("a block with a nonce", anyCheck("authority", "headers"), () => ({
    wishes: { seal: { nonce: new Uint8Array(32).fill(1) } },
  })),
  byAuthority("a block of another version", anyCheck("authority", "headers", "blocks", "chain"), () => ({
    wishes: { header: { version: 99 } },
  })),
  byAuthority("a block that counts one transaction more", "blocks", () => ({
    wishes: { header: { transactionCount: 1 } },
  })),
  retouched("a block with another body than it commits to", "blocks", (scene) => ({
    wishes: { transactions: [scene.transfer(2)] },
    // The amount is the same; the sender has signed another time of its clock.
    body: scene.transfer(2, 5n, 7),
  })),
  retouched("a transaction with a second valid signature of its sender", "blocks", (scene) => {
    const signed = scene.transfer(2);
    const body = signedOtherwise(signed, alice, scene.builder.spec.chainId);
    return { wishes: { transactions: [signed] }, body };
  }),
  retouched("a last block on another parent", "chain", () => ({
    wishes: {},
    header: { parentHash: wrongRoot },
  })),
  retouched("a block with another root of its transactions", "blocks", () => ({
    wishes: {},
    header: { transactionsRoot: wrongRoot },
  })),
  retouched("a block with another root of its consensus section", "blocks", () => ({
    wishes: {},
    header: { consensusRoot: wrongRoot },
  })),
  byAuthority("a transaction with a false signature", "transactions", (scene) => ({
    wishes: { transactions: [scene.builder.spoil(scene.transfer(2))] },
  })),
  byAuthority("a transaction signed for another chain", "transactions", (scene) => {
    const { transaction, payload } = scene.transfer(2);
    const { sequence, fee, validUntil, timestampMs } = transaction;
    const foreign = signTransaction({ payload, sequence, fee, validUntil, timestampMs }, alice, wrongRoot);
    return { wishes: { transactions: [foreign] } };
  }),
  byAuthority("a sequence that is left out", anyCheck("transactions", "state"), (scene) => ({
    wishes: { transactions: [scene.transfer(3)] },
  })),
  byAuthority("a transaction that was in a block before", anyCheck("transactions", "state"), (scene) => ({
    wishes: { transactions: [scene.transfer(0)] },
  })),
  byAuthority("a payment of more than its sender has", "state", (scene) => ({
    wishes: { transactions: [scene.transfer(2, 2n ** 60n)] },
  })),
  byAuthority("a fee below the minimum", anyCheck("state", "transactions"), ({ builder }) => ({
    wishes: { transactions: [builder.sign(alice, 2, { kind: "record", data: fromUtf8("free") }, 0n)] },
  })),
  byAuthority("a payment of nothing", anyCheck("state", "transactions"), (scene) => ({
    wishes: { transactions: [scene.transfer(2, 0n)] },
  })),
  byAuthority("a name that looks like an address", "state", ({ builder }) => ({
    wishes: {
      transactions: [builder.sign(bob, 0, { kind: "registerUser", name: fromUtf8("aurex1qqqq") }, 1n)],
    },
  })),
  byAuthority("a name with an invisible character", "state", ({ builder }) => ({
    wishes: {
      transactions: [builder.sign(bob, 0, { kind: "registerUser", name: fromUtf8("alice\u200b") }, 1n)],
    },
  })),
  byAuthority("an asset with the symbol of AUR", "state", ({ builder }) => ({
    wishes: {
      transactions: [
        builder.sign(
          alice,
          2,
          {
            kind: "issueAsset",
            symbol: fromUtf8("AUR"),
            name: fromUtf8("Aurex"),
            decimals: 8,
            supply: 1_000n,
            metadata: new Uint8Array(0),
          },
          1n,
        ),
      ],
    },
  })),
  byAuthority("a transaction after its time", anyCheck("state", "transactions"), ({ builder }) => {
    const payload = { kind: "record", data: fromUtf8("late") } as const;
    const late = signTransaction(
      { payload, sequence: 2, fee: 1n, validUntil: 2, timestampMs: 0 },
      alice,
      builder.spec.chainId,
    );
    return { wishes: { transactions: [late] } };
  }),
  byAuthority("a certificate by fewer than a quorum", "authority", ({ told, parent }) => ({
    wishes: { certificate: told.certificate(parent, told.membersOf(parent).slice(0, 1)) },
  })),
  byAuthority(
    "a certificate with a vote of a stranger in an authority's place",
    "authority",
    ({ told, parent }) => {
      const members = told.membersOf(parent);
      const votes = told.votes(parent, members.slice(0, 2));
      const forgedVotes = votes.map((vote, index) =>
        index === 0 ? { ...vote, signature: told.vote(parent, stranger).signature } : vote,
      );
      return { wishes: { certificate: certificateBy(parent, members, forgedVotes) } };
    },
  ),
  byAuthority("a certificate for a block of another branch", "authority", ({ told, builder, trunk }) => {
    const other = builder.on(trunk[2] as BuiltBlock, { laterMs: 5 });
    return { wishes: { certificate: told.certificate(other) } };
  }),
  byAuthority("evidence that is none", "authority", () => ({
    wishes: { section: { certificates: [], evidence: [new Uint8Array(120).fill(3)] } },
  })),
  byAuthority(
    "a vote of a stranger for a new authority",
    anyCheck("authority", "transactions", "state"),
    ({ told }) => ({
      wishes: { ballots: [{ by: stranger, action: "add", authority: told.candidates[0] as KeyPair }] },
    }),
  ),
  byAuthority(
    "a vote for a candidate that has not consented",
    anyCheck("authority", "transactions", "state"),
    ({ told }) => ({
      wishes: {
        ballots: [
          {
            by: told.keys[0] as KeyPair,
            action: "add",
            authority: told.candidates[0] as KeyPair,
            consent: new Uint8Array(64).fill(9),
          },
        ],
      },
    }),
  ),
];

interface Retouched {
  readonly wishes: ChildWishes;
  /** What stands in the file instead of the block's one transaction. */
  readonly body?: DecodedTransaction;
  /** What the sealed header says instead. */
  readonly header?: BlockWishes["header"];
}

/** The exporter refuses such blocks, so a true one is exported as the last, and its row is written over. */
function retouched(
  name: string,
  caughtBy: Forgery["caughtBy"],
  forge: (scene: AuthorityScene) => Retouched,
): Forgery {
  return {
    name: `Proof of Authority: ${name}`,
    caughtBy,
    write: async (file) => {
      const scene = new AuthorityScene();
      const { wishes, body, header } = forge(scene);
      const last = scene.told.anyChild(scene.parent, wishes);
      await exportForged(file, scene.builder, [...scene.trunk, last], scene.claims);
      using db = new DatabaseSync(file);
      if (body) {
        const { timestampMs, signature } = body.transaction;
        db.prepare(
          "UPDATE transactions SET bytes = ?, id = ?, signature = ?, timestamp_ms = ?, timestamp = ? WHERE block_id = 4",
        ).run(body.bytes, body.idHex, toHex(signature), timestampMs, new Date(timestampMs).toISOString());
      }
      if (header) {
        const { block } = scene.builder.on(scene.parent, { header });
        db.prepare(
          "UPDATE blocks SET header_bytes = ?, hash = ?, previous_hash = ?, transactions_root = ?, consensus_root = ?, " +
            `seal_signature = ?, signature = ? WHERE "index" = 4`,
        ).run(
          HeaderType.serialize(block.header),
          block.hashHex,
          toHex(block.header.parentHash),
          toHex(block.header.transactionsRoot),
          toHex(block.header.consensusRoot),
          block.seal.signature,
          documentedSignature(block.header.producer, block.hash, block.seal.signature),
        );
        db.prepare("UPDATE meta SET cursor_hash = ?").run(block.hashHex);
      }
    },
  };
}

/** A block as the wishes that made it. */
function forgedWishes({ block }: BuiltBlock): BlockWishes {
  return { producer: stranger, header: { timestampMs: block.header.timestampMs } };
}

/** A chain of Proof of Work; the rule is broken in block 6 of 8. */
class WorkScene {
  readonly builder = new BlockBuilder(
    testSpec("pow", {
      blockReward: "50",
      targetBlockTimeMs: 5_000,
      retargetHalfLifeMs: 20_000,
      rewardMaturityBlocks: 2,
    }),
  );
  readonly trunk: readonly BuiltBlock[] = [
    this.builder.genesis,
    ...this.builder.branch(this.builder.genesis, 5),
  ];

  get parent(): BuiltBlock {
    return this.trunk.at(-1) as BuiltBlock;
  }

  on(forged: BuiltBlock): readonly BuiltBlock[] {
    return [...this.trunk, forged, ...this.builder.branch(forged, 2)];
  }
}

function byWork(
  name: string,
  caughtBy: Forgery["caughtBy"],
  forge: (scene: WorkScene) => BlockWishes,
  claims: ForgedClaims = {},
): Forgery {
  return {
    name: `Proof of Work: ${name}`,
    caughtBy,
    write: async (file) => {
      const scene = new WorkScene();
      const blocks = scene.on(scene.builder.on(scene.parent, forge(scene)));
      await exportForged(file, scene.builder, blocks, claims);
    },
  };
}

const workForgeries: readonly Forgery[] = [
  byWork("a block whose hash is above its target", "work", () => ({
    seal: { nonce: new Uint8Array(32).fill(0x5a) },
  })),
  byWork("a block with an easier target than the rule's", "work", ({ builder }) => ({
    header: { target: builder.spec.genesis.easiestTarget },
  })),
  byWork("a block with a target that every hash meets", "work", () => ({
    header: { target: new Uint8Array(32).fill(0xff) },
  })),
  byWork("a block right after its parent", "work", ({ parent }) => ({
    header: { timestampMs: parent.record.header.timestampMs + 1 },
  })),
  byWork("a block before its parent", "work", ({ parent }) => ({
    header: { timestampMs: parent.record.header.timestampMs - 1_000 },
  })),
  byWork("a block with another note than it was mined with", "work", () => ({
    header: { extraData: wrongRoot },
    seal: { nonce: new Uint8Array(32).fill(0xa5) },
  })),
  byWork("a block with another state root", "state", () => ({ header: { stateRoot: wrongRoot } })),
  byWork("a block with another hash of the engine's state", "work", () => ({
    header: { consensusStateHash: wrongRoot },
  })),
  byWork("a block with a seal signature", anyCheck("work", "headers"), () => ({
    seal: { signature: new Uint8Array(64).fill(1) },
  })),
  byWork("a block with evidence", anyCheck("work", "authority", "blocks"), () => ({
    section: { certificates: [], evidence: [new Uint8Array(120).fill(3)] },
  })),
  byWork("a payment of a reward that is not mature", "state", ({ builder }) => ({
    transactions: [
      builder.sign(keyPairNamed("miner"), 0, {
        kind: "transfer",
        to: bob.publicKey,
        amount: 25_000_000_000n,
        memo: new Uint8Array(0),
        assetId: zeroBytes32,
      }),
    ],
  })),
  byWork("every block weighs twice as much", "work", () => ({}), { weight: (truth) => truth * 2n }),
];

export const forgeries: readonly Forgery[] = [...authorityForgeries, ...workForgeries];
