/** The page "Lab": all nodes of the demonstration side by side, and what one can do to them. */
import type { LabNode, LabState } from "../../../api/lab.ts";
import { agreementOf } from "../../lab/agreement.ts";
import { useLab } from "../../lab/use-lab.ts";
import { isLab, NodeProvider, useNode } from "../../live/node-view.ts";
import { AgeTime } from "../../parts/age-time.tsx";
import { Badge } from "../../parts/badge.tsx";
import { Card } from "../../parts/card.tsx";
import { Note } from "../../parts/note.tsx";
import { sentence } from "../../parts/sentence-text.ts";
import { useLink } from "../../shell/place.ts";
import { HeadsChart } from "./heads-chart.tsx";
import { HeightGrid } from "./height-grid.tsx";
import { KeepSending } from "./keep-sending.tsx";
import { LabLines } from "./lab-lines.tsx";
import { LabLog } from "./lab-log.tsx";
import { NodeCard } from "./node-card.tsx";
import "./lab.css";

const chains = [
  ["pow", "Proof of Work"],
  ["poa", "Proof of Authority"],
] as const;

export default function LabPage() {
  const link = useLink();
  const node = useNode();
  const { state, history, clockOffsetMs, lostSinceMs } = useLab();
  if (!isLab) {
    return (
      <div class="stack">
        <h1>Lab</h1>
        <p>
          This page belongs to one node. The lab is part of the demonstration: run <code>npm start</code>, and
          open the page whose address it prints.
        </p>
      </div>
    );
  }
  return (
    // Ages go by the clock of the demonstration: that of the node of the frame may be an hour wrong.
    <NodeProvider value={{ ...node, clockOffsetMs }}>
      <div class="stack lab">
        <h1>Lab</h1>
        <p class="lab-lead">
          Every node here is a process of its own on one machine, and every line between two of them can be
          cut. Make trouble for one, and watch what the others do. New to all this?{" "}
          <a href={link("learn")}>Begin with the lessons.</a>
        </p>
        <div role="status">
          {lostSinceMs !== undefined && (
            <Note kind="bad" title="The demonstration does not answer">
              Heard last: <AgeTime ms={lostSinceMs} />. If it was stopped, start it again by npm start. This
              page goes on by itself.
            </Note>
          )}
        </div>
        {state === undefined ? <p class="loading">Loading …</p> : <LoadedLab state={state} />}
        {state && <HeadsChart state={state} history={history} />}
        {state && <LabLog state={state} />}
        {state && <LabLines state={state} />}
      </div>
    </NodeProvider>
  );
}

function LoadedLab({ state }: { state: LabState }) {
  return (
    <>
      {state.mayAct ? (
        <KeepSending nodes={state.nodes} />
      ) : (
        <Note kind="plain" title="You look on">
          Trouble is made at the machine that runs the demonstration. What happens there shows here at once.
        </Note>
      )}
      {state.busyWith !== null && (
        <Note kind="plain" title="No trouble yet">
          {sentence(state.busyWith)} The buttons come when that is done.
        </Note>
      )}
      {chains.map(([consensus, title]) => {
        const nodes = state.nodes.filter((node) => node.consensus === consensus);
        return nodes.length === 0 ? null : (
          <Chain key={consensus} title={title} nodes={nodes} state={state} />
        );
      })}
    </>
  );
}

function Chain({ title, nodes, state }: { title: string; nodes: readonly LabNode[]; state: LabState }) {
  const { agrees, text } = agreementOf(nodes);
  return (
    <section class="stack" aria-label={title}>
      <Card
        title={title}
        lead={<Badge kind={agrees ? "good" : "warn"}>{agrees ? "✓ one chain" : "not all the same"}</Badge>}
      >
        <p class="lab-agreement">{text}</p>
        <HeightGrid title={title} nodes={nodes} />
      </Card>
      <div class="lab-nodes">
        {nodes.map((node) => (
          <NodeCard key={node.name} node={node} troubles={state.troubles} mayAct={state.mayAct} />
        ))}
      </div>
    </section>
  );
}
