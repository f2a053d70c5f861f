/** Takes the situation of a node that runs: reads everything, changes nothing. */

import type { AdmissionController } from "../../authority/admission-controller.ts";
import type { AuthorityRole } from "../../authority/authority-role.ts";
import type { OwnCandidacy } from "../../authority/own-candidacy.ts";
import type { Slashed } from "../../authority/slashed.ts";
import { bytesEqual, includesBytes, toHex } from "../../base/bytes.ts";
import type { Chain } from "../../chain/chain.ts";
import { authoritiesOf } from "../../consensus/engine.ts";
import type { Network } from "../../network/network.ts";
import { describeClock } from "../../network/peers/clock-comparison.ts";
import { quorumOf } from "../../protocol/certificate.ts";
import { addressOf, publicKeyOfAddress } from "../../protocol/identity.ts";
import type { BlockProducer } from "../../sealing/block-producer.ts";
import type { AuthoritySituation, ClockSituation, Situation } from "./situation.ts";

/** What is looked at of a node that runs. */
export interface SituatedNode {
  readonly chain: Chain;
  readonly network: Network;
  readonly producer: BlockProducer | undefined;
  readonly authority: AuthorityRole | undefined;
  readonly candidacy: OwnCandidacy;
  readonly admission: AdmissionController | undefined;
  readonly isChainAhead: boolean;
  readonly slashed: readonly Slashed[];
  /** Keys of authorities that gave a sign of life lately. */
  readonly heardAuthorities: readonly Uint8Array[];
}

/** What the core does not know of its node. */
export interface MachineFacts {
  readonly dataDir: string;
  /** The command line that starts the node as it was started. */
  readonly startCommand: string;
  /** The operator did not name the chain: the node founded or joined it, or it is the Proof of Work chain that all share. */
  readonly mayLeaveChain: boolean;
}

/**
 * @param publicKey of the node
 * @param nowMs wall clock
 */
export function takeSituation(
  core: SituatedNode,
  publicKey: Uint8Array,
  nowMs: number,
  { dataDir, startCommand, mayLeaveChain }: MachineFacts,
): Situation {
  const { chain, network, producer, admission } = core;
  const { head, engine, spec } = chain;
  const isProvisional = engine.authority ? !engine.authority.finality(head).established : core.isChainAhead;
  return {
    consensus: spec.consensus,
    isMeantToSeal: producer !== undefined,
    notSealingBecause: producer?.notSealingBecause,
    address: addressOf(publicKey),
    dataDir,
    startCommand,
    peers: network.peerCount,
    head: { height: head.header.height, hash: head.hashHex, timestampMs: head.header.timestampMs },
    aheadDoubtMs: engine.aheadDoubtMs,
    mayFoundAnew: mayLeaveChain && isProvisional,
    clock: clockSituation(core, nowMs),
    damagedBlocks: chain.damagedBlocks().length,
    mendedHeights: chain.mendedBlocks.map(({ height }) => height),
    authorities: admission && authoritySituation(core, admission, publicKey),
  };
}

function clockSituation({ network }: SituatedNode, nowMs: number): ClockSituation {
  const verdict = network.clocks.verdict();
  return {
    nowMs,
    note: describeClock(verdict),
    isOff: verdict.isOff,
    isConfirmed: verdict.measured >= verdict.needed && !verdict.isOff,
    apart: verdict.apart.map(({ name, publicKey }) => name || addressOf(publicKey)),
  };
}

function authoritySituation(
  core: SituatedNode,
  admission: AdmissionController,
  publicKey: Uint8Array,
): AuthoritySituation {
  const { chain, candidacy, authority } = core;
  const { engine, head } = chain;
  const keys = authoritiesOf(engine, head);
  const heard = core.heardAuthorities;
  const view = admission.view();
  const members = view.authorities.map(({ address, name, sealedHeight, self }, index) => ({
    address,
    name: name ?? "",
    isHeard: includesBytes(heard, keys[index] as Uint8Array),
    isSelf: self,
    sealedHeight,
  }));
  const quorum = quorumOf(keys.length);
  const isMember = includesBytes(keys, publicKey);
  return {
    members,
    quorum,
    majority: view.majority,
    candidates: view.candidates.map(({ address, name }) => ({
      address,
      name,
      waitsFor: admission.waitOf(publicKeyOfAddress(address) as Uint8Array),
    })),
    slashed: core.slashed.map((slashed) => ({
      address: addressOf(slashed.publicKey),
      why: slashed.why,
      isSelf: bytesEqual(slashed.publicKey, publicKey),
    })),
    policy: view.admission,
    windowEndsAtMs: view.joinWindowEndsAtMs ?? 0,
    isAsking: candidacy.place === "candidate",
    wasAuthority: !isMember && chain.ledger.authority(toHex(publicKey)) !== undefined,
    isAnotherReached: authority?.isAnotherReached ?? true,
    finalHeight: chain.final?.height ?? 0,
    awaitsFinality: chain.awaitsFinality,
    leftByRecovery: members.filter(({ isHeard }) => isHeard).length < quorum ? leftByRecovery(core) : [],
  };
}

/** The rule of --trust-recovery itself, at the head. */
function leftByRecovery({ chain }: SituatedNode): string[] {
  const { engine, head } = chain;
  const recovered = engine.authority?.recoveredState(head);
  return authoritiesOf(engine, { ...head, ...recovered }).map(addressOf);
}
