/** Who is not among the peers, and why: nodes of other chains, peers that broke a rule, addresses that do not answer. */
import type { PeersAnswer } from "../../../api/node.ts";
import type { NodeAnswer } from "../../../api/node-status.ts";
import { AgeTime } from "../../parts/age-time.tsx";
import { Card } from "../../parts/card.tsx";
import { EmptyState } from "../../parts/empty-state.tsx";
import { Hash } from "../../parts/hash.tsx";
import { Table } from "../../parts/table.tsx";
import { UserText } from "../../parts/user-text.tsx";

interface RefusedCardProps {
  readonly peers: PeersAnswer;
  readonly bootstrap: NodeAnswer["bootstrap"];
}

export function RefusedCard({ peers: { refused, banned }, bootstrap }: RefusedCardProps) {
  const failing = bootstrap.filter(({ connected, error }) => !connected && error !== null);
  return (
    <Card title="Refused and unreachable">
      <div class="stack">
        {refused.length + banned.length + failing.length === 0 && (
          <EmptyState>
            This node refuses nobody, and reaches every address that its operator named.
          </EmptyState>
        )}
        {refused.length > 0 && (
          <Table
            caption="Nodes of another chain of this network"
            rows={refused}
            keyOf={({ nodeId }) => nodeId}
            empty=""
            columns={[
              {
                title: "Of another chain",
                cell: ({ nodeId, hello }) => (
                  <span class="network-who">
                    {hello.name !== "" && (
                      <strong>
                        <UserText text={hello.name} />
                      </strong>
                    )}
                    <Hash value={nodeId} />
                  </span>
                ),
              },
              {
                title: "Its chain",
                cell: ({ hello }) => (hello.chainId === null ? "none yet" : <Hash value={hello.chainId} />),
              },
              { title: "Refused", cell: ({ atMs }) => <AgeTime ms={atMs} /> },
              { title: "Why", cell: () => "Its chain and this one never merge." },
            ]}
          />
        )}
        {banned.length > 0 && (
          <Table
            caption="Peers that this node refuses for a while"
            rows={banned}
            keyOf={({ nodeId }) => nodeId}
            empty=""
            columns={[
              { title: "Refused for a while", cell: ({ nodeId }) => <Hash value={nodeId} /> },
              { title: "Why", cell: ({ why }) => <UserText text={why} /> },
              { title: "Ends", cell: ({ untilMs }) => <AgeTime ms={untilMs} /> },
            ]}
          />
        )}
        {failing.length > 0 && (
          <Table
            caption="Addresses of the operator that cannot be reached"
            rows={failing}
            keyOf={({ address }) => address}
            empty=""
            columns={[
              { title: "Address", cell: ({ address }) => <code class="network-address">{address}</code> },
              { title: "Why", cell: ({ error }) => <UserText text={error ?? ""} /> },
              {
                title: "Last try",
                cell: ({ failedAtMs }) => (failedAtMs === null ? "" : <AgeTime ms={failedAtMs} />),
              },
            ]}
          />
        )}
      </div>
    </Card>
  );
}
