/** The page "Forks": branches beside the chain as a drawing and as a table, and reorganizations as they happen. */
import { getForks } from "../../../api/forks.ts";
import { useNode } from "../../live/node-view.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { Card } from "../../parts/card.tsx";
import { EmptyState } from "../../parts/empty-state.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { BranchTable } from "./branch-table.tsx";
import { ForkDrawing } from "./fork-drawing.tsx";
import { ReorganizationsCard } from "./reorganizations-card.tsx";
import "./forks.css";

/** Branches asked for; the drawing and the table show no more. */
const branchesShown = 50;

export default function ForksPage() {
  const { engine } = useNode();
  const forks = useAnswer(
    ({ api }, signal) => api.call(getForks, { query: { limit: String(branchesShown) } }, { signal }),
    [],
    { reloadOn: ["head", "block", "final"] },
  );
  return (
    <div class="stack">
      <h1>Forks</h1>
      <p class="soft forks-lead">
        Now and then two blocks are made on one parent, and the chain has two tips for a while. Every node
        follows{" "}
        {engine === "poa"
          ? "the branch that more authorities have certified; the blocks of the other one leave the chain. Below the final block that cannot happen any more."
          : "the branch with more work behind it; the blocks of the other one leave the chain. The transactions in them wait again."}
      </p>
      <Loaded of={forks}>
        {(said) => (
          <>
            <Card
              title="Branches"
              lead={said.truncated ? `the ${said.branches.length} highest` : countText(said.branches.length)}
            >
              {said.branches.length === 0 ? (
                <EmptyState>
                  This node stores no block beside its chain. A branch shows here as soon as one comes.
                </EmptyState>
              ) : (
                <ForkDrawing forks={said} />
              )}
            </Card>
            <ReorganizationsCard />
            {said.branches.length > 0 && (
              <Card title="Branches as a table">
                <BranchTable branches={said.branches} />
              </Card>
            )}
          </>
        )}
      </Loaded>
    </div>
  );
}

function countText(count: number): string {
  if (count === 0) return "none";
  return count === 1 ? "1 beside the chain" : `${count} beside the chain`;
}
