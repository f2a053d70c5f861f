/** Lesson 2: a real block of this chain counts if its hash is low enough, and to find such a hash is work. */
import { useState } from "preact/hooks";
import { toHex } from "../../../base/bytes.ts";
import { routes } from "../../../client/index.ts";
import { countingNonceOf, headerRoot } from "../../../protocol/block.ts";
import { easiestTargetOf } from "../../../protocol/genesis.ts";
import {
  type EditableBlock,
  editableBlock,
  hashOf,
  isMined,
  noteOf,
  readyToMine,
  withNonce,
  withNote,
} from "../../learn/editable-chain.ts";
import { expectedAttempts, leadingZeros } from "../../learn/nonce-search.ts";
import { useKept } from "../../learn/use-kept.ts";
import { useMiner } from "../../learn/use-miner.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { Badge } from "../../parts/badge.tsx";
import { Button } from "../../parts/button.tsx";
import { Card } from "../../parts/card.tsx";
import { Fact, Facts } from "../../parts/facts.tsx";
import { Field } from "../../parts/field.tsx";
import { Hash } from "../../parts/hash.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Word } from "../../parts/word.tsx";
import { LessonFrame } from "./lesson-frame.tsx";
import { MinedHash } from "./marked-hash.tsx";
import { MiningProblem, MiningProgress } from "./mining-progress.tsx";
import { wholeNumber } from "./whole-number.ts";

const zerosFirst = 4;
const zerosMax = 6;

export default function BlockLesson() {
  const [isDone, setDone] = useState(false);
  const head = useAnswer(async ({ api }, signal) => {
    const header = await api.call(routes.getBlockHeader, { params: { reference: "head" } }, { signal });
    const copy = editableBlock(header);
    if (!copy.ok) throw new Error(copy.fault);
    return copy.value;
  }, []);
  const { kept } = useKept(head);
  return (
    <LessonFrame
      name="block"
      intro={
        <>
          A <Word of="block" /> is a page of the ledger, and what is hashed of it is its <Word of="header" />.
          On a chain of <Word of="proof of work">Proof of Work</Word> a block counts only if its hash begins
          with enough zeros. All that a <Word of="miner" /> can do is to change the <Word of="nonce" /> and to
          hash again, until one fits.
        </>
      }
      task="write your name into the note of this block, then press Mine."
      isDone={isDone}
      seen={
        <>
          The search took many tries, and to check its result takes one. Each zero more makes the search 16
          times as long. Whoever wants to change a block has to do its work again.
        </>
      }
    >
      <Loaded of={kept}>
        {(copy) => <Workbench key={copy.trueHash} truth={copy} onMined={() => setDone(true)} />}
      </Loaded>
    </LessonFrame>
  );
}

function Workbench({ truth, onMined }: { truth: EditableBlock; onMined: () => void }) {
  const [block, setBlock] = useState(truth);
  const [zeros, setZeros] = useState(zerosFirst);
  const [mined, setMined] = useState<{ attempts: number; elapsedMs: number }>();
  const miner = useMiner();
  const { header, seal } = block;
  const hash = toHex(hashOf(block));
  const isTrue = hash === truth.trueHash;
  const isGood = isTrue || leadingZeros(hash) >= zeros;
  const edit = (next: EditableBlock) => {
    miner.stop();
    setMined(undefined);
    setBlock(next);
  };
  const mine = async () => {
    const ready = readyToMine(block, undefined, easiestTargetOf(zeros));
    setBlock(ready);
    setMined(undefined);
    const startedMs = performance.now();
    const found = await miner.mine({ headerRoot: headerRoot(ready.header), target: ready.header.target });
    if (!found) return;
    setBlock(withNonce(ready, found.nonce));
    setMined({ attempts: found.attempts, elapsedMs: performance.now() - startedMs });
    if (noteOf(ready) !== noteOf(truth)) onMined();
  };
  return (
    <Card
      title={`Block ${header.height}`}
      lead={isTrue ? "as it stands on the chain" : "your copy"}
      class={isGood ? "lesson-block good" : "lesson-block bad"}
    >
      <div class="stack">
        <Facts>
          <Fact label="Block before" meaning="The hash of the block on which this one stands.">
            <Hash value={toHex(header.parentHash)} />
          </Fact>
          <Fact label="Transactions" meaning="How many there are, and the hash that they add up to.">
            {header.transactionCount}, <Hash value={toHex(header.transactionsRoot)} />
          </Fact>
          <Fact label="Nonce" meaning="The number that a miner changes until the hash is low enough.">
            {wholeNumber(countingNonceOf(seal.nonce))}
          </Fact>
        </Facts>
        <Field label="Note" hint="Every block has room for 32 bytes of text.">
          {(props) => (
            <input
              {...props}
              value={noteOf(block)}
              autoComplete="off"
              onInput={({ currentTarget }) => {
                const next = withNote(block, currentTarget.value);
                currentTarget.value = noteOf(next);
                edit(next);
              }}
            />
          )}
        </Field>
        <Field
          label={`Zeros at the beginning: ${zeros}`}
          hint={`About ${wholeNumber(expectedAttempts(easiestTargetOf(zeros)))} tries on average.`}
        >
          {(props) => (
            <input
              {...props}
              type="range"
              min={1}
              max={zerosMax}
              value={zeros}
              onInput={({ currentTarget }) => {
                miner.stop();
                setZeros(currentTarget.valueAsNumber);
              }}
            />
          )}
        </Field>
        <div>
          <h3>
            Hash{" "}
            <Badge kind={isGood ? "good" : "bad"}>
              {isTrue ? "as on the chain" : isGood ? "✓ low enough" : "✗ too high"}
            </Badge>
          </h3>
          <MinedHash value={hash} zerosNeeded={isTrue ? 0 : zeros} />
        </div>
        <div class="row">
          {miner.progress ? (
            <Button onClick={miner.stop}>Stop</Button>
          ) : (
            <Button kind="main" onClick={mine}>
              Mine
            </Button>
          )}
          <Button disabled={isTrue} onClick={() => edit(truth)}>
            As it was
          </Button>
          <MiningProgress of={miner} />
        </div>
        <p role="status" class="lesson-verdict">
          {mined &&
            `Found after ${wholeNumber(mined.attempts)} tries in ${(mined.elapsedMs / 1_000).toFixed(1)} s.`}
        </p>
        <TrueWork truth={truth} />
        <MiningProblem of={miner} />
      </div>
    </Card>
  );
}

/** How much harder the real chain is: a class mines at a difficulty that it solves in seconds. */
function TrueWork({ truth }: { truth: EditableBlock }) {
  if (truth.header.height === 0) {
    return (
      <p class="soft small">
        This is the first block of the chain. Nobody had to seal it, and you can mine a copy of it.
      </p>
    );
  }
  if (!isMined(truth)) {
    return (
      <p class="soft small">
        This chain is one of <Word of="proof of authority">Proof of Authority</Word>: its blocks are signed
        and not mined. Here you mine a copy of one, by the rule of the other chains.
      </p>
    );
  }
  return (
    <p class="soft small">
      The miners of this chain needed about {wholeNumber(expectedAttempts(truth.header.target))} tries for the
      true block: its hash had to be at most its <Word of="target" />. Your copy stays in this page.
    </p>
  );
}
