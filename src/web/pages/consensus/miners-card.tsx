/** Who found the newest blocks. */
import type { MiningHistoryAnswer } from "../../../api/difficulty.ts";
import { Card } from "../../parts/card.tsx";
import { AccountLink } from "../../parts/links.tsx";
import { shareText } from "../../parts/quantity-text.ts";
import { Table } from "../../parts/table.tsx";
import { minerShares } from "./block-odds.ts";

/** Of very many miners the first; the rest is one line. */
const minersShown = 20;

export function MinersCard({ blocks }: { blocks: MiningHistoryAnswer["items"] }) {
  const shares = minerShares(blocks);
  const others = shares.slice(minersShown);
  return (
    <Card
      title="Who found them"
      lead={blocks.length === 0 ? undefined : `the newest ${blocks.length} blocks`}
    >
      <Table
        caption="Miners by the number of blocks that they found"
        rows={shares.slice(0, minersShown)}
        keyOf={({ address }) => address}
        empty="No block has been found so far."
        columns={[
          { title: "Miner", cell: ({ address, name }) => <AccountLink address={address} name={name} /> },
          { title: "Blocks", isNumber: true, cell: ({ blocks: count }) => count },
          {
            title: "Share",
            cell: ({ share }) => (
              <span class="consensus-share">
                <span class="consensus-bar" aria-hidden="true">
                  <span style={{ width: `${share * 100}%` }} />
                </span>
                <span>{shareText(share)}</span>
              </span>
            ),
          },
        ]}
      />
      {others.length > 0 && (
        <p class="soft small">
          and {others.length} more with {others.reduce((sum, { blocks: count }) => sum + count, 0)} blocks
          together
        </p>
      )}
    </Card>
  );
}
