/** Gossipsub as a small network needs it; every value that differs from the default does so for a measured reason. */
import { type GossipsubOpts, type Message, StrictNoSign } from "@chainsafe/libp2p-gossipsub";
import { messageId } from "../host/message-id.ts";
import type { PeerId } from "../peer-host.ts";
import { gossipScorePerPoint } from "../peers/score.ts";

/**
 * Scores below these: no gossip, no publishing to, nothing accepted from. What a peer did wrong is in its score as
 * points of the one table (`peers/score.ts`): two rejected messages fall below the first line, and a peer that is
 * banned stands at the second.
 */
export const scoreThresholds = {
  gossipThreshold: -100,
  publishThreshold: -300,
  graylistThreshold: -600,
  acceptPXThreshold: 20,
  opportunisticGraftThreshold: 1,
};

/** One frame of gossip: a block of up to 1 MiB fits with room for what travels along. */
export const gossipFrameBytesMax = 4 * 2 ** 20;

/**
 * Scores of one topic: who delivers first and stays long is preferred. Invalid deliveries weigh nothing here: they are
 * in the points. Mesh deliveries weigh nothing: a quiet topic would prune honest peers.
 */
export const topicScore = {
  topicWeight: 1,
  timeInMeshWeight: 0.03,
  timeInMeshQuantum: 12_000,
  timeInMeshCap: 300,
  firstMessageDeliveriesWeight: 0.1,
  firstMessageDeliveriesDecay: 0.9,
  firstMessageDeliveriesCap: 100,
  meshMessageDeliveriesWeight: 0,
  meshMessageDeliveriesDecay: 0.5,
  meshMessageDeliveriesCap: 100,
  meshMessageDeliveriesThreshold: 1,
  meshMessageDeliveriesWindow: 2_000,
  meshMessageDeliveriesActivation: 60_000,
  meshFailurePenaltyWeight: 0,
  meshFailurePenaltyDecay: 0.5,
  invalidMessageDeliveriesWeight: 0,
  invalidMessageDeliveriesDecay: 0.986,
};

export type TopicScore = typeof topicScore;

/** A message's id as gossipsub keeps it. */
export function messageIdText(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString("base64");
}

/** @param pointsOf what the one score holds against a peer */
export function gossipOptions(pointsOf: (peer: PeerId) => number): Partial<GossipsubOpts> {
  return {
    D: 6,
    Dlo: 4,
    Dhi: 10,
    Dout: 2,
    heartbeatInterval: 700,
    mcacheGossip: 5,
    // A message that takes seven seconds to judge must still be there to be relayed.
    mcacheLength: 20,
    seenTTL: 300_000,
    gossipsubIWantFollowupMs: 12_000,
    pruneBackoff: 15_000,
    idontwantMinDataSize: 4_096,
    asyncValidation: true,
    emitSelf: false,
    floodPublish: false,
    fallbackToFloodsub: false,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    globalSignaturePolicy: StrictNoSign,
    msgIdFn: (message: Message) => messageId(message.topic, message.data),
    msgIdToStrFn: messageIdText,
    // A peer that does not read costs at most this much; the watchdog then hangs up on it.
    maxOutboundBufferSize: 16 * 2 ** 20,
    maxInboundDataLength: gossipFrameBytesMax,
    // Libp2p's tags lead to nothing here, and each is a record written to disk: 2,000 PRUNE queued up 2,000 writes.
    tagMeshPeers: false,
    // About sixty topics a peer; ours are a handful.
    maxTopicBytesPerPeer: 64 * 2 ** 10,
    scoreThresholds,
    scoreParams: {
      // Topics are added as they are subscribed to: see gossip.ts.
      topics: {},
      topicScoreCap: 100,
      // Many nodes behind one address are normal on a LAN and in a test.
      IPColocationFactorWeight: 0,
      appSpecificScore: pointsOf,
      appSpecificWeight: -gossipScorePerPoint,
      // Reported to the one score instead: see gossip.ts.
      behaviourPenaltyWeight: 0,
      behaviourPenaltyThreshold: 6,
      behaviourPenaltyDecay: 0.9,
      decayInterval: 12_000,
      decayToZero: 0.01,
      retainScore: 3_600_000,
    },
  };
}
