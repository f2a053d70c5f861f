/** The sentence of how the node fares, with a mark beside it. */
import { getReadyz } from "../../../api/health.ts";
import { useNode } from "../../live/node-view.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { useEvery } from "../../live/use-every.ts";
import { healthOf } from "./health-sentence.ts";

const marks = { good: "✓", waiting: "…", fault: "!" } as const;
const moods = { good: "good", waiting: "warn", fault: "bad" } as const;
const everyMs = 10_000;

export function HealthLine() {
  const { status, connection } = useNode();
  // With such a limit it is answered by 200 whatever the node is at; how far it is behind is what counts here.
  const ready = useAnswer(
    ({ api }, signal) => api.call(getReadyz, { query: { maxBlocksBehind: "999999999" } }, { signal }),
    [],
  );
  useEvery(everyMs, ready.reload);
  if (!status) return <p class="soft">Asking the node how it is …</p>;
  const { tone, sentence } = healthOf({ ...status, blocksBehind: ready.answer?.blocksBehind ?? 0 });
  const isOld = connection.kind === "lost";
  return (
    <p class={`overview-health ${isOld ? "warn" : moods[tone]}`}>
      <span class="overview-mark" aria-hidden="true">
        {isOld ? "?" : marks[tone]}
      </span>
      <span>
        {sentence}.{isOld && " This is what it said last."}
      </span>
    </p>
  );
}
