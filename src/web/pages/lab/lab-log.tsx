/** What was done in the lab, and what the nodes noticed, newest first. */
import type { LabState } from "../../../api/lab.ts";
import { Badge } from "../../parts/badge.tsx";
import { Card } from "../../parts/card.tsx";
import { dateText, isoText } from "../../parts/date-text.ts";
import { EmptyState } from "../../parts/empty-state.tsx";
import { UserText } from "../../parts/user-text.tsx";
import { useSettings } from "../../shell/settings.ts";

/** What happened is of today: the time is enough. */
const dayLength = "2026-01-01 ".length;

export function LabLog({ state: { notices } }: { state: LabState }) {
  const { zone } = useSettings();
  return (
    <Card title="What happened" lead="newest first">
      {notices.length === 0 && <EmptyState>Nothing so far. Press a button on one of the nodes.</EmptyState>}
      {/* It scrolls, so it can be reached by keyboard. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: see above */}
      <div class="lab-log" role="log" aria-label="What happened" tabIndex={0} hidden={notices.length === 0}>
        <ol>
          {notices.map(({ id, atMs, node, kind, text }) => (
            <li key={id}>
              <time dateTime={isoText(atMs)} title={dateText(atMs, zone)}>
                {dateText(atMs, zone).slice(dayLength)}
              </time>
              <Badge kind={kind === "done" ? "accent" : "plain"}>{kind}</Badge>
              <span>
                {node !== null && <strong>{node}: </strong>}
                <UserText text={text} />
              </span>
            </li>
          ))}
        </ol>
      </div>
    </Card>
  );
}
