/** Reads the logs of all honest nodes for the one thing that must never be there: an honest node that cut or banned another. */
import type { NodeProcess } from "../e2e/processes.ts";

/** Where a log says it, in words. */
export function partings(
  nodes: readonly NodeProcess[],
  names: readonly string[],
  newcomers: readonly string[] = [],
): string[] {
  const nameOf = new Map(nodes.map(({ started }, index) => [started.nodeId, names[index] ?? "a node"]));
  for (const id of newcomers) nameOf.set(id, "a newcomer");
  return nodes.flatMap((node, index) =>
    [...node.logged("peer banned"), ...node.logged("hanging up on a peer")].flatMap(
      ({ msg, peer, reason }) => {
        const whom = nameOf.get(`${peer}`);
        return whom === undefined ? [] : [`${names[index]}: ${msg}: ${whom}, ${reason}`];
      },
    ),
  );
}
