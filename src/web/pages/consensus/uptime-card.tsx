/** Who was there: a grid of authorities and blocks, read cell by cell with the arrow keys, and the counts below it. */
import { useState } from "preact/hooks";
import type { ConsensusAnswer, UptimeAnswer } from "../../../api/agreement.ts";
import type { AuthoritiesAnswer } from "../../../api/consensus.ts";
import { AgeTime } from "../../parts/age-time.tsx";
import { Badge } from "../../parts/badge.tsx";
import { Button } from "../../parts/button.tsx";
import { Card } from "../../parts/card.tsx";
import { EmptyState } from "../../parts/empty-state.tsx";
import { shareText } from "../../parts/quantity-text.ts";
import { Table } from "../../parts/table.tsx";
import { AuthorityName } from "./authority-name.tsx";
import { firstRows, turnsTaken } from "./uptime-grid.ts";
import { UptimeTable } from "./uptime-table.tsx";

interface UptimeCardProps {
  readonly uptime: UptimeAnswer;
  readonly consensus: ConsensusAnswer;
  readonly authorities: AuthoritiesAnswer | undefined;
}

export function UptimeCard({ uptime, consensus, authorities }: UptimeCardProps) {
  const known = new Map(consensus.authorities.map((authority) => [authority.address, authority]));
  const heard = new Map(authorities?.authorities.map((authority) => [authority.address, authority]));
  const rows = uptime.authorities.map((authority) => ({
    ...authority,
    nodeName: known.get(authority.address)?.nodeName ?? null,
    votedForHead: known.get(authority.address)?.votedForHead ?? false,
    heard: heard.get(authority.address),
  }));
  const { length } = uptime.blocks;
  const [isWhole, setWhole] = useState(false);
  const listed = isWhole ? rows : firstRows(rows);
  return (
    <Card
      title="Who was there"
      lead={length === 0 ? undefined : `the newest ${length === 1 ? "block" : `${length} blocks`}`}
    >
      <div class="stack">
        {length === 0 ? (
          <EmptyState>No block has been sealed so far. The genesis block is nobody's.</EmptyState>
        ) : (
          <UptimeTable uptime={uptime} rows={rows} />
        )}
        <Table
          caption="Authorities: blocks sealed and turns missed"
          rows={listed}
          keyOf={({ address }) => address}
          empty="This chain has no authority."
          columns={[
            {
              title: "Authority",
              cell: (row) => (
                <span class="row">
                  <AuthorityName of={row} />
                  {row.heard?.self && <Badge kind="accent">this node</Badge>}
                  {!row.current && <Badge>no authority any more</Badge>}
                </span>
              ),
            },
            {
              title: "Sealed",
              isNumber: true,
              cell: ({ sealed, sealedInTurn }) => (
                <>
                  {sealed}
                  {sealed !== sealedInTurn && <span class="soft">, {sealed - sealedInTurn} for others</span>}
                </>
              ),
            },
            {
              title: "Missed",
              isNumber: true,
              cell: ({ missed }) => (missed > 0 ? <span class="consensus-missed">{missed}</span> : 0),
            },
            {
              title: "Turns taken",
              isNumber: true,
              cell: (row) => {
                const taken = turnsTaken(row);
                return taken === undefined ? <span class="soft">no turn</span> : shareText(taken);
              },
            },
            {
              title: "Vote for the head",
              cell: ({ votedForHead, current }) =>
                current ? (
                  votedForHead ? (
                    <Badge kind="good">✓ has it</Badge>
                  ) : (
                    <span class="soft">not yet</span>
                  )
                ) : (
                  ""
                ),
            },
            {
              title: "Heard",
              cell: ({ heard: told }) =>
                told?.self ? (
                  <span class="soft">is this node</span>
                ) : told?.lastHeardMs ? (
                  <AgeTime ms={told.lastHeardMs} />
                ) : (
                  <span class="soft">not since the start</span>
                ),
            },
          ]}
        />
        {listed.length < rows.length && (
          <div>
            <Button onClick={() => setWhole(true)}>Show all {rows.length} authorities</Button>
          </div>
        )}
      </div>
    </Card>
  );
}
