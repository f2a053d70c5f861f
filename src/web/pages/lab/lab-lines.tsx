/** The lines between the nodes, each with what runs over it. */
import type { LabState } from "../../../api/lab.ts";
import { Badge } from "../../parts/badge.tsx";
import { Card } from "../../parts/card.tsx";
import { Table } from "../../parts/table.tsx";

export function LabLines({ state: { lines } }: { state: LabState }) {
  const open = lines.filter((line) => line.open).length;
  return (
    <Card title="Lines" lead={`${open} of ${lines.length} are open`}>
      <details>
        <summary>Each line</summary>
        <Table
          caption="Lines between the nodes"
          rows={lines}
          keyOf={({ from, to }) => `${from} ${to}`}
          empty="One node alone has no lines."
          columns={[
            { title: "Between", cell: ({ from, to }) => `${from} and ${to}` },
            {
              title: "State",
              cell: (line) => <Badge kind={line.open ? "good" : "bad"}>{line.open ? "open" : "cut"}</Badge>,
            },
            { title: "Delay", isNumber: true, cell: ({ delayMs }) => `${delayMs} ms` },
            { title: "Connections", isNumber: true, cell: ({ connections }) => connections },
          ]}
        />
      </details>
    </Card>
  );
}
