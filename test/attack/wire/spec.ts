/** The chain spec of an order. */
import { chainSpecFromJson } from "../../../src/protocol/chain-spec-json.ts";
import type { ChainSpec } from "../../../src/protocol/genesis.ts";
import type { Order } from "./orders.ts";

export function specOf(order: Pick<Order, "spec">): ChainSpec {
  const spec = chainSpecFromJson(order.spec);
  if (!spec.ok) throw new Error(`${spec.fault.field} ${spec.fault.reason}`);
  return spec.value;
}
