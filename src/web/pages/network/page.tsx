/** The page "Peers": who is connected, how far away, on which chain; who was refused, and whose clock is off. */

import { getClock } from "../../../api/node.ts";
import { visibleText } from "../../../base/visible-text.ts";
import { useNode } from "../../live/node-view.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { useEvery } from "../../live/use-every.ts";
import { Card } from "../../parts/card.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { OwnCard } from "./own-card.tsx";
import { PeerGraph } from "./peer-graph.tsx";
import { PeerTable } from "./peer-table.tsx";
import { RefusedCard } from "./refused-card.tsx";
import "./network.css";

/** Peers are greeted in rounds of this length: then there are new latencies, heights and clocks. */
const roundMs = 8_000;
/** As long as the node has not said what it takes. */
const clockToleranceMs = 2_000;

export default function NetworkPage() {
  const { status, engine } = useNode();
  const peers = useAnswer(({ api }) => api.peers(), [], { reloadOn: ["peer"] });
  const clock = useAnswer(({ api }, signal) => api.call(getClock, {}, { signal }), []);
  useEvery(roundMs, () => {
    peers.reload();
    clock.reload();
  });
  return (
    <div class="stack">
      <h1>Peers</h1>
      <Loaded of={peers}>
        {(said) => (
          <>
            <Card title="The network" lead={countText(said.peers.length)}>
              <PeerGraph
                peers={said.peers}
                ownName={visibleText(status?.name ?? "this node")}
                engine={engine}
              />
            </Card>
            <Card title="Peers">
              <PeerTable
                peers={said.peers}
                engine={engine}
                headHeight={status?.head.height ?? 0}
                clockToleranceMs={clock.answer?.toleranceMs ?? clockToleranceMs}
              />
            </Card>
            {status && <OwnCard status={status} clock={clock.answer} />}
            <RefusedCard peers={said} bootstrap={status?.bootstrap ?? []} />
          </>
        )}
      </Loaded>
    </div>
  );
}

function countText(count: number): string {
  if (count === 0) return "no peer";
  return count === 1 ? "1 peer" : `${count} peers`;
}
