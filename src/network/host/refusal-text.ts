/** Why this node parts from a peer, in words for the operator who named that peer's address. */

const texts: Readonly<Record<string, string>> = {
  "other-network": "a node of another network answers there: compare --network on both",
  "other-chain":
    "a node of another chain of this network answers there: the two never merge (aurex-node doctor shows both ids)",
  "wrong genesis": "the node there serves a genesis that is not its chain's",
};

/** @param reason as a ban names it */
export function refusalText(reason: string): string {
  return texts[reason] ?? `this node refuses the one there for a while: ${reason}`;
}
