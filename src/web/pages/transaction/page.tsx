/** The page of one transaction: its life, what it does, its bytes, and its verification. */
import { useEffect, useRef, useState } from "preact/hooks";
import { getConsensus } from "../../../api/agreement.ts";
import { getTransaction, type TransactionAnswer } from "../../../api/transactions.ts";
import { ApiProblem } from "../../../client/index.ts";
import { useNode } from "../../live/node-view.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { Card } from "../../parts/card.tsx";
import { Hash } from "../../parts/hash.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Note } from "../../parts/note.tsx";
import { PayloadText } from "../../parts/payload-text.tsx";
import type { PageProps } from "../../shell/pages.ts";
import { VerifyCard } from "../../verify/verify-card.tsx";
import { type Seen, seenAfter } from "./life.ts";
import { LifeLine } from "./life-line.tsx";
import { TransactionBytes } from "./transaction-bytes.tsx";
import { TransactionFacts } from "./transaction-facts.tsx";
import "../block/block.css";
import "./transaction.css";

export default function TransactionPage({ values: { id: asked = "" } }: PageProps) {
  const id = asked.toLowerCase();
  const transaction = useAnswer(
    ({ api }, signal) => api.call(getTransaction, { params: { id } }, { signal }),
    [id],
    { reloadOn: ["head", "final", "transaction", "mempool"] },
  );
  const { answer, problem } = transaction;
  const isUnknown = answer === undefined && problem instanceof ApiProblem && problem.status === 404;
  return (
    <div class="stack">
      <h1>Transaction</h1>
      <Hash value={id} whole />
      {isUnknown ? (
        <div role="status">
          <Note kind="warn" title="This node does not know the transaction">
            <p>
              It may be on its way: a transaction that was sent to another node arrives within seconds. This
              page waits for it. If it never comes, it was dropped long ago, or it belongs to another chain.
            </p>
          </Note>
        </div>
      ) : (
        <Loaded of={transaction}>
          {(shown) => <TransactionView answer={shown} onReload={transaction.reload} />}
        </Loaded>
      )}
    </div>
  );
}

function TransactionView({ answer, onReload }: { answer: TransactionAnswer; onReload: () => void }) {
  const { engine } = useNode();
  const isOpen = engine === "poa" && answer.status === "committed" && !answer.final;
  const consensus = useAnswer(
    async ({ api }, signal) => (isOpen ? api.call(getConsensus, {}, { signal }) : undefined),
    [isOpen],
    { reloadOn: ["head"] },
  ).answer;
  const seen = useSeen(answer);
  const { id } = answer;
  const block = answer.status === "committed" ? answer.block.hash : "";
  return (
    <>
      {answer.status !== "dropped" && (
        <p class="transaction-lead">
          <PayloadText payload={answer.payload} />
        </p>
      )}
      <Card title="Its life">
        <LifeLine
          answer={answer}
          context={{ engine, certifiedHeight: consensus?.finality?.justified.height }}
          seen={seen}
        />
      </Card>
      <div class="block-columns">
        <div class="stack">
          {answer.status === "dropped" ? (
            <Card title="What it says">
              <p class="soft">Nodes keep only the reason of a transaction that was dropped, not its bytes.</p>
            </Card>
          ) : (
            <TransactionFacts answer={answer} />
          )}
        </div>
        <div class="block-side">
          <VerifyCard
            // What was proven in one block says nothing of another.
            key={`${answer.status} ${block}`}
            what="this transaction"
            question={answer.status === "dropped" ? undefined : { kind: "transaction", id, shown: answer }}
            onOutdated={onReload}
          />
        </div>
        {answer.status !== "dropped" && <TransactionBytes id={id} />}
      </div>
    </>
  );
}

/** What has happened to it while the page was open. */
function useSeen(answer: TransactionAnswer): readonly Seen[] {
  const [seen, setSeen] = useState<readonly Seen[]>([]);
  const before = useRef<TransactionAnswer>(undefined);
  useEffect(() => {
    const earlier = before.current;
    before.current = answer;
    setSeen((list) => seenAfter(list, earlier, answer, Date.now()));
  }, [answer]);
  return seen;
}
