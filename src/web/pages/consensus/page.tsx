/** The page "Consensus": how the chain agrees, by the engine that it has. */
import { useNode } from "../../live/node-view.ts";
import { AuthorityView } from "./authority-view.tsx";
import { WorkView } from "./work-view.tsx";
import "./consensus.css";

export default function ConsensusPage() {
  const { engine } = useNode();
  return (
    <div class="stack">
      <h1>Consensus</h1>
      {engine === "poa" && <AuthorityView />}
      {engine === "pow" && <WorkView />}
      {engine === undefined && <p class="loading">Loading …</p>}
    </div>
  );
}
