/** The life of a transaction, drawn as a line. */
import type { TransactionAnswer } from "../../../api/transactions.ts";
import { AgeTime } from "../../parts/age-time.tsx";
import { TransactionLink } from "../../parts/links.tsx";
import { useLink } from "../../shell/place.ts";
import { type LifeContext, type LifeStage, lifeOf, type Seen } from "./life.ts";

interface LifeLineProps {
  readonly answer: TransactionAnswer;
  readonly context: LifeContext;
  readonly seen: readonly Seen[];
}

const marks = { done: "✓", now: "•", later: "", failed: "✗" } as const;
const words = { done: "Done: ", now: "Now: ", later: "Later: ", failed: "Failed: " } as const;

export function LifeLine({ answer, context, seen }: LifeLineProps) {
  const stages = lifeOf(answer, context);
  const newest = seen.at(-1);
  return (
    <div class="stack">
      <ol class="life" aria-label="The transaction's life">
        {stages.map((stage) => (
          <Stage key={stage.name} stage={stage} answer={answer} />
        ))}
      </ol>
      {answer.status === "dropped" && answer.replacedBy !== null && (
        <p>
          Another one took its place: <TransactionLink id={answer.replacedBy} />
        </p>
      )}
      {answer.status === "pending" && answer.missingBecause !== null && (
        <p class="soft">
          The sequence before it is missing: <TransactionLink id={answer.missingBecause.id} /> had it and was
          dropped. The sender's next transaction takes that sequence.
        </p>
      )}
      {/* Read aloud when something has happened to it. */}
      <div role="status" class="unseen">
        {newest && seen.length > 1 ? newest.what : ""}
      </div>
      {seen.length > 1 && (
        <details class="small">
          <summary>Seen while this page was open</summary>
          <ul class="life-seen">
            {seen.map(({ atMs, what }) => (
              <li key={`${atMs} ${what}`}>
                <AgeTime ms={atMs} />: {what}
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

function Stage({
  stage: { name, title, state, note, block },
  answer,
}: {
  stage: LifeStage;
  answer: TransactionAnswer;
}) {
  const link = useLink();
  return (
    <li class={`life-stage ${state}`} data-stage={name} data-state={state}>
      <span class="life-mark" aria-hidden="true">
        {marks[state]}
      </span>
      <div>
        <span class="unseen">{words[state]}</span>
        {block ? <a href={link("block", { reference: block.hash })}>{title}</a> : <strong>{title}</strong>}
        <div class="soft small">
          {name === "received" && answer.status === "pending" && answer.firstSeenMs !== null && (
            <AgeTime ms={answer.firstSeenMs} />
          )}
          {name === "block" && answer.status === "committed" && (
            <>
              <AgeTime ms={answer.block.timestampMs} />,{" "}
            </>
          )}
          {note}
        </div>
      </div>
    </li>
  );
}
