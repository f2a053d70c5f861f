/** An admission desk over a real chain and mempool under a simulated clock; hellos and blocks come when a test says so. */
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { AdmissionController } from "../../../src/authority/admission-controller.ts";
import { OwnCandidacy } from "../../../src/authority/own-candidacy.ts";
import { SlashedList } from "../../../src/authority/slashed.ts";
import { VoteCaster } from "../../../src/authority/vote-caster.ts";
import { includesBytes } from "../../../src/base/bytes.ts";
import type { Logger } from "../../../src/base/logger.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import type { Chain } from "../../../src/chain/chain.ts";
import { certificateOf } from "../../../src/consensus/finality/certify.ts";
import { createMempool, type Mempool } from "../../../src/mempool/mempool.ts";
import type { Candidacy, Handshake } from "../../../src/network/messages.ts";
import type { NetworkEvents } from "../../../src/network/network.ts";
import type { KnownPeer } from "../../../src/network/peers/directory.ts";
import { mempoolChange, mempoolHead } from "../../../src/node/node-core.ts";
import { signConsent } from "../../../src/protocol/authority-consent.ts";
import { emptyConsensusSection } from "../../../src/protocol/block.ts";
import type { Certificate } from "../../../src/protocol/certificate.ts";
import type { ChainSpecJson } from "../../../src/protocol/chain-spec-json.ts";
import { nodeIdOf } from "../../../src/protocol/identity.ts";
import type { KeyPair } from "../../../src/protocol/signing.ts";
import type { AuthorityVote, DecodedTransaction } from "../../../src/protocol/transaction.ts";
import { signVote } from "../../../src/protocol/vote.ts";
import type { NotSealingReason } from "../../../src/sealing/not-sealing.ts";
import { createInlineVerifier } from "../../../src/verifier/verifier.ts";
import {
  authorities,
  BlockBuilder,
  type BlockWishes,
  type BuiltBlock,
  genesisMs,
  testSpec,
} from "../../chain/block-builder.ts";
import { openChain, settled } from "../../chain/open-chain.ts";
import type { SimulatedClock } from "../../support/simulated-clock.ts";
import { TestPermission } from "../../support/test-permission.ts";

export interface HelloWishes {
  readonly address?: string;
  readonly height?: number;
  readonly candidacy?: Candidacy | null;
}

export interface DeskRig {
  readonly chain: Chain;
  readonly clock: SimulatedClock;
  readonly mempool: Mempool;
  readonly desk: AdmissionController;
  /** Absent if the node was not started to be an authority. */
  readonly permission: TestPermission | undefined;
  readonly candidacy: OwnCandidacy;
  readonly builder: BlockBuilder;
  readonly warnings: string[];
  /** A desk that remembers nothing, on the same chain: as after a restart of the node. */
  restart(): void;
  consentOf(candidate: KeyPair, expiresAtHeight?: number): Candidacy;
  hello(candidate: KeyPair, wishes?: HelloWishes): Promise<void>;
  /** Three hellos within four seconds. */
  helloForLongEnough(candidate: KeyPair, wishes?: HelloWishes): Promise<void>;
  /** Authority votes that wait for a block. */
  votes(): (AuthorityVote & { readonly transaction: DecodedTransaction })[];
  /** A block with what waits, and with what others send. */
  seal(...more: readonly DecodedTransaction[]): Promise<BuiltBlock>;
  /** Empty blocks that certify each other, until what has passed is in force. */
  sealUntilInForce(): Promise<void>;
}

export interface DeskRigOptions {
  readonly self?: KeyPair;
  readonly authority?: boolean;
  readonly spec?: Partial<ChainSpecJson>;
  /** Why the authority may not sign; by default it may. */
  readonly mayNotSign?: NotSealingReason;
}

export async function openDesk(options: DeskRigOptions = {}): Promise<DeskRig> {
  const { self = authorities[0]!, authority = true, mayNotSign } = options;
  const permission = authority ? new TestPermission(mayNotSign) : undefined;
  const spec = testSpec("poa", { admission: "open-lan", joinWindowMs: 2 * 3_600_000, ...options.spec });
  const builder = new BlockBuilder(spec);
  const { chain, clock, give } = await openChain({ spec });
  const verifier = createInlineVerifier();
  const mempool = createMempool(
    {},
    {
      clock,
      verifier,
      logger: silentLogger,
      ledger: () => mempoolHead(chain),
    },
  );
  chain.events.on("headChanged", (change) => mempool.headChanged(mempoolChange(change)));
  const warnings: string[] = [];
  const logger: Logger = {
    ...silentLogger,
    warn: (_fields: unknown, text?: string) => void warnings.push(text ?? ""),
  };
  const network = { events: new EventEmitter<NetworkEvents>() };
  const candidacy = new OwnCandidacy({ keyPair: self, authority }, chain);
  const caster = new VoteCaster(self, {
    chain,
    mempool,
    clock,
    submit: (transaction) => mempool.add(transaction),
  });
  const slashed = new SlashedList(chain);
  const openedDesk = () => {
    const opened = new AdmissionController(self.publicKey, {
      ...{ chain, network, candidacy, caster, slashed, permission, clock, logger },
    });
    opened.start();
    return opened;
  };
  let desk = openedDesk();
  chain.events.on("headChanged", (change) => desk.headChanged(change));
  let head = builder.genesis;
  const consentOf = (candidate: KeyPair, expiresAtHeight = chain.head.header.height + 256) => ({
    expiresAtHeight,
    consent: signConsent(spec.chainId, expiresAtHeight, candidate),
  });
  const hello = async (candidate: KeyPair, wishes: HelloWishes = {}) => {
    const { address = "/ip4/192.168.1.7/tcp/4000", height = chain.head.header.height } = wishes;
    const wanted = wishes.candidacy === undefined ? consentOf(candidate) : wishes.candidacy;
    const peerId = nodeIdOf(candidate.publicKey);
    // The desk reads nothing else of a handshake, and nothing of a status.
    const handshake = {
      publicKey: candidate.publicKey,
      name: Buffer.from("candidate"),
    } as Partial<Handshake>;
    const known = { peerId, handshake } as KnownPeer;
    const peer = { peerId, address, direction: "inbound", connectedAtMs: 0 } as const;
    network.events.emit("status", peer, known);
    network.events.emit("candidacy", peer, known.handshake, { height, candidacy: wanted ? [wanted] : [] });
    await settled();
  };
  const seal = async (wishes: BlockWishes) => {
    const built = builder.on(head, wishes);
    assert.equal(await give(built), "head");
    head = built;
    await settled();
    return built;
  };
  return {
    chain,
    clock,
    mempool,
    get desk() {
      return desk;
    },
    permission,
    restart() {
      desk.stop();
      desk = openedDesk();
    },
    candidacy,
    builder,
    warnings,
    consentOf,
    hello,
    async helloForLongEnough(candidate, wishes) {
      for (let count = 0; count < 3; count += 1) {
        if (count > 0) await clock.advance(2_000);
        await hello(candidate, wishes);
      }
    },
    votes: () =>
      mempool
        .transactions()
        .flatMap((transaction) =>
          transaction.payload.kind === "authorityVote" ? [{ ...transaction.payload, transaction }] : [],
        ),
    seal: (...more) => seal({ transactions: [...mempool.transactions(), ...more] }),
    async sealUntilInForce() {
      for (let count = 0; count < 3; count += 1) {
        const certificates = [certificateOn(builder, head)];
        await seal({ section: { ...emptyConsensusSection, certificates } });
      }
      assert.equal(desk.view().inFlight, null);
    },
  };
}

/** Everybody has voted for the block. */
function certificateOn({ engine, spec }: BlockBuilder, { record }: BuiltBlock): Certificate {
  const set = engine.authority!.setAt(record);
  const source = engine.authority!.finality(record)?.justified;
  assert.ok(source);
  const checkpoint = { height: record.header.height, hash: record.hash };
  const votes = authorities
    .filter(({ publicKey }) => includesBytes(set, publicKey))
    .map((keyPair) => signVote(spec.chainId, source, checkpoint, keyPair));
  const certificate = certificateOf(votes, { checkpoint, authorities: set, source });
  assert.ok(certificate);
  return certificate;
}

export const windowEndMs = genesisMs + 2 * 3_600_000;
