/** Names of those who make blocks and have registered none: as their nodes call themselves. */
import { useMemo } from "preact/hooks";
import { type ConsensusAnswer, getConsensus } from "../../../api/agreement.ts";
import { useNode } from "../../live/node-view.ts";
import { type Answer, useAnswer } from "../../live/use-answer.ts";

/** What the chain agrees on now: whose turn it is, and who the authorities are. */
export function useConsensus(): Answer<ConsensusAnswer> {
  return useAnswer(({ api }, signal) => api.call(getConsensus, {}, { signal }), [], {
    reloadOn: ["head", "authority"],
  });
}

/** By address. Nothing binds a node to the name that it calls itself by; a registered name goes first. */
export function useProducerNames(consensus: ConsensusAnswer | undefined): ReadonlyMap<string, string> {
  const { status } = useNode();
  return useMemo(() => {
    const names = new Map<string, string>();
    if (status) names.set(status.address, status.name);
    for (const { address, name, nodeName } of consensus?.authorities ?? []) {
      const known = name ?? nodeName;
      if (known !== null) names.set(address, known);
    }
    return names;
  }, [status?.address, status?.name, consensus]);
}
