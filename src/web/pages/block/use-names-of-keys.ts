/** How authorities are called, by address: the registered name, else what the node calls itself. */
import { useMemo } from "preact/hooks";
import { getConsensus } from "../../../api/agreement.ts";
import { useNode } from "../../live/node-view.ts";
import { useAnswer } from "../../live/use-answer.ts";

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
