/** The page of one block: what it holds, where it stands, its bytes, and its verification. */
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { type BlockAnswer, getBlock, getBlocks } from "../../../api/blocks.ts";
import { useNode } from "../../live/node-view.ts";
import { useAnswer } from "../../live/use-answer.ts";
import { Button } from "../../parts/button.tsx";
import { Card } from "../../parts/card.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Note } from "../../parts/note.tsx";
import type { PageProps } from "../../shell/pages.ts";
import { useGo, useLink } from "../../shell/place.ts";
import { VerifyCard } from "../../verify/verify-card.tsx";
import { BlockBytes } from "./block-bytes.tsx";
import { BlockFacts, HeaderFacts } from "./block-facts.tsx";
import { BlockTransactions } from "./block-transactions.tsx";
import { FinalityCard } from "./finality-card.tsx";
import { neighbourKey } from "./neighbour-key.ts";
import { type Standing, standingOf } from "./standing.ts";
import "./block.css";

export default function BlockPage({ values: { reference = "" } }: PageProps) {
  const { chainId, status } = useNode();
  const pinned = useRef<{ readonly chainId: string | undefined; readonly hash: string }>(undefined);
  const block = useAnswer(
    async ({ api }, signal) => {
      // The block that was opened stays the one that is shown, whatever stands at its height later.
      const kept = pinned.current?.chainId === chainId ? pinned.current?.hash : undefined;
      const answer = await api.call(
        getBlock,
        { params: { reference: kept ?? reference.toLowerCase() } },
        { signal },
      );
      pinned.current = { chainId, hash: answer.hash };
      return answer;
    },
    [reference],
  );
  const asked = /^[0-9]{1,15}$/.test(reference) ? Number(reference) : undefined;
  const height = block.answer?.height ?? asked;
  useEffect(() => {
    if (height !== undefined) document.title = `Block ${height} · Aurex`;
  }, [height]);
  return (
    <div class="stack">
      <header class="row spread">
        <h1>
          Block <span class="block-height">{height?.toLocaleString("en-GB")}</span>
        </h1>
        {height !== undefined && (
          // Also while the block is on its way: who leafs through blocks is faster than the node.
          <Neighbours
            height={height}
            headHeight={Math.max(status?.head.height ?? 0, block.answer?.head.height ?? 0, height)}
          />
        )}
      </header>
      <Loaded of={block}>{(answer) => <BlockView block={answer} onReload={block.reload} />}</Loaded>
    </div>
  );
}

function BlockView({ block, onReload }: { block: BlockAnswer; onReload: () => void }) {
  const { height, hash } = block;
  const { engine } = useNode();
  // One small question for each head, however large the block is.
  const there = useAnswer(
    async ({ api }, signal) => {
      const page = await api.call(getBlocks, { query: { from: height, order: "asc", limit: 1 } }, { signal });
      return page.items[0];
    },
    [height],
    { reloadOn: ["head", "final"] },
  ).answer;
  const standing = standingOf(block, there);
  return (
    <>
      <StandingNote block={block} standing={standing} />
      <div class="block-columns">
        <div class="stack">
          <Card title="What it is">
            <BlockFacts block={block} standing={standing} />
          </Card>
          <BlockTransactions block={block} />
          <Card title="Header and seal" lead="What the hash is made of">
            <HeaderFacts block={block} />
          </Card>
        </div>
        <div class="stack block-side">
          <VerifyCard
            key={hash}
            what={`block ${height}`}
            question={
              standing.kind === "beside"
                ? undefined
                : { kind: "block", hash, shown: shownOf(block, standing) }
            }
            onOutdated={onReload}
          >
            {standing.kind === "beside" && (
              <p class="soft small">A block beside the chain cannot be proven: nothing stands on it.</p>
            )}
          </VerifyCard>
          {engine === "poa" && height > 0 && <FinalityCard hash={hash} standing={standing} />}
        </div>
        <BlockBytes key={hash} hash={hash} />
      </div>
    </>
  );
}

/** The block's own values are of the moment when it was loaded; where it stands goes on. */
function shownOf(block: BlockAnswer, standing: Standing): BlockAnswer {
  if (standing.kind === "beside") return block;
  return { ...block, final: standing.kind === "final", confirmations: standing.confirmations };
}

function StandingNote({
  block: { height, canonical },
  standing,
}: {
  block: BlockAnswer;
  standing: Standing;
}) {
  const link = useLink();
  if (standing.kind !== "beside") return null;
  const { now } = standing;
  return (
    <div role="status">
      <Note
        kind="warn"
        title={
          canonical
            ? `This block has left the chain while you looked at it`
            : "This block is not on the chain: another branch has outweighed it"
        }
      >
        {now ? (
          <p>
            <a href={link("block", { reference: now })}>Another block stands at height {height} now.</a> The
            transactions of this one wait again, unless the other branch holds them, too.
          </p>
        ) : (
          <p>No block of the chain has this height now.</p>
        )}
      </Note>
    </div>
  );
}

function Neighbours({ height, headHeight }: { height: number; headHeight: number }) {
  const go = useGo();
  const link = useLink();
  // With the drawing, not after it: a key that is pressed as soon as the new heading stands there means the new block.
  useLayoutEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const step = neighbourKey(event);
      const next = height + step;
      if (step === 0 || next < 0 || next > headHeight) return;
      event.preventDefault();
      go("block", { reference: next });
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [height, headHeight]);
  return (
    <nav class="row" aria-label="Neighbouring blocks">
      {height > 0 ? (
        <a class="button" href={link("block", { reference: height - 1 })} title="Arrow left" rel="prev">
          ← {height - 1}
        </a>
      ) : (
        <Button disabled>← none</Button>
      )}
      {height < headHeight ? (
        <a class="button" href={link("block", { reference: height + 1 })} title="Arrow right" rel="next">
          {height + 1} →
        </a>
      ) : (
        <Button disabled>newest</Button>
      )}
    </nav>
  );
}
