/** The status: again and again, both sides say where their chains stand and what time it is. */
import type { Clock } from "../../base/clock.ts";
import type { Chain } from "../../chain/chain.ts";
import { zeroBytes32 } from "../../protocol/hashing.ts";
import { type Status, StatusType, statusProtocol } from "../messages.ts";
import type { MessageKind } from "./exchange.ts";

export const statusKind: MessageKind<Status> = {
  protocol: statusProtocol,
  what: "status",
  type: StatusType,
};

/** Where a node stands that has no chain. */
export const noStatus: Status = {
  height: 0,
  head: zeroBytes32,
  cumulativeWeight: 0n,
  justifiedHeight: 0,
  final: { height: 0, hash: zeroBytes32 },
  established: 0,
  clockMs: 0,
};

export function chainStatus(chain: Chain, clock: Clock): Status {
  const { head, engine } = chain;
  return {
    height: head.header.height,
    head: head.hash,
    cumulativeWeight: head.cumulativeWeight,
    justifiedHeight: head.justifiedHeight,
    final: chain.final ?? { height: 0, hash: chain.hashAtHeight(0) ?? zeroBytes32 },
    established: engine.authority?.finality(head).established === false ? 0 : 1,
    clockMs: clock.nowMs(),
  };
}
