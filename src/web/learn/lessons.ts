/** The teaching path: its six lessons in their order, and which of them are done in this browser. */
import type { LessonName } from "./words.ts";

export interface Lesson {
  readonly name: LessonName;
  readonly title: string;
  /** What one knows after it, in a sentence. */
  readonly idea: string;
}

export const lessons: readonly Lesson[] = [
  {
    name: "hash",
    title: "Hash",
    idea: "A fingerprint of any text. Change one letter, and it is another one.",
  },
  {
    name: "block",
    title: "Block",
    idea: "A block counts if its hash is low enough. To find such a hash is work.",
  },
  {
    name: "chain",
    title: "Chain",
    idea: "Each block names the hash of the one before. A change breaks all that follow.",
  },
  {
    name: "distributed",
    title: "Distributed",
    idea: "Everybody has a copy. Whoever changes theirs stands alone.",
  },
  {
    name: "signatures",
    title: "Signatures",
    idea: "Only the owner of a key can pay, and everybody can check it.",
  },
  {
    name: "finality",
    title: "Finality",
    idea: "Once two thirds have voted for a block, nobody can undo it.",
  },
];

export function lessonAfter(name: LessonName): Lesson | undefined {
  return lessons[lessons.findIndex((lesson) => lesson.name === name) + 1];
}

/** Where progress is kept: `localStorage`, or nothing if the browser has none. */
export type ProgressStore = Pick<Storage, "getItem" | "setItem" | "removeItem">;

const storedAs = "aurex.learn.done";

/** The lessons that were done; what cannot be read counts as none. */
export function readProgress(store: ProgressStore | undefined): ReadonlySet<LessonName> {
  try {
    const stored: unknown = JSON.parse(store?.getItem(storedAs) ?? "[]");
    if (!Array.isArray(stored)) return new Set();
    return new Set(lessons.map(({ name }) => name).filter((name) => stored.includes(name)));
  } catch {
    return new Set();
  }
}

/** Keeps that a lesson was done. A browser that keeps nothing forgets it with the page. */
export function keepProgress(store: ProgressStore | undefined, done: ReadonlySet<LessonName>): void {
  try {
    if (done.size === 0) store?.removeItem(storedAs);
    else store?.setItem(storedAs, JSON.stringify([...done]));
  } catch {
    // A full or forbidden storage: the page works without.
  }
}
