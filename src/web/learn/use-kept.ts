/** Keeps one answer while a reader works on it: a page that was away for a moment must not take their work away. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Answer } from "../live/use-answer.ts";

export interface Kept<Value> {
  /** As the answer, but it stays the same one until a newer one is asked for. */
  readonly kept: Answer<Value>;
  readonly takeNewest: () => void;
}

/** @param isEnough whether the answer is one to work on; else the next one is taken by itself */
export function useKept<Value>(
  answer: Answer<Value>,
  isEnough: (value: Value) => boolean = () => true,
): Kept<Value> {
  const [value, setValue] = useState<Value>();
  const isWanted = useRef(true);
  const newest = answer.answer;
  useEffect(() => {
    // The node is on another chain, or another node is shown.
    if (newest === undefined) isWanted.current = true;
    else if (!isWanted.current) return;
    else isWanted.current = !isEnough(newest);
    setValue(newest);
  }, [newest]);
  return {
    kept: { ...answer, answer: newest === undefined ? undefined : value },
    takeNewest() {
      isWanted.current = true;
      answer.reload();
    },
  };
}
