/** Valid transactions without a fee, 1,950 a second, each of an account of its own. */
import { randomBytes } from "node:crypto";
import { chainTopics, encodeAnnouncement } from "../../../src/network/messages.ts";
import { keyPairFromSeed } from "../../../src/protocol/signing.ts";
import { signTransaction } from "../../../src/protocol/transaction.ts";
import { attacker, madeAhead } from "../wire/attacker.ts";
import { specOf } from "../wire/spec.ts";
import { floodTopic } from "../wire/topic-flood.ts";

const perSecond = 1_950;

attacker(async (attack) => {
  const spec = specOf(attack.order);
  const topic = chainTopics(spec.chainId).transactions;
  let nonce = 0;
  const announcement = () => {
    const payload = { kind: "record", data: randomBytes(100) } as const;
    const draft = { payload, sequence: 0, fee: 0n, validUntil: 0, timestampMs: Date.now() };
    const { bytes } = signTransaction(draft, keyPairFromSeed(randomBytes(32)), spec.chainId);
    nonce += 1;
    return encodeAnnouncement(nonce, [bytes]);
  };
  const next = madeAhead(perSecond, attack, announcement);
  await floodTopic(attack, { spec, topic, perSecond, next });
});
