/** Branches as a table: where each ends and begins, who made it, and by how much it lost. */
import { useState } from "preact/hooks";
import type { Branch } from "../../../api/forks.ts";
import { useNode } from "../../live/node-view.ts";
import { AgeTime } from "../../parts/age-time.tsx";
import { Button } from "../../parts/button.tsx";
import { AccountLink, BlockLink } from "../../parts/links.tsx";
import { hashesText } from "../../parts/quantity-text.ts";
import { Table } from "../../parts/table.tsx";

const rowsAtFirst = 10;
/** Names of makers in one cell. */
const makersShown = 3;

export function BranchTable({ branches }: { branches: readonly Branch[] }) {
  const { engine } = useNode();
  const [isWhole, setWhole] = useState(false);
  const rows = isWhole ? branches : branches.slice(0, rowsAtFirst);
  return (
    <div class="stack">
      <Table
        caption="Branches beside the chain"
        rows={rows}
        keyOf={({ tip }) => tip.hash}
        empty="There is no branch."
        columns={[
          {
            title: "Tip",
            cell: ({ tip }) => (
              <span class="row">
                <BlockLink height={tip.height} hash={tip.hash} />
                <span class="soft">
                  <AgeTime ms={tip.timestampMs} />
                </span>
              </span>
            ),
          },
          { title: "Blocks", isNumber: true, cell: ({ length }) => length },
          {
            title: "Leaves the chain after",
            isNumber: true,
            cell: ({ forkPoint }) =>
              forkPoint ? (
                <BlockLink height={forkPoint.height} hash={forkPoint.hash} />
              ) : (
                <span class="soft">too far down to say</span>
              ),
          },
          {
            title: "Made by",
            cell: ({ producers }) => (
              <span class="row">
                {producers.slice(0, makersShown).map(({ address, name }) => (
                  <AccountLink key={address} address={address} name={name} />
                ))}
                {producers.length > makersShown && (
                  <span class="soft">and {producers.length - makersShown} more</span>
                )}
              </span>
            ),
          },
          {
            title: engine === "pow" ? "Work behind the head" : "Weight behind the head",
            isNumber: true,
            cell: ({ weightBehindHead }) => behindText(weightBehindHead, engine === "pow"),
          },
        ]}
      />
      {rows.length < branches.length && (
        <div>
          <Button onClick={() => setWhole(true)}>Show all {branches.length}</Button>
        </div>
      )}
    </div>
  );
}

/** Below 0: the branch is the heavier one, and finality holds the node on the lighter. */
function behindText(weight: string, isWork: boolean): string {
  if (weight.startsWith("-")) return "heavier, but against finality";
  return isWork ? hashesText(Number(weight)) : weight;
}
