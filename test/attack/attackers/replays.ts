/** Transactions of others that are in the chain already, 20,000 a second in batches of fifty: each batch is a new message. */
import { randomBytes } from "node:crypto";
import { chainTopics, encodeAnnouncement } from "../../../src/network/messages.ts";
import { signTransaction } from "../../../src/protocol/transaction.ts";
import { loadPerAccount, probeAccounts } from "../latency-probe.ts";
import { attacker } from "../wire/attacker.ts";
import { specOf } from "../wire/spec.ts";
import { floodTopic } from "../wire/topic-flood.ts";

const perSecond = 400;
const perMessage = 50;

attacker(async (attack) => {
  const spec = specOf(attack.order);
  const topic = chainTopics(spec.chainId).transactions;
  // With the sequences that the honest pair's load has used. Nobody looks at the rest before that.
  const used = probeAccounts.flatMap((keyPair) =>
    Array.from({ length: loadPerAccount }, (_, sequence) => {
      const payload = { kind: "record", data: randomBytes(20) } as const;
      const draft = { payload, sequence, fee: 100_000n, validUntil: 0, timestampMs: Date.now() };
      return signTransaction(draft, keyPair, spec.chainId).bytes;
    }),
  );
  let sent = 0;
  const batch = () => {
    sent += 1;
    const from = (sent * perMessage) % (used.length - perMessage);
    return encodeAnnouncement(sent, used.slice(from, from + perMessage));
  };
  await floodTopic(attack, { spec, topic, perSecond, next: (count) => Array.from({ length: count }, batch) });
});
