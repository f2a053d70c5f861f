/** Which lessons are done, for components. */
import { useState } from "preact/hooks";
import { keepProgress, type ProgressStore, readProgress } from "./lessons.ts";
import type { LessonName } from "./words.ts";

/** A browser may forbid even to ask for its storage. */
function ownStore(): ProgressStore | undefined {
  try {
    return localStorage;
  } catch {
    return undefined;
  }
}

export interface Progress {
  readonly done: ReadonlySet<LessonName>;
  readonly finish: (name: LessonName) => void;
  readonly forget: () => void;
}

export function useProgress(): Progress {
  const [done, setDone] = useState(() => readProgress(ownStore()));
  const keep = (next: ReadonlySet<LessonName>) => {
    keepProgress(ownStore(), next);
    setDone(next);
  };
  return {
    done,
    finish: (name) => {
      if (!done.has(name)) keep(new Set([...done, name]));
    },
    forget: () => keep(new Set()),
  };
}
