/** What this browser has signed on this chain, what became of each, and what can be done about those that wait. */
import { useRef, useState } from "preact/hooks";
import { useNode } from "../../live/node-view.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { AgeTime } from "../../parts/age-time.tsx";
import { Badge } from "../../parts/badge.tsx";
import { Button } from "../../parts/button.tsx";
import { Card } from "../../parts/card.tsx";
import { EmptyState } from "../../parts/empty-state.tsx";
import { TransactionLink } from "../../parts/links.tsx";
import { Note } from "../../parts/note.tsx";
import { ProblemNote } from "../../parts/problem-note.tsx";
import type { KeyRow, OutboxRow } from "../../wallet/rows.ts";
import { resend } from "../../wallet/sending.ts";
import { type Life, lifeOf, type NodeWord, wordOf } from "./life.ts";
import { type Proposal, replacementOf } from "./proposal.ts";
import type { SendTools } from "./send-tools.ts";

interface OutboxListProps {
  readonly tools: SendTools;
  readonly entries: readonly OutboxRow[];
  readonly keys: readonly KeyRow[];
  /** How many are kept for other chains. */
  readonly elsewhere: number;
  readonly onProposal: (proposal: Proposal) => void;
  readonly onChanged: () => void;
  /** The one that was signed just now: it is told to whoever listens. */
  readonly newest: string | undefined;
}

const shownMax = 10;
const moods = { waiting: "accent", good: "accent", done: "good", bad: "bad" } as const;
const words = { waiting: "Waiting", good: "In a block", done: "Final", bad: "Stopped" } as const;

export function OutboxList(props: OutboxListProps) {
  const { tools, entries, keys, elsewhere, onProposal, onChanged, newest } = props;
  const { engine = "poa" } = useNode();
  const [showsAll, setShowsAll] = useState(false);
  const shown = showsAll ? entries : entries.slice(0, shownMax);
  // What has no answer yet is not asked about: it is sent again, and the answer to that says more.
  const asked = shown.filter(({ state }) => state !== "unsent").map(({ id }) => id);
  const settled = useRef(new Map<string, NodeWord>());
  const said = useAnswer(
    async ({ api }) => {
      const words = new Map(settled.current);
      await Promise.all(
        asked.filter((id) => !words.has(id)).map(async (id) => words.set(id, await wordOf(api, id))),
      );
      // What is final stays so, and is not asked about again.
      for (const [id, word] of words) if (word !== "unknown" && word.final) settled.current.set(id, word);
      return words;
    },
    [asked.join()],
    { reloadOn: ["head", "final", "mempool"] },
  );
  const first = newest === undefined ? undefined : shown.find(({ id }) => id === newest);
  return (
    <Card title="Signed in this browser" lead="On this chain">
      {first && (
        <p class="unseen" role="status">
          {first.what}: {lifeOf(first, said.answer?.get(first.id), engine).text}
        </p>
      )}
      {elsewhere > 0 && (
        <Note
          title={`${elsewhere} signed ${elsewhere === 1 ? "transaction is" : "transactions are"} kept for another chain`}
        >
          <p>
            The node was on another chain before. What was signed for that chain is never sent to this one.
          </p>
          <Button
            onClick={async () => {
              await tools.outbox.forgetElsewhere(tools.chainId);
              onChanged();
            }}
          >
            Forget them
          </Button>
        </Note>
      )}
      {entries.length === 0 && <EmptyState>Nothing yet.</EmptyState>}
      <ul class="send-list">
        {shown.map((row) => (
          <Entry
            key={row.id}
            row={row}
            word={said.answer?.get(row.id)}
            life={lifeOf(row, said.answer?.get(row.id), engine)}
            signer={keys.find(({ id }) => id === row.sender)}
            {...{ tools, onProposal, onChanged }}
          />
        ))}
      </ul>
      {entries.length > shown.length && (
        <Button onClick={() => setShowsAll(true)}>Show all {entries.length}</Button>
      )}
    </Card>
  );
}

interface EntryProps extends Pick<OutboxListProps, "tools" | "onProposal" | "onChanged"> {
  readonly row: OutboxRow;
  readonly word: NodeWord | undefined;
  readonly life: Life;
  /** Undefined: the key was removed from this browser. */
  readonly signer: KeyRow | undefined;
}

function Entry({ row, word, life, signer, tools, onProposal, onChanged }: EntryProps) {
  const [problem, setProblem] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const act = (work: () => Promise<unknown>) => async () => {
    setProblem(undefined);
    setBusy(true);
    try {
      await work();
      onChanged();
    } catch (thrown) {
      setProblem(thrown);
    } finally {
      setBusy(false);
    }
  };
  const replace = (isCancel: boolean) =>
    act(async () => {
      if (!signer || word === undefined || word === "unknown" || word.status !== "pending") return;
      const fee = BigInt(word.replacementFeeUnits);
      onProposal(await replacementOf(row, signer, { fee, isCancel }, tools));
    });
  const again = act(async () => {
    const { fate, problem: refusal } = await resend(row, tools);
    if (refusal) throw refusal;
    if (fate === "unknown") throw new Error("the node does not answer; it is sent again by itself");
  });
  const isPending = word !== undefined && word !== "unknown" && word.status === "pending";
  const canResend = row.state === "unsent" || word === "unknown";
  const canForget = row.state !== "unsent" || word === "unknown";
  return (
    <li class="send-entry">
      <div class="row spread">
        <strong>
          <bdi>{row.what}</bdi>
        </strong>
        <Badge kind={moods[life.kind]}>{words[life.kind]}</Badge>
      </div>
      <p>{life.text}</p>
      <p class="small soft row">
        <TransactionLink id={row.id} /> <span>sequence {row.sequence}</span> <AgeTime ms={row.signedAtMs} />
        {signer ? <span>{signer.label}</span> : <span>by a key that is not in this browser</span>}
      </p>
      {problem !== undefined && <ProblemNote problem={problem} />}
      <div class="row">
        {isPending && signer && (
          <>
            <Button disabled={isBusy} onClick={replace(false)}>
              Pay a higher fee
            </Button>
            <Button disabled={isBusy} onClick={replace(true)}>
              Cancel it
            </Button>
          </>
        )}
        {canResend && (
          <Button disabled={isBusy} onClick={again}>
            Send the same bytes again
          </Button>
        )}
        {canForget && life.kind !== "waiting" && life.kind !== "good" && (
          <Button disabled={isBusy} onClick={act(() => tools.outbox.forget(row.id))}>
            Take off this list
          </Button>
        )}
      </div>
    </li>
  );
}
