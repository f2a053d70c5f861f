/** Valid signed node records, 1,950 a second: half of them of new keys, half of them one key's newest. */
import { randomBytes } from "node:crypto";
import { fromUtf8 } from "../../../src/base/bytes.ts";
import { nodesTopic } from "../../../src/network/messages.ts";
import { engineNumbers } from "../../../src/protocol/genesis.ts";
import { encodeNodeRecord, nodeRoles, signNodeRecord } from "../../../src/protocol/node-record.ts";
import { keyPairFromSeed } from "../../../src/protocol/signing.ts";
import { attacker, madeAhead } from "../wire/attacker.ts";
import { specOf } from "../wire/spec.ts";
import { floodTopic } from "../wire/topic-flood.ts";

const perSecond = 1_950;

attacker(async (attack) => {
  const spec = specOf(attack.order);
  const always = keyPairFromSeed(randomBytes(32));
  const newestMs = { value: Date.now() };
  let made = 0;
  const record = () => {
    const index = made++;
    newestMs.value = Math.max(newestMs.value + 1, Date.now());
    const keyPair = index % 2 === 0 ? always : keyPairFromSeed(randomBytes(32));
    return encodeNodeRecord(
      signNodeRecord(
        {
          name: fromUtf8("guest"),
          addresses: [fromUtf8("/ip4/127.0.0.1/tcp/9")],
          chainId: spec.chainId,
          engine: engineNumbers[spec.consensus],
          role: nodeRoles.follower,
          height: index,
          timestampMs: newestMs.value,
          software: fromUtf8("aurex/0.1.0"),
        },
        keyPair,
      ),
    );
  };
  const next = madeAhead(perSecond, attack, record);
  await floodTopic(attack, { spec, topic: nodesTopic, perSecond, next });
});
