/** The first page: the chain as it grows, whether the node is well, what waits, and what happened last. */
import { getBlocks } from "../../../api/blocks.ts";
import { getForks } from "../../../api/forks.ts";
import { useEvents, useNode } from "../../live/node-view.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { ProblemNote } from "../../parts/problem-note.tsx";
import { UserText } from "../../parts/user-text.tsx";
import { Figures } from "./figures.tsx";
import { HealthLine } from "./health-line.tsx";
import { LatestTransactions } from "./latest-transactions.tsx";
import { NewBlockVoice } from "./new-block-voice.tsx";
import { Strip } from "./strip.tsx";
import "./overview.css";

/** As many as a wide window shows beside each other, and some for the charts. */
const shownBlocks = 30;
const shownBranches = 8;

export default function OverviewPage() {
  const { status } = useNode();
  const blocks = useAnswer(
    ({ api }, signal) => api.call(getBlocks, { query: { limit: shownBlocks } }, { signal }),
    [],
    { reloadOn: ["head", "final"] },
  );
  const forks = useAnswer(
    ({ api }, signal) => api.call(getForks, { query: { limit: shownBranches } }, { signal }),
    [],
    { reloadOn: ["reorg"] },
  );
  useEvents(["block"], ({ event, data }) => {
    if (event === "block" && !data.canonical) forks.reload();
  });
  const items = blocks.answer?.items;
  return (
    <div class="stack overview">
      <div class="overview-title">
        <h1>
          {status ? (
            <>
              Network <UserText text={status.network} />
            </>
          ) : (
            "Overview"
          )}
        </h1>
        <HealthLine />
      </div>
      {!items && blocks.problem === undefined && <p class="loading">Loading …</p>}
      {!items && blocks.problem !== undefined && <ProblemNote problem={blocks.problem} />}
      {items && (
        <>
          <Strip blocks={items} branches={forks.answer?.branches ?? []} />
          <Figures blocks={items} />
          <LatestTransactions blocks={items} />
          <NewBlockVoice head={items[0]} />
        </>
      )}
    </div>
  );
}
