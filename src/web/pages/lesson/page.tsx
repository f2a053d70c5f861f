/** The page of one lesson; each lesson is loaded when it is opened. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { lessons } from "../../learn/lessons.ts";
import type { LessonName } from "../../learn/words.ts";
import { ProblemNote } from "../../parts/problem-note.tsx";
import type { PageProps } from "../../shell/pages.ts";
import { useLink } from "../../shell/place.ts";
import "./lesson.css";

const loads: Record<LessonName, () => Promise<{ readonly default: ComponentType }>> = {
  hash: () => import("./hash-lesson.tsx"),
  block: () => import("./block-lesson.tsx"),
  chain: () => import("./chain-lesson.tsx"),
  distributed: () => import("./distributed-lesson.tsx"),
  signatures: () => import("./signatures-lesson.tsx"),
  finality: () => import("./finality-lesson.tsx"),
};

export default function LessonPage({ values }: PageProps) {
  const link = useLink();
  const lesson = lessons.find(({ name }) => name === values.lesson);
  const [Lesson, setLesson] = useState<ComponentType>();
  const [problem, setProblem] = useState<unknown>();
  useEffect(() => {
    if (!lesson) return;
    document.title = `${lesson.title} · How it works · Aurex`;
    loads[lesson.name]().then(({ default: loaded }) => setLesson(() => loaded), setProblem);
  }, []);
  if (!lesson) {
    return (
      <div class="stack">
        <h1>There is no such lesson</h1>
        <p>
          <a href={link("learn")}>To the six lessons that there are</a>
        </p>
      </div>
    );
  }
  if (problem !== undefined) {
    return (
      <ProblemNote
        problem={problem}
        what="The lesson did not arrive"
        next="Reload the page. If the node was updated meanwhile, its files have other names now."
      />
    );
  }
  return Lesson ? <Lesson /> : <p class="loading">Loading …</p>;
}
