/** Says aloud that blocks came: politely, and not each of them if they come fast. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { StripBlock } from "./strip-layout.ts";

/** Between two sentences; of several blocks the newest one is named. */
const pauseMs = 15_000;

export function NewBlockVoice({ head }: { head: StripBlock | undefined }) {
  const [said, setSaid] = useState("");
  const opened = useRef<string>(undefined);
  const lastMs = useRef(Number.NEGATIVE_INFINITY);
  useEffect(() => {
    if (!head) return;
    opened.current ??= head.hash;
    // Of the block that was there when the page was opened there is nothing to say: nothing has happened.
    if (opened.current === head.hash) return;
    const waitMs = Math.max(0, lastMs.current + pauseMs - performance.now());
    const timer = setTimeout(() => {
      lastMs.current = performance.now();
      setSaid(`Block ${head.height} with ${countText(head.transactionCount)}`);
    }, waitMs);
    return () => clearTimeout(timer);
  }, [head?.hash]);
  return (
    <p class="unseen" role="status">
      {said}
    </p>
  );
}

function countText(transactions: number): string {
  if (transactions === 0) return "no transaction";
  return transactions === 1 ? "1 transaction" : `${transactions} transactions`;
}
