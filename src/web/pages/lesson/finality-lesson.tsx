/** Lesson 6: once a quorum has voted for a block, nobody can undo it. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { fromHex, toHex } from "../../../base/bytes.ts";
import { type CertifiedBlock, openCertificates, routes } from "../../../client/index.ts";
import { addressOf } from "../../../protocol/identity.ts";
import { judgeVotes, throwawayVotes } from "../../learn/throwaway-votes.ts";
import { useKept } from "../../learn/use-kept.ts";
import { isLab, type NodeView, useNode } from "../../live/node-view.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { Badge } from "../../parts/badge.tsx";
import { Card } from "../../parts/card.tsx";
import { Field } from "../../parts/field.tsx";
import { Hash } from "../../parts/hash.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Tabs } from "../../parts/tabs.tsx";
import { Word } from "../../parts/word.tsx";
import { useLink } from "../../shell/place.ts";
import { LessonFrame } from "./lesson-frame.tsx";
import { randomBytes } from "./random-bytes.ts";

const classFirst = 5;
const classMax = 12;

export default function FinalityLesson() {
  const { engine } = useNode();
  const link = useLink();
  const labLink = useLink("PoA_1");
  const [isDone, setDone] = useState(false);
  const [tab, setTab] = useState<"real" | "class">();
  const finish = () => setDone(true);
  const current = tab ?? (engine === "pow" ? "class" : "real");
  return (
    <LessonFrame
      name="finality"
      intro={
        <>
          On a chain of <Word of="proof of authority">Proof of Authority</Word> known nodes, the{" "}
          <Word of="authority">authorities</Word>, sign the blocks in turn, and all of them <Word of="vote" />{" "}
          for each. The votes of two thirds, a <Word of="quorum" />, are a <Word of="certificate" /> that
          anybody can check. A block that it makes <Word of="final" /> can never be undone, if fewer than a
          third of them cheat.
        </>
      }
      task="take away votes, one after the other, until the block is not certified any more."
      isDone={isDone}
      seen={
        <>
          Up to a third of the authorities may be silent, and blocks still become final. With one vote less
          nothing more becomes final, but nothing is lost either: blocks go on, and become final once enough
          vote again. And since two quorums always share members, two blocks of one height can only become
          final if a third of the authorities or more sign both.
        </>
      }
    >
      <Tabs
        label="Whose votes"
        tabs={[
          { name: "real", title: "The votes on this chain" },
          { name: "class", title: "Votes of a class" },
        ]}
        current={current}
        onChange={setTab}
      >
        {current === "class" ? (
          <ClassVotes onLost={finish} />
        ) : engine === "pow" ? (
          <p>
            This chain is one of Proof of Work: no block is ever final there, each is only harder to undo with
            every block on it.{" "}
            {isLab ? (
              <a href={labLink("lesson", { lesson: "finality" })}>Look at the votes on the other chain</a>
            ) : (
              "Take the votes of a class, or open the page of a node of Proof of Authority."
            )}
          </p>
        ) : (
          <RealVotes onLost={finish} />
        )}
      </Tabs>
      {engine === "poa" && (
        <p>
          <a href={link("consensus")}>Who votes on this chain right now</a>
        </p>
      )}
    </LessonFrame>
  );
}

interface Loadable {
  readonly blocks: readonly CertifiedBlock[];
  readonly names: ReadonlyMap<string, string>;
}

/** The certificates that make the final block final, and how its authorities are called. */
async function certificatesOf({ api }: NodeView, signal: AbortSignal): Promise<Loadable> {
  const [consensus, { chainId }] = await Promise.all([
    api.call(routes.getConsensus, {}, { signal }),
    api.node(),
  ]);
  const names = new Map(
    consensus.authorities.map(({ address, name, nodeName }) => [address, name ?? nodeName ?? ""]),
  );
  if (!consensus.final || consensus.final.height === 0) return { blocks: [], names };
  const params = { reference: consensus.final.hash };
  const proof = await api.call(routes.getBlockProof, { params }, { signal });
  const opened = await openCertificates(proof, fromHex(chainId, 32) ?? new Uint8Array());
  if (!opened.ok) throw new Error(`The node's certificate cannot be read: ${opened.fault.reason}`);
  return { blocks: opened.value, names };
}

function RealVotes({ onLost }: { onLost: () => void }) {
  const [isEarly, setEarly] = useState(false);
  const loaded = useAnswer(certificatesOf, [], { reloadOn: isEarly ? ["final"] : [] });
  useEffect(() => setEarly(loaded.answer?.blocks.length === 0), [loaded.answer]);
  const { kept } = useKept(loaded, ({ blocks }) => blocks.length > 0);
  return (
    <Loaded of={kept}>
      {({ blocks, names }) => {
        const block = blocks.at(-1);
        if (!block) {
          return (
            <p>
              No block above the first one is final on this chain yet. The votes come by themselves; or take
              those of a class.
            </p>
          );
        }
        return (
          <Ballot
            key={toHex(block.target.hash)}
            block={block}
            nameOf={(address, place) => names.get(address) || `Authority ${place + 1}`}
            onLost={onLost}
          />
        );
      }}
    </Loaded>
  );
}

function ClassVotes({ onLost }: { onLost: () => void }) {
  const { chainId, status } = useNode();
  const [count, setCount] = useState(classFirst);
  const block = useMemo(() => {
    const hash = fromHex(status?.head.hash ?? "", 32) ?? new Uint8Array(32);
    const target = { height: status?.head.height ?? 1, hash };
    const source = { height: Math.max(0, target.height - 1), hash: new Uint8Array(32) };
    return throwawayVotes(
      fromHex(chainId ?? "", 32) ?? new Uint8Array(32),
      { source, target },
      count,
      randomBytes,
    );
    // The newest block of the moment: votes that change while one takes them away would be confusing.
  }, [count, chainId]);
  return (
    <div class="stack">
      <Field
        label={`Authorities: ${count}`}
        hint="Each gets a key that is made for this page, and signs a true vote."
      >
        {(props) => (
          <input
            {...props}
            type="range"
            min={1}
            max={classMax}
            value={count}
            onInput={({ currentTarget }) => setCount(currentTarget.valueAsNumber)}
          />
        )}
      </Field>
      <Ballot
        key={toHex(block.authorities[0] as Uint8Array)}
        block={block}
        nameOf={(_, place) => `Pupil ${place + 1}`}
        onLost={onLost}
      />
    </div>
  );
}

interface BallotProps {
  readonly block: CertifiedBlock;
  readonly nameOf: (address: string, place: number) => string;
  readonly onLost: () => void;
}

function Ballot({ block, nameOf, onLost }: BallotProps) {
  const [dropped, setDropped] = useState<ReadonlySet<number>>(new Set());
  const verdict = useMemo(() => judgeVotes(block, dropped), [block, dropped]);
  const voters = new Set(block.votes.map(({ voter }) => toHex(voter)));
  const toggle = (place: number) => {
    const next = new Set(dropped);
    if (!next.delete(place)) next.add(place);
    setDropped(next);
    if (judgeVotes(block, next).problem !== undefined) onLost();
  };
  const isCertified = verdict.problem === undefined;
  return (
    <Card
      title={`Votes for block ${block.target.height}`}
      lead={<Hash value={toHex(block.target.hash)} copy={false} />}
      class={isCertified ? "lesson-block good" : "lesson-block bad"}
    >
      <div class="stack">
        <fieldset class="lesson-votes">
          <legend>
            Votes that count: {verdict.votes} of {verdict.authorities}, needed are {verdict.quorum}
          </legend>
          {block.authorities.map((authority, place) => {
            const address = addressOf(authority);
            const hasVoted = voters.has(toHex(authority));
            return (
              <label key={address} class="lesson-vote">
                <input
                  type="checkbox"
                  checked={hasVoted && !dropped.has(place)}
                  disabled={!hasVoted}
                  onChange={() => toggle(place)}
                />
                <span>{nameOf(address, place)}</span>
                <Hash value={address} copy={false} />
                {!hasVoted && <span class="soft small">not in this certificate</span>}
              </label>
            );
          })}
        </fieldset>
        <QuorumBar votes={verdict.votes} quorum={verdict.quorum} authorities={verdict.authorities} />
        <p role="status" class="lesson-verdict">
          <Badge kind={isCertified ? "good" : "bad"}>{isCertified ? "✓ certified" : "✗ not certified"}</Badge>{" "}
          {isCertified
            ? `The votes are a quorum, and every signature holds. ${silentText(verdict.silentMax, verdict.authorities)}`
            : `As a node says it: ${verdict.problem}.`}
        </p>
      </div>
    </Card>
  );
}

function silentText(silentMax: number, authorities: number): string {
  if (silentMax === 0)
    return `With ${authorities} ${authorities === 1 ? "authority" : "authorities"}, all have to vote.`;
  return `Of ${authorities} authorities, ${silentMax} may be silent.`;
}

/** Votes against what is needed; the sentence beside it says the same. */
function QuorumBar({ votes, quorum, authorities }: { votes: number; quorum: number; authorities: number }) {
  const place = (count: number) => (100 * count) / authorities;
  return (
    <svg class="lesson-quorum" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <rect class="empty" width="100" height="8" />
      <rect class={votes >= quorum ? "good" : "bad"} width={place(votes)} height="8" />
      <rect class="line" x={place(quorum) - 0.4} width="0.4" height="8" />
    </svg>
  );
}
