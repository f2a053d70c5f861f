/** Lesson 4: everybody has a copy of the chain, so whoever changes theirs stands alone. */
import { useEffect, useState } from "preact/hooks";
import { getLabState } from "../../../api/lab.ts";
import { toHex } from "../../../base/bytes.ts";
import { createApiClient } from "../../../client/index.ts";
import { easiestTargetOf } from "../../../protocol/genesis.ts";
import {
  agreeingCopies,
  type EditableBlock,
  firstDifference,
  hashOf,
  isMined,
  judgeChain,
} from "../../learn/editable-chain.ts";
import { mineAll } from "../../learn/mine-all.ts";
import { takeCopies } from "../../learn/take-copies.ts";
import { useKept } from "../../learn/use-kept.ts";
import { useMiner } from "../../learn/use-miner.ts";
import { baseUrlOf, isLab, type NodeView } from "../../live/node-view.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { Button } from "../../parts/button.tsx";
import { EmptyState } from "../../parts/empty-state.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Word } from "../../parts/word.tsx";
import { useLink } from "../../shell/place.ts";
import { CopiedBlock } from "./copied-block.tsx";
import { LessonFrame } from "./lesson-frame.tsx";
import { MiningProblem, MiningProgress } from "./mining-progress.tsx";

const blocksShown = 3;
/** The first block of all is the same for everybody, and nobody can edit it. */
const blocksNeeded = 2;
const zeros = 4;

interface Holder {
  readonly name: string;
  readonly copy: readonly EditableBlock[];
}

interface Copies {
  /** The first is the reader's own. */
  readonly holders: readonly Holder[];
  /** Whether each copy came from a node of its own. */
  readonly areReal: boolean;
}

export default function DistributedLesson() {
  const link = useLink();
  const [isDone, setDone] = useState(false);
  const [isShort, setShort] = useState(false);
  const copies = useAnswer(copiesOf, [], { reloadOn: isShort ? ["head"] : [] });
  const length = copies.answer?.holders[0]?.copy.length ?? blocksNeeded;
  useEffect(() => setShort(length < blocksNeeded), [length]);
  const { kept, takeNewest } = useKept(
    copies,
    ({ holders }) => (holders[0]?.copy.length ?? 0) >= blocksNeeded,
  );
  return (
    <LessonFrame
      name="distributed"
      intro={
        <>
          Every node has its own copy of the chain, and none of them is the original. Nodes that disagree
          compare their chains: of Proof of Work the one with the most work counts, of Proof of Authority the
          one that a <Word of="quorum" /> has voted for. While two chains are about, there is a{" "}
          <Word of="fork" />, and a node that changes over goes through a <Word of="reorganization" />.
        </>
      }
      task="change a note in your own copy, and compare it with the others."
      isDone={isDone}
      seen={
        <>
          A change cannot hide: the hashes differ, and the heights say from which block on. You can make your
          copy sound in itself, but the others still have theirs. To change the past, you would need more
          power than all others together.
        </>
      }
    >
      <Loaded of={kept}>
        {(loaded) =>
          length < blocksNeeded ? (
            <EmptyState>
              This chain has one block so far. The lesson needs {blocksNeeded}, and begins by itself.
            </EmptyState>
          ) : (
            <Compared
              key={loaded.holders[0]?.copy.at(-1)?.trueHash}
              copies={loaded}
              onDiffering={() => setDone(true)}
              onNewest={takeNewest}
            />
          )
        }
      </Loaded>
      {isLab ? (
        <p>
          In <a href={link("lab")}>the lab</a> you can do it for real: tamper with the store of a node, and
          watch how it gets the true block back from the others.
        </p>
      ) : (
        <p class="soft small">
          This page knows one node, so the copies of the others are made from its blocks. The demonstration
          (npm start) shows the copies of real nodes side by side.
        </p>
      )}
    </LessonFrame>
  );
}

/** In the lab the copies of nodes of one chain, each asked itself; else three of the same node. */
async function copiesOf(node: NodeView, signal: AbortSignal): Promise<Copies> {
  const own = await takeCopies(node.api, blocksShown, signal);
  if (!isLab) {
    const names = ["Your copy", "Another node", "A third node"];
    return { holders: names.map((name) => ({ name, copy: own })), areReal: false };
  }
  const state = await createApiClient(baseUrlOf(undefined)).call(getLabState, {}, { signal });
  const engine = (await node.api.node()).consensus;
  const names = state.nodes
    .filter(
      ({ name, consensus, process }) =>
        consensus === engine && process === "running" && name !== node.labName,
    )
    .map(({ name }) => name);
  const others = await Promise.all(names.map((name) => holderOf(name, own, signal)));
  const reached = others.filter((holder) => holder !== undefined);
  if (reached.length === 0)
    throw new Error("No other node of this chain runs. Start one in the lab, and come again.");
  return { holders: [{ name: "Your copy", copy: own }, ...reached], areReal: true };
}

/** The same heights as another node has them; undefined if it does not answer or is not so far. */
async function holderOf(
  name: string,
  own: readonly EditableBlock[],
  signal: AbortSignal,
): Promise<Holder | undefined> {
  try {
    const api = createApiClient(baseUrlOf(name), { retries: 0 });
    return { name, copy: await takeCopies(api, own.length, signal, own.at(-1)?.header.height) };
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    return undefined;
  }
}

interface ComparedProps {
  readonly copies: Copies;
  readonly onDiffering: () => void;
  readonly onNewest: () => void;
}

function Compared({ copies: { holders, areReal }, onDiffering, onNewest }: ComparedProps) {
  const truth = holders[0]?.copy ?? [];
  const [mine, setMine] = useState(truth);
  const miner = useMiner();
  const shown = [{ name: "Your copy", copy: mine }, ...holders.slice(1)];
  const all = shown.map(({ copy }) => copy);
  const difference = firstDifference(all);
  const agreeing = agreeingCopies(all);
  const isSound = judgeChain(mine).every(({ isBroken }) => !isBroken);
  const edit = (at: number, block: EditableBlock) => {
    miner.stop();
    const next = mine.with(at, block);
    setMine(next);
    if (firstDifference([next, ...all.slice(1)]) !== undefined) onDiffering();
  };
  const reset = () => {
    miner.stop();
    setMine(truth);
  };
  return (
    <div class="stack">
      <div class="lesson-copies">
        {shown.map(({ name, copy }, holder) => {
          const judgements = judgeChain(copy);
          const agree = agreeing[holder] ?? 0;
          return (
            <section key={name} class="card" aria-label={name}>
              <header>
                <h2>{name}</h2>
                <span class="card-lead">
                  {agree === shown.length
                    ? "agrees with all"
                    : agree === 1
                      ? "stands alone"
                      : `${agree} of ${shown.length} agree`}
                </span>
              </header>
              <ol class="lesson-column">
                {copy.map((block, at) => (
                  <li key={block.header.height}>
                    {holder === 0 ? (
                      <CopiedBlock
                        block={block}
                        judgement={judgements[at]!}
                        onEdit={block.header.height === 0 ? undefined : (next) => edit(at, next)}
                      />
                    ) : (
                      <CopiedBlock block={block} judgement={judgements[at]!} />
                    )}
                  </li>
                ))}
              </ol>
            </section>
          );
        })}
      </div>
      <p role="status" class="lesson-verdict">
        {difference === undefined
          ? `${shown.length === 2 ? "Both" : `All ${shown.length}`} copies have the same newest hash, so they are the same in everything.`
          : `From block ${difference} on your copy is another one than ${
              isSound
                ? "the others have, though it is sound in itself"
                : "the others have, and it is not even sound in itself"
            }. The others go on without you.`}
      </p>
      <div class="row">
        {mine.some(isMined) &&
          (miner.progress ? (
            <Button onClick={miner.stop}>Stop</Button>
          ) : (
            <Button
              disabled={isSound}
              onClick={() => void mineAll(mine, easiestTargetOf(zeros), miner.mine, setMine)}
            >
              Mine your copy again
            </Button>
          ))}
        <Button disabled={difference === undefined} onClick={reset}>
          Take over what the others have
        </Button>
        <Button onClick={onNewest}>Take the newest blocks</Button>
        <MiningProgress of={miner} />
      </div>
      <MiningProblem of={miner} />
      {areReal && (
        <p class="soft small">
          The others are real nodes of this demonstration, each asked for its own blocks. Newest hash of
          yours: <code>{toHex(hashOf(mine.at(-1)!)).slice(0, 12)}…</code>
        </p>
      )}
    </div>
  );
}
