/** Moves the strip's cards from where they were to where they are, and lets new ones appear. */
import type { StripBlock } from "./strip-layout.ts";

/** With more at once nobody could follow one. */
const arrivedMax = 3;
const moveMs = 420;
const easing = "cubic-bezier(0.2, 0, 0, 1)";

/** @param arrived what came since the cards were drawn last */
export function moveCards(
  list: HTMLElement,
  arrived: readonly Pick<StripBlock, "hash">[],
  isReversed: boolean,
): void {
  if (arrived.length > arrivedMax || isStill()) return;
  const [first, second] = list.children;
  if (!first || !second) return;
  const stepPx = Math.abs(second.getBoundingClientRect().left - first.getBoundingClientRect().left);
  const fromPx = (isReversed ? 1 : -1) * arrived.length * stepPx;
  const isNew = new Set(arrived.map(({ hash }) => hash));
  for (const card of list.children) {
    const { hash } = (card as HTMLElement).dataset;
    // The place of the next block stays where it is.
    if (hash === undefined) continue;
    const frames = isNew.has(hash)
      ? [
          { opacity: 0, transform: "scale(0.85)" },
          { opacity: 1, transform: "none" },
        ]
      : [{ transform: `translateX(${fromPx}px)` }, { transform: "none" }];
    card.animate(frames, { duration: moveMs, easing });
  }
}

/** Whether the reader wants no motion. */
function isStill(): boolean {
  return (
    document.documentElement.dataset.motion === "none" ||
    matchMedia("(prefers-reduced-motion: reduce)").matches
  );
}
