/** Takes copies of real blocks from a node, as many as a lesson needs. */
import { type ApiClient, routes } from "../../client/index.ts";
import { type EditableBlock, editableBlock } from "./editable-chain.ts";

/**
 * @param top the highest height; undefined: the head
 * @returns the newest `count` blocks, lowest first; fewer if the chain has fewer
 */
export async function takeCopies(
  api: ApiClient,
  count: number,
  signal: AbortSignal,
  top?: number,
): Promise<EditableBlock[]> {
  const newest = await copyAt(api, top ?? "head", signal);
  const { height } = newest.header;
  const lowest = Math.max(0, height - count + 1);
  const heights = Array.from({ length: height - lowest }, (_, index) => lowest + index);
  const below = await Promise.all(heights.map((at) => copyAt(api, at, signal)));
  return [...below, newest];
}

async function copyAt(
  api: ApiClient,
  reference: number | "head",
  signal: AbortSignal,
): Promise<EditableBlock> {
  const header = await api.call(routes.getBlockHeader, { params: { reference } }, { signal });
  const copy = editableBlock(header);
  if (!copy.ok) throw new Error(`The node sent a block that cannot be read: ${copy.fault}`);
  return copy.value;
}
