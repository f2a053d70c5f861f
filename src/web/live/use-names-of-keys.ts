/** How authorities are called, by address: the registered name, else what the node calls itself. */
import { useMemo } from "preact/hooks";
import { getConsensus } from "../../api/agreement.ts";
import { useNode } from "./node-view.ts";
import { useAnswer } from "./use-answer.ts";

/** Nothing binds a node to the name that it calls itself by: a registered name goes first. */
export function useNamesOfKeys(): ReadonlyMap<string, string> {
  const { engine, status } = useNode();
  const { answer } = useAnswer(
    async ({ api }, signal) => (engine === "poa" ? api.call(getConsensus, {}, { signal }) : undefined),
    [engine],
    { reloadOn: ["authority"] },
  );
  return useMemo(() => {
    const names = new Map<string, string>();
    if (status) names.set(status.address, status.name);
    for (const { address, name, nodeName } of answer?.authorities ?? []) {
      const best = name ?? nodeName;
      if (best) names.set(address, best);
    }
    return names;
  }, [answer, status?.address, status?.name]);
}
