/** Reorganizations as they happen: what left the chain, and what joined it. */
import { useState } from "preact/hooks";
import { useEvents, useNode } from "../../live/node-view.ts";
import { AgeTime } from "../../parts/age-time.tsx";
import { Card } from "../../parts/card.tsx";
import { EmptyState } from "../../parts/empty-state.tsx";
import { BlockLink } from "../../parts/links.tsx";
import { reorganizationText, type SeenReorganization, withReorganization } from "./reorganizations.ts";

/** Blocks of one side that are named. */
const blocksShown = 8;

/** What was seen of each chain: leaving the page and coming back keeps it. */
const seen = new Map<string, readonly SeenReorganization[]>();

export function ReorganizationsCard() {
  const { chainId = "", status } = useNode();
  const [, setCount] = useState(0);
  useEvents(["head"], (event) => {
    if (event.event !== "head") return;
    const before = seen.get(chainId) ?? [];
    const next = withReorganization(before, event.data, Date.now());
    if (next === before) return;
    seen.set(chainId, next);
    setCount((count) => count + 1);
  });
  const list = seen.get(chainId) ?? [];
  const [newest] = list;
  return (
    <Card title="Reorganizations" lead="seen while this window is open">
      <p class="unseen" role="status">
        {newest && reorganizationText(newest)}
      </p>
      {list.length === 0 ? (
        <EmptyState>None so far. One shows here at the moment when it happens.</EmptyState>
      ) : (
        <ol class="forks-reorganizations">
          {list.map((each) => (
            <li key={each.head.hash}>
              <p>
                <strong>{reorganizationText(each)}</strong> <AgeTime ms={each.atMs} />
              </p>
              <dl>
                <dt>Left</dt>
                <dd>
                  <Blocks of={each.reverted} count={each.revertedCount} />
                </dd>
                <dt>Joined</dt>
                <dd>
                  <Blocks of={each.applied} count={each.appliedCount} />
                </dd>
              </dl>
            </li>
          ))}
        </ol>
      )}
      {status?.syncing && (
        <p class="soft small">While the node catches up, what it reads may replace much.</p>
      )}
    </Card>
  );
}

function Blocks({ of, count }: { of: SeenReorganization["reverted"]; count: number }) {
  const shown = of.slice(0, blocksShown);
  return (
    <span class="row">
      {shown.map(({ height, hash }) => (
        <BlockLink key={hash} height={height} hash={hash} />
      ))}
      {count > shown.length && <span class="soft">and {count - shown.length} more</span>}
    </span>
  );
}
