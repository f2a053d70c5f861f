/** A flood of one gossip topic: it begins when the attack does, keeps its rate, and goes on under a new key after each cut. */
import type { ChainSpec } from "../../../src/protocol/genesis.ts";
import { type Attack, steadily } from "./attacker.ts";
import { Persistent } from "./persistent.ts";

export interface TopicFlood {
  readonly spec: ChainSpec;
  readonly topic: string;
  readonly perSecond: number;
  /** Takes the next messages. */
  readonly next: (count: number) => Uint8Array[];
}

export async function floodTopic(
  attack: Attack,
  { spec, topic, perSecond, next }: TopicFlood,
): Promise<void> {
  const persistent = await Persistent.open(attack, { spec, topics: [topic] });
  await attack.begin();
  await steadily(perSecond, attack.signal, async (count) => {
    const open = await persistent.now();
    await open?.mouth.publish(topic, next(count));
    attack.count(count);
  });
}
