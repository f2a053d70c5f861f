/** The peers as a table: name, chain, height, latency, clock, software, and since when. */
import type { PeerAnswer } from "../../../api/node.ts";
import { AgeTime } from "../../parts/age-time.tsx";
import { Badge } from "../../parts/badge.tsx";
import { Hash } from "../../parts/hash.tsx";
import { spanText } from "../../parts/quantity-text.ts";
import { Table } from "../../parts/table.tsx";
import { UserText } from "../../parts/user-text.tsx";
import { offsetText, relationOf, relationText } from "./peer-texts.ts";

interface PeerTableProps {
  readonly peers: readonly PeerAnswer[];
  readonly engine: "pow" | "poa" | undefined;
  readonly headHeight: number;
  /** A clock that is off by more can make nobody seal. */
  readonly clockToleranceMs: number;
}

/** A peer says its height every 8 s: blocks that came meanwhile do not make it late. */
const behindMin = 10;

export function PeerTable({ peers, engine, headHeight, clockToleranceMs }: PeerTableProps) {
  return (
    <Table
      caption="Peers that this node is connected with"
      rows={peers}
      keyOf={({ nodeId }) => nodeId}
      empty="This node is connected with nobody. On its machine, aurex-node doctor says what may keep peers away."
      columns={[
        {
          title: "Peer",
          cell: ({ nodeId, hello }) => (
            <span class="network-who">
              {hello && hello.name !== "" && (
                <strong>
                  <UserText text={hello.name} />
                </strong>
              )}
              <Hash value={nodeId} />
            </span>
          ),
        },
        {
          title: "Chain",
          cell: (peer) => {
            const relation = relationOf(peer, engine);
            return (
              <Badge kind={relation === "same" ? "good" : relation === "other" ? "bad" : "plain"}>
                {relationText(relation, peer.hello?.consensus)}
              </Badge>
            );
          },
        },
        {
          title: "Height",
          isNumber: true,
          cell: ({ hello, sameChain }) =>
            hello && (
              <>
                {hello.height}
                {sameChain && headHeight - hello.height > behindMin && (
                  <span class="soft">, {headHeight - hello.height} behind</span>
                )}
              </>
            ),
        },
        {
          title: "Latency",
          isNumber: true,
          cell: ({ latencyMs }) =>
            latencyMs === null ? <span class="soft">not measured</span> : spanText(latencyMs),
        },
        {
          title: "Its clock",
          isNumber: true,
          cell: ({ clockOffsetMs, latencyMs }) => {
            if (clockOffsetMs === null) return <span class="soft">not measured</span>;
            // What is within the error of the measurement says nothing.
            if (Math.abs(clockOffsetMs) <= (latencyMs ?? 0) / 2 + 1) return offsetText(0);
            const text = offsetText(clockOffsetMs);
            return Math.abs(clockOffsetMs) > clockToleranceMs ? <Badge kind="bad">{text}</Badge> : text;
          },
        },
        {
          title: "Software",
          cell: ({ software }) => software !== null && <UserText text={software} />,
        },
        {
          title: "Connected",
          cell: ({ direction, address, connectedAtMs }) => (
            <span title={address}>
              <AgeTime ms={connectedAtMs} />{" "}
              <span class="soft">{direction === "inbound" ? "by it" : "by this node"}</span>
            </span>
          ),
        },
      ]}
    />
  );
}
