/** Lesson 1: any text has a fingerprint, and one letter changes all of it. */
import { useState } from "preact/hooks";
import { fromUtf8, toHex } from "../../../base/bytes.ts";
import { sha256 } from "../../../protocol/hashing.ts";
import { flippedBits, isOneLetterApart } from "../../learn/flipped-bits.ts";
import { Card } from "../../parts/card.tsx";
import { Field } from "../../parts/field.tsx";
import { Word } from "../../parts/word.tsx";
import { BitGrid } from "./bit-grid.tsx";
import { LessonFrame } from "./lesson-frame.tsx";
import { ComparedHash } from "./marked-hash.tsx";

const firstText = "Alice pays Bob 5 AUR";

export default function HashLesson() {
  const [text, setText] = useState(firstText);
  const [before, setBefore] = useState<string>();
  const [isDone, setDone] = useState(false);
  const hash = sha256(fromUtf8(text));
  const hashBefore = before === undefined ? undefined : sha256(fromUtf8(before));
  const bits = hashBefore && flippedBits(hash, hashBefore);
  const write = (next: string) => {
    if (next === text) return;
    setBefore(text);
    setText(next);
    if (isOneLetterApart(text, next)) setDone(true);
  };
  return (
    <LessonFrame
      name="hash"
      intro={
        <>
          A <Word of="hash" /> is a fingerprint of bytes: 64 digits, however long the text is. The same text
          always has the same hash, on every computer. Nobody knows a way back from the hash to the text.
        </>
      }
      task="change one letter of the text, and look at what happens to its hash."
      isDone={isDone}
      seen={
        <>
          One letter changed about half of the 256 bits. A hash does not say how much was changed, only that
          something was. So whoever keeps 64 digits can tell whether a text of any length is still the same.
        </>
      }
    >
      <Card title="Text and fingerprint">
        <div class="stack">
          <Field label="Text" hint="It stays in your browser.">
            {(props) => (
              <textarea
                {...props}
                rows={2}
                maxLength={2000}
                value={text}
                onInput={({ currentTarget }) => write(currentTarget.value)}
              />
            )}
          </Field>
          <div class="lesson-pair">
            <div>
              <h3>Its hash (SHA-256)</h3>
              <ComparedHash value={toHex(hash)} other={hashBefore && toHex(hashBefore)} />
            </div>
            {hashBefore && (
              <div>
                <h3>The hash before your last change</h3>
                <ComparedHash value={toHex(hashBefore)} other={toHex(hash)} />
              </div>
            )}
          </div>
          <BitGrid bytes={hash} other={hashBefore} />
          <p role="status" class="lesson-verdict">
            {bits === undefined
              ? "These are the 256 bits of the hash: dark is 1, light is 0."
              : `${bits} of 256 bits are others than before: they have a border.`}
          </p>
        </div>
      </Card>
    </LessonFrame>
  );
}
