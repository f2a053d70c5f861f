/** Bounds the control entries that a flood makes this node send: its honest neighbours hang up on a peer that sends too many. */
import type { Clock } from "../../base/clock.ts";
import { LeakyBucket } from "../host/leaky-bucket.ts";

/**
 * "I have this, do not send it" for each large message that comes, judged or not: of a flood of 3,200 messages a second of
 * strangers an honest node told its neighbours, who allow 500 control entries a second. Without one, a message may come twice.
 */
const idontwantBurst = 200;
const idontwantPerSecond = 100;

/** What of the implementation concerns its control entries, and is not in its published type. */
export interface GossipControl {
  sendIDontWants(id: Uint8Array, topic: string, source: string): void;
}

/** From now on what is over the rate is not sent. */
export function boundControl(gossip: GossipControl, clock: Clock): void {
  const bucket = new LeakyBucket(idontwantBurst, idontwantPerSecond / 1_000, clock.monotonicMs());
  const send = gossip.sendIDontWants.bind(gossip);
  gossip.sendIDontWants = (id, topic, source) => {
    if (bucket.add(1, clock.monotonicMs())) send(id, topic, source);
  };
}
