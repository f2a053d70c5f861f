/** Committed transfers a second over four authorities in four processes on this machine. */
import { loadOrCreateNodeKey } from "../src/wallet/keystore.ts";
import { BareRate } from "./bare-rate.ts";
import { type BenchContext, type Figure, type Section, until } from "./measure.ts";
import { directoryOfNode, startNodes } from "./node-processes.ts";
import { keysFrom, poaSpec, signedTransfer } from "./sample-chain.ts";

const nodeCount = 4;
const accountsPerNode = 50;
const bareMs = 1_000;

export const measureThroughput: Section = async (context) => [
  await throughputOf(context, 2_000),
  await throughputOf(context, 500),
];

async function throughputOf(context: BenchContext, periodMs: number): Promise<Figure> {
  const { quick, progress } = context;
  const transfersEach = quick ? 20 : 60;
  const total = nodeCount * accountsPerNode * transfersEach;
  const folder = await context.directory();
  const authorities = await Promise.all(
    Array.from({ length: nodeCount }, (_, position) =>
      loadOrCreateNodeKey(directoryOfNode(folder, position)),
    ),
  );
  const users = keysFrom(1, nodeCount * accountsPerNode);
  const spec = poaSpec(authorities, users, { periodMs, stepMs: 1_000 });
  const sample = users.map((user) => signedTransfer(user, user, 0, spec));
  await using resources = new AsyncDisposableStack();
  const bare = BareRate.verification(sample);
  resources.defer(() => bare.close());
  const links = [
    [0, 1],
    [0, 2],
    [0, 3],
    [1, 2],
    [1, 3],
    [2, 3],
  ] as const;
  const nodes = await startNodes(
    { folder, count: nodeCount, spec, authority: true, watchMempool: false, links },
    resources,
  );
  for (const [position, node] of nodes.entries()) {
    const signed = node.heard("signed");
    node.tell({
      order: "sign",
      first: 1 + position * accountsPerNode,
      accounts: accountsPerNode,
      each: transfersEach,
    });
    await signed;
  }
  const before = await bare.perSecond(bareMs);
  const began = Promise.all(nodes.map((node) => node.heard("sending")));
  for (const node of nodes) node.tell({ order: "go" });
  const startMs = Math.min(...(await began).map(({ atMs }) => atMs));
  const everywhere = () => Math.min(...nodes.map((node) => node.committed));
  const said = setInterval(() => progress(`${everywhere()} of ${total} committed on all nodes`), 2_000);
  try {
    await until(() => everywhere() >= total, `${total} transfers are committed on all nodes`, 60_000);
  } finally {
    clearInterval(said);
  }
  const endMs = Math.max(...nodes.map((node) => node.committedAtMs));
  const after = await bare.perSecond(bareMs);
  return {
    name: `committed on 4 PoA nodes, ${periodMs / 1_000} s period`,
    value: (total * 1_000) / (endMs - startMs),
    unit: "transfers/s",
    limit: { value: (before + after) / 2 / nodeCount, meaning: "bare verification, every core, shared by 4" },
  };
}
