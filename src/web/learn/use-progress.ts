/** Which lessons are done, for components. */

import { useState } from "preact/hooks";
import { ownStorage } from "../shell/own-storage.ts";
import { keepProgress, readProgress } from "./lessons.ts";
import type { LessonName } from "./words.ts";

export interface Progress {
  readonly done: ReadonlySet<LessonName>;
  readonly finish: (name: LessonName) => void;
  readonly forget: () => void;
}

export function useProgress(): Progress {
  const [done, setDone] = useState(() => readProgress(ownStorage()));
  const keep = (next: ReadonlySet<LessonName>) => {
    keepProgress(ownStorage(), next);
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
