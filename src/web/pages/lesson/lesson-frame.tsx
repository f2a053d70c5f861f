/** What is the same in every lesson: where one is on the path, three sentences, one thing to do, what was seen, what is next. */
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { lessonAfter, lessons } from "../../learn/lessons.ts";
import { useProgress } from "../../learn/use-progress.ts";
import type { LessonName } from "../../learn/words.ts";
import { isLab } from "../../live/node-view.ts";
import { useLink } from "../../shell/place.ts";

interface LessonFrameProps {
  readonly name: LessonName;
  /** Three sentences. */
  readonly intro: ComponentChildren;
  /** The one thing to do. */
  readonly task: ComponentChildren;
  /** It was done in this visit. */
  readonly isDone: boolean;
  /** What the reader has seen once it is done. */
  readonly seen: ComponentChildren;
  readonly children?: ComponentChildren;
}

export function LessonFrame({ name, intro, task, isDone, seen, children }: LessonFrameProps) {
  const link = useLink();
  const { done, finish } = useProgress();
  const at = lessons.findIndex((lesson) => lesson.name === name);
  const next = lessonAfter(name);
  useEffect(() => {
    if (isDone) finish(name);
  }, [isDone]);
  const nextLink = next ? (
    <a class={isDone ? "button main" : "button"} href={link("lesson", { lesson: next.name })}>
      Next: {next.title}
    </a>
  ) : (
    <a class={isDone ? "button main" : "button"} href={link(isLab ? "lab" : "overview")}>
      {isLab ? "To the lab" : "To the chain itself"}
    </a>
  );
  return (
    <div class="stack lesson">
      <nav aria-label="Lessons">
        <ol class="lesson-path">
          {lessons.map((lesson, index) => (
            <li key={lesson.name}>
              <a
                href={link("lesson", { lesson: lesson.name })}
                aria-current={lesson.name === name ? "step" : undefined}
              >
                <span aria-hidden="true">{done.has(lesson.name) ? "✓" : index + 1}</span> {lesson.title}
                {done.has(lesson.name) && <span class="unseen">, done</span>}
              </a>
            </li>
          ))}
        </ol>
      </nav>
      <h1>{lessons[at]?.title}</h1>
      <p class="lesson-intro">{intro}</p>
      <p class="lesson-task">
        <strong>Do this:</strong> {task}
      </p>
      {children}
      <div class="lesson-seen" role="status">
        {isDone && (
          <div class="note good">
            <strong>What you have seen</strong>
            <div>{seen}</div>
          </div>
        )}
      </div>
      <div class="row">
        {nextLink}
        <a class="button" href={link("learn")}>
          All lessons
        </a>
        <a class="button" href={link("words")}>
          Words
        </a>
      </div>
    </div>
  );
}
