/** The chain as a strip of blocks that moves when a block comes; branches below it; the block that comes next before it. */
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Branch } from "../../../api/forks.ts";
import { useNode } from "../../live/node-view.ts";
import { useNamesOfKeys } from "../../live/use-names-of-keys.ts";
import { Button } from "../../parts/button.tsx";
import { useLink } from "../../shell/place.ts";
import { changeSettings, useSettings } from "../../shell/settings.ts";
import { moveCards } from "./move-cards.ts";
import { NextBlock } from "./next-block.tsx";
import { StripCard } from "./strip-card.tsx";
import { arrivedBlocks, type StripBlock, stripLayout } from "./strip-layout.ts";

const stripBlocks = 18;

interface StripProps {
  readonly blocks: readonly StripBlock[];
  readonly branches: readonly Branch[];
}

export function Strip({ blocks: newest, branches }: StripProps) {
  const { status } = useNode();
  const link = useLink();
  const { strip: direction } = useSettings();
  const [held, setHeld] = useState<readonly StripBlock[]>();
  const blocks = (held ?? newest).slice(0, stripBlocks);
  const missed = held ? arrivedBlocks(held, newest) : 0;
  const layout = useMemo(
    () => stripLayout({ blocks, branches, finalHeight: status?.final?.height ?? null }),
    [blocks[0]?.hash, blocks.length, branches, status?.final?.height],
  );
  const list = useRef<HTMLOListElement>(null);
  const names = useNamesOfKeys();
  const isReversed = direction === "newest-right";
  useMovement(list, blocks, isReversed);
  const columnOf = (column: number) => (isReversed ? layout.columns - column : column + 2);
  // Read and walked through in the order in which they are seen.
  const cards = [...layout.placed].sort(
    (one, other) => (isReversed ? -1 : 1) * (one.column - other.column) || one.lane - other.lane,
  );
  const next = (
    <li key="next" style={{ gridColumn: isReversed ? layout.columns + 1 : 1, gridRow: 1 }}>
      <NextBlock />
    </li>
  );
  const drawn: ComponentChildren[] = cards.map(({ column, ...card }) => (
    <li
      key={card.block.hash}
      data-hash={card.block.hash}
      style={{ gridColumn: columnOf(column), gridRow: card.lane + 1 }}
    >
      <StripCard {...card} names={names} />
    </li>
  ));
  return (
    <section class="overview-strip" aria-labelledby="overview-strip-title" data-direction={direction}>
      <header class="row spread">
        <h2 id="overview-strip-title">Newest blocks</h2>
        <div class="row small">
          <Button onClick={() => setHeld(held ? undefined : newest)}>
            {held ? `Go on${missed > 0 ? ` (${missed} new)` : ""}` : "Pause"}
          </Button>
          <Button onClick={() => changeSettings({ strip: isReversed ? "newest-left" : "newest-right" })}>
            <span aria-hidden="true">⇄</span>
            {isReversed ? "Newest left" : "Newest right"}
          </Button>
          <a href={link("blocks")}>All blocks</a>
        </div>
      </header>
      <ol ref={list} class="overview-cards" onKeyDown={walk}>
        {isReversed ? [...drawn, next] : [next, ...drawn]}
      </ol>
      {layout.hiddenBranches > 0 && (
        <p class="small soft">
          {layout.hiddenBranches} more {layout.hiddenBranches === 1 ? "branch" : "branches"}:{" "}
          <a href={link("forks")}>see all forks</a>.
        </p>
      )}
    </section>
  );
}

/** Arrows lead from card to card, as they are seen. */
function walk(event: KeyboardEvent): void {
  const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
  if (step === 0) return;
  const links = [...(event.currentTarget as HTMLElement).querySelectorAll("a")];
  const at = links.indexOf(document.activeElement as HTMLAnchorElement);
  const next = links[at + step];
  if (at < 0 || !next) return;
  event.preventDefault();
  next.focus();
}

/** Cards move only if blocks came on top of what was shown; the newest one stays in sight. */
function useMovement(
  list: { readonly current: HTMLOListElement | null },
  blocks: readonly StripBlock[],
  isReversed: boolean,
): void {
  const before = useRef<readonly StripBlock[]>([]);
  const head = blocks[0]?.hash;
  useLayoutEffect(() => {
    const arrived = arrivedBlocks(before.current, blocks);
    before.current = blocks;
    if (list.current && arrived > 0) moveCards(list.current, blocks.slice(0, arrived), isReversed);
  }, [head]);
  useLayoutEffect(() => {
    if (list.current && isReversed) list.current.scrollLeft = list.current.scrollWidth;
  }, [isReversed, head === undefined]);
}
