/** The page "Mining pool": what the pool earns, who its members are, and how one joins or starts one. */
import { useNode } from "../../live/node-view.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { useEvery } from "../../live/use-every.ts";
import { Card } from "../../parts/card.tsx";
import { CommandLine } from "../../parts/command-line.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { PoolView } from "./pool-view.tsx";
import "./pool.css";

/** Shares come between blocks, and no event tells of them. */
const everyMs = 5_000;

export default function PoolPage() {
  const { status } = useNode();
  return (
    <div class="stack">
      <h1>Mining pool</h1>
      <p class="soft">
        Members of a pool search together for blocks of one account. Each is paid for the work of its shares,
        so that it earns a little often instead of much seldom.
      </p>
      {status === undefined && <p class="loading">Loading …</p>}
      {status && (status.pool === null ? <NoPool /> : <Pool />)}
    </div>
  );
}

/** A node without a pool is not asked for one: a refusal is an error in the browser's console. */
function Pool() {
  const pool = useAnswer(({ api }) => api.pool(), [], { reloadOn: ["head"] });
  useEvery(everyMs, pool.reload);
  return <Loaded of={pool}>{(said) => <PoolView pool={said} />}</Loaded>;
}

function NoPool() {
  const { engine } = useNode();
  return (
    <Card title="This node serves no pool">
      <div class="stack">
        {engine === "poa" ? (
          <p>
            Its chain is Proof of Authority: blocks are signed in turn, and nobody mines. A pool needs a Proof
            of Work chain.
          </p>
        ) : (
          <p>
            A pool runs beside a node. Stop the node, and start it again with its own flags after these words:
          </p>
        )}
        <CommandLine command="aurex-node pool serve" />
        <p>It prints its address. Members need no chain and no key, only an account that is to be paid:</p>
        <CommandLine command="aurex-node pool join /ip4/ADDRESS/tcp/13247 --account aurex1…" />
      </div>
    </Card>
  );
}
