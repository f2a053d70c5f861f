/** The page "How it works": six lessons in their order, and which are done. */
import { lessons } from "../../learn/lessons.ts";
import { useProgress } from "../../learn/use-progress.ts";
import { isLab } from "../../live/node-view.ts";
import { Button } from "../../parts/button.tsx";
import { useLink } from "../../shell/place.ts";
import "./learn.css";

export default function LearnPage() {
  const link = useLink();
  const { done, forget } = useProgress();
  const next = lessons.find(({ name }) => !done.has(name));
  return (
    <div class="stack learn">
      <h1>How it works</h1>
      <p class="learn-lead">
        Six short lessons on the blocks of this very chain. Each has one idea and one thing to do. What you
        change stays in your browser: nothing of it is sent to the node.
      </p>
      <ol class="learn-path">
        {lessons.map(({ name, title, idea }, index) => (
          <li key={name} class={done.has(name) ? "learn-step done" : "learn-step"}>
            <a href={link("lesson", { lesson: name })}>
              <span class="learn-place" aria-hidden="true">
                {done.has(name) ? "✓" : index + 1}
              </span>
              <span>
                <strong>{title}</strong>
                {done.has(name) && <span class="unseen">, done</span>}
                <span class="learn-idea">{idea}</span>
              </span>
            </a>
          </li>
        ))}
      </ol>
      <div class="row">
        <a
          class="button main"
          href={next ? link("lesson", { lesson: next.name }) : link(isLab ? "lab" : "overview")}
        >
          {next
            ? done.size === 0
              ? "Begin"
              : `Go on: ${next.title}`
            : isLab
              ? "To the lab"
              : "To the overview"}
        </a>
        <a class="button" href={link("words")}>
          All words
        </a>
        {done.size > 0 && <Button onClick={forget}>Forget what is done</Button>}
      </div>
      {!isLab && (
        <p class="soft small">
          This page belongs to one node. The demonstration (npm start) has five nodes and a lab, in which you
          can stop them, cut their lines and change their stores.
        </p>
      )}
    </div>
  );
}
