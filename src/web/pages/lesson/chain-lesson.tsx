/** Lesson 3: each block names the hash of the one before, so a change breaks all that follow. */
import { useEffect, useState } from "preact/hooks";
import { easiestTargetOf } from "../../../protocol/genesis.ts";
import { type EditableBlock, isMined, judgeChain } from "../../learn/editable-chain.ts";
import { mineAll } from "../../learn/mine-all.ts";
import { takeCopies } from "../../learn/take-copies.ts";
import { useKept } from "../../learn/use-kept.ts";
import { useMiner } from "../../learn/use-miner.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { Button } from "../../parts/button.tsx";
import { EmptyState } from "../../parts/empty-state.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Word } from "../../parts/word.tsx";
import { CopiedBlock } from "./copied-block.tsx";
import { LessonFrame } from "./lesson-frame.tsx";
import { MiningProblem, MiningProgress } from "./mining-progress.tsx";

const blocksShown = 5;
/** Enough to have blocks behind the one that is edited. */
const blocksNeeded = 3;
/** Zeros at the beginning of a hash: a browser finds such a block in less than a second or two. */
const zeros = 4;

export default function ChainLesson() {
  const [isDone, setDone] = useState(false);
  const [isMendedOnce, setMended] = useState(false);
  const [isShort, setShort] = useState(false);
  const copies = useAnswer(({ api }, signal) => takeCopies(api, blocksShown, signal), [], {
    reloadOn: isShort ? ["head"] : [],
  });
  useEffect(() => setShort((copies.answer?.length ?? blocksNeeded) < blocksNeeded), [copies.answer]);
  const { kept, takeNewest } = useKept(copies, ({ length }) => length >= blocksNeeded);
  return (
    <LessonFrame
      name="chain"
      intro={
        <>
          Each block names the hash of the block before it, down to the <Word of="genesis">first</Word>. So a
          hash stands for its own block and for everything before. These are copies of the newest blocks of
          this chain, and you can do with them what you like.
        </>
      }
      task="change the note of one of the first blocks, and look at the blocks after it."
      isDone={isDone}
      seen={
        <>
          Your change gave the block another hash, so the next block named one that is not there any more, and
          nothing after it counts.{" "}
          {isMendedOnce
            ? "You have mined them again, one after the other, and your chain counts. But its hashes are not those of all others."
            : "To hide a change, the work of all later blocks has to be done again, faster than everybody else adds new ones."}
        </>
      }
    >
      <Loaded of={kept}>
        {(truth) =>
          truth.length < blocksNeeded ? (
            <EmptyState>
              This chain has {truth.length} blocks so far. The lesson needs {blocksNeeded}, and begins by
              itself.
            </EmptyState>
          ) : (
            <Chain
              key={truth.at(-1)?.trueHash}
              truth={truth}
              onBroken={() => setDone(true)}
              onMended={() => setMended(true)}
              onNewest={takeNewest}
            />
          )
        }
      </Loaded>
    </LessonFrame>
  );
}

interface ChainProps {
  readonly truth: readonly EditableBlock[];
  readonly onBroken: () => void;
  readonly onMended: () => void;
  readonly onNewest: () => void;
}

function Chain({ truth, onBroken, onMended, onNewest }: ChainProps) {
  const [chain, setChain] = useState(truth);
  const miner = useMiner();
  const judgements = judgeChain(chain);
  const broken = judgements.filter(({ isBroken }) => isBroken).length;
  const isOfWork = chain.some(isMined);
  const edit = (at: number, block: EditableBlock) => {
    miner.stop();
    const next = chain.with(at, block);
    setChain(next);
    const states = judgeChain(next);
    if (at < next.length - 1 && states.slice(at).every(({ isBroken }) => isBroken)) onBroken();
  };
  const mend = async () => {
    if (await mineAll(chain, easiestTargetOf(zeros), miner.mine, setChain)) onMended();
  };
  const sentence =
    broken === 0
      ? judgements.some(({ isChanged }) => isChanged)
        ? "Every block counts again. Their hashes are others than on the real chain."
        : "Every block counts."
      : `${broken} of ${chain.length} blocks do not count.`;
  return (
    <div class="stack">
      <ol class="lesson-chain" aria-label="Your copy of the chain">
        {chain.map((block, at) => (
          <li key={block.header.height}>
            <CopiedBlock
              block={block}
              judgement={judgements[at]!}
              onEdit={block.header.height === 0 ? undefined : (next) => edit(at, next)}
            />
          </li>
        ))}
      </ol>
      <p role="status" class="lesson-verdict">
        {sentence}
      </p>
      <div class="row">
        {isOfWork &&
          (miner.progress ? (
            <Button onClick={miner.stop}>Stop</Button>
          ) : (
            <Button disabled={broken === 0} onClick={mend}>
              Mine them again
            </Button>
          ))}
        <Button
          disabled={chain === truth}
          onClick={() => {
            miner.stop();
            setChain(truth);
          }}
        >
          As it was
        </Button>
        <Button onClick={onNewest}>Take the newest blocks</Button>
        <MiningProgress of={miner} />
      </div>
      <MiningProblem of={miner} />
      <p class="soft small">
        {isOfWork
          ? `Your browser mines with ${zeros} zeros: it takes a second or two for each block.`
          : "The blocks of this chain are signed by authorities. You do not have their keys, so you cannot mend what you have changed."}
      </p>
    </div>
  );
}
