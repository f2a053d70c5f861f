/** The page "Words": every word that this page uses, with its meaning. */
import { lessons } from "../../learn/lessons.ts";
import { type Word, words } from "../../learn/words.ts";
import { useLink } from "../../shell/place.ts";
import "./words.css";

export default function WordsPage() {
  const link = useLink();
  return (
    <div class="stack">
      <h1>Words</h1>
      <p>
        If a word has a dotted line below it, point at it or move to it with the Tab key: its meaning shows.
        These are all such words.
      </p>
      <dl class="card words">
        {words.map(({ word, meaning, lesson }: Word) => (
          <div key={word} class="words-entry">
            <dt>{word}</dt>
            <dd>
              {meaning}{" "}
              {lesson !== undefined && (
                <a href={link("lesson", { lesson })}>
                  Lesson: {lessons.find(({ name }) => name === lesson)?.title}
                </a>
              )}
            </dd>
          </div>
        ))}
      </dl>
      <p>
        <a href={link("learn")}>To the lessons</a>
      </p>
    </div>
  );
}
