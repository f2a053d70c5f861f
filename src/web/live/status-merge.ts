/** Brings the node's last status forward by what its events have told since. */
import type { NodeAnswer } from "../../api/node-status.ts";
import type { NodeEvent } from "../../client/index.ts";
import type { NodeFacts } from "./node-state.ts";

/**
 * The status as of now.
 *
 * @param events that came with the facts: how many transactions wait is only told by some of them
 */
export function statusWith(status: NodeAnswer, facts: NodeFacts, events: readonly NodeEvent[]): NodeAnswer {
  if (facts.chainId !== status.chainId) return status;
  const { name, head, final, authorities, advice } = facts;
  const { sealing, notSealingBecause, established, quorum, peers, syncing } = facts;
  const isMempoolTold = events.some(({ event }) => event === "mempool" || event === "snapshot");
  return {
    ...status,
    name,
    head,
    final,
    authorities,
    advice,
    sealing,
    notSealingBecause,
    established,
    quorum,
    peers,
    syncing,
    mempool: isMempoolTold ? facts.mempool.count : status.mempool,
  };
}
