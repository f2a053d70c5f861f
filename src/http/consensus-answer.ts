/** The answer of `GET /v1/consensus`: how the chain agrees at its head, as far as this node knows. */

import type { ConsensusAnswer } from "../api/agreement.ts";
import { type BlockReference, isoTime } from "../api/shapes.ts";
import { bytesEqual, includesBytes, toHex } from "../base/bytes.ts";
import type { Chain } from "../chain/chain.ts";
import { nameOfNumber } from "../export/readable.ts";
import { quorumOf } from "../protocol/certificate.ts";
import type { Checkpoint } from "../protocol/checkpoint.ts";
import { offenderOf } from "../protocol/evidence.ts";
import { addressOf } from "../protocol/identity.ts";
import { authorityActions } from "../protocol/transaction.ts";
import type { Vote } from "../protocol/vote.ts";
import { finalReference, headReference } from "./chain-references.ts";
import { nameOf } from "./transaction-answer.ts";

/** @param nodeNames how the nodes of authorities call themselves, by their addresses */
export function consensusAnswer(
  chain: Chain,
  nodeNames: ReadonlyMap<string, string | null>,
): ConsensusAnswer {
  const { engine, head } = chain;
  const named = (key: Uint8Array) => ({ address: addressOf(key), name: nameOf(toHex(key), chain.ledger) });
  const withNode = (key: Uint8Array) => {
    const account = named(key);
    return { ...account, nodeName: nodeNames.get(account.address) ?? null };
  };
  const shown = engine.authority?.finality(head);
  const votes = chain.votes();
  const forHead = votes.filter(({ target }) => bytesEqual(target.hash, head.hash)).map(({ voter }) => voter);
  const authorities = engine.authority?.setAt(head) ?? [];
  return {
    engine: engine.name,
    head: headReference(chain),
    final: finalReference(chain),
    authorities: authorities.map((key, index) => ({
      ...withNode(key),
      sealedHeight: shown?.sealedHeights[index] ?? 0,
      votedForHead: includesBytes(forHead, key),
    })),
    next: (engine.authority?.turns(head) ?? []).map(({ authority, earliestMs }, rank) => ({
      ...withNode(authority),
      rank,
      earliestMs,
      earliest: isoTime(earliestMs),
    })),
    finality: shown && chain.final ? finalityAnswer(shown, chain.final, votes, forHead, chain) : null,
    changeInFlight: shown?.inFlight
      ? { action: actionName(shown.inFlight.action), ...named(shown.inFlight.authority) }
      : null,
    ballots: (shown?.ballots ?? [])
      .filter(({ expiresAtHeight }) => expiresAtHeight > head.header.height)
      .map(({ voter, action, authority, expiresAtHeight }) => ({
        voter: addressOf(voter),
        action: actionName(action),
        ...named(authority),
        expiresAtHeight,
      })),
    majority: authorities.length > 0 ? Math.floor(authorities.length / 2) + 1 : null,
    evidence: chain.evidence().map((evidence) => ({ kind: evidence.kind, ...named(offenderOf(evidence)) })),
    banned: (shown?.banned ?? []).map(named),
    work: shown ? null : workAnswer(chain),
  };
}

function finalityAnswer(
  { justified, unsettledHeight }: { readonly justified: Checkpoint; readonly unsettledHeight: number },
  final: Checkpoint,
  votes: readonly Vote[],
  forHead: readonly Uint8Array[],
  chain: Chain,
): NonNullable<ConsensusAnswer["finality"]> {
  const { head, engine } = chain;
  const finalMs = chain.headerOf(final.hash)?.header.timestampMs ?? head.header.timestampMs;
  return {
    justified: reference(justified),
    lagBlocks: Math.max(0, head.header.height - final.height),
    lagMs: Math.max(0, head.header.timestampMs - finalMs),
    unsettledHeight,
    quorum: quorumOf(engine.authority?.setAt(head).length ?? 0),
    votesForHead: forHead.map(addressOf),
    votes: votesByTarget(votes),
  };
}

/** Highest target first, as the votes are. */
function votesByTarget(votes: readonly Vote[]): NonNullable<ConsensusAnswer["finality"]>["votes"] {
  const counts = new Map<string, BlockReference & { voters: number }>();
  for (const { target } of votes) {
    const counted = counts.get(toHex(target.hash)) ?? { ...reference(target), voters: 0 };
    counted.voters += 1;
    counts.set(counted.hash, counted);
  }
  return [...counts.values()];
}

function workAnswer(chain: Chain): ConsensusAnswer["work"] {
  const { head } = chain;
  const target = nextTarget(chain);
  return {
    target: toHex(target),
    difficulty: difficultyOf(target, chain).toString(),
    cumulativeWork: head.cumulativeWeight.toString(),
  };
}

/** What a block on the head has to meet, where blocks are work. */
export function nextTarget({ engine, head }: Chain): Uint8Array {
  return engine.slot(head, head.header.producer)?.target ?? head.header.target;
}

/** How many hashes a block with this target takes on average. */
export function difficultyOf(target: Uint8Array, { engine, head }: Chain): bigint {
  return engine.weight({ ...head.header, target }, head);
}

export function reference({ height, hash }: Checkpoint): BlockReference {
  return { height, hash: toHex(hash) };
}

function actionName(action: number): string {
  return nameOfNumber(authorityActions, action);
}
