/** Reorganizations as they happen: what left the chain, and what joined it. */
import { useNode } from "../../live/node-view.ts";
import { reorganizationText, type SeenReorganization } from "../../live/reorganizations.ts";
import { useSeenReorganizations } from "../../live/seen-reorganizations.ts";
import { AgeTime } from "../../parts/age-time.tsx";
import { Card } from "../../parts/card.tsx";
import { EmptyState } from "../../parts/empty-state.tsx";
import { BlockLink } from "../../parts/links.tsx";

/** Blocks of one side that are named. */
const blocksShown = 8;

export function ReorganizationsCard() {
  const { status } = useNode();
  const list = useSeenReorganizations();
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
