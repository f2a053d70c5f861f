/** Which neighbour a key asks for: the arrows, unless they belong to what has the focus. */

/** Widgets that arrows move within. */
const ownArrows =
  "input, select, textarea, [role=tablist], [role=listbox], [role=grid], .bytes, .chart, [contenteditable]";

/** @returns -1 for the block below, 1 for the one above, 0 for neither */
export function neighbourKey(event: {
  readonly key: string;
  readonly altKey: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly shiftKey: boolean;
  readonly target: unknown;
}): -1 | 0 | 1 {
  const { altKey, ctrlKey, metaKey, shiftKey, key, target } = event;
  if (altKey || ctrlKey || metaKey || shiftKey) return 0;
  if (target instanceof Element && target.closest(ownArrows)) return 0;
  if (key === "ArrowLeft") return -1;
  return key === "ArrowRight" ? 1 : 0;
}
