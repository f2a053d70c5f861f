/** Well signed finality votes with which nothing can be done, 2,000 a second: for a block that nobody knows, of keys that are no authority's, or for what is final. */
import { randomBytes } from "node:crypto";
import { chainTopics, encodeFinalityMessage } from "../../../src/network/messages.ts";
import { keyPairFromSeed } from "../../../src/protocol/signing.ts";
import { signVote } from "../../../src/protocol/vote.ts";
import { attacker, madeAhead } from "../wire/attacker.ts";
import { specOf } from "../wire/spec.ts";
import { floodTopic } from "../wire/topic-flood.ts";

const perSecond = 2_000;
/** Above that of every chain of this test. */
const unknownHeight = 1_000_000;

attacker(async (attack) => {
  const spec = specOf(attack.order);
  const topic = chainTopics(spec.chainId).votes;
  const height = attack.order.variant === "stale" ? 1 : unknownHeight;
  const vote = () => {
    const source = { height, hash: randomBytes(32) };
    const target = { height: height + 1, hash: randomBytes(32) };
    const signed = signVote(spec.chainId, source, target, keyPairFromSeed(randomBytes(32)));
    return encodeFinalityMessage({ kind: "vote", vote: signed });
  };
  const next = madeAhead(perSecond, attack, vote);
  await floodTopic(attack, { spec, topic, perSecond, next });
});
