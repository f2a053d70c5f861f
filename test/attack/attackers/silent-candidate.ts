/** Asks to be an authority, and once it is one neither seals nor votes. */
import { attacker } from "../wire/attacker.ts";
import { openFollower } from "../wire/follower.ts";

/** It listens first, as every authority does at its start, and for ever. */
const listenFirstMs = 2 ** 31 - 1;

attacker(async (attack) => {
  await attack.begin();
  await openFollower(attack.order, { signs: true, listenFirstMs });
  attack.count(1);
});
