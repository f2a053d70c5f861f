/** A whole hash with marks: digits that another hash has otherwise, or zeros at its beginning. */
import { markedDigits } from "../../learn/flipped-bits.ts";
import { leadingZeros } from "../../learn/nonce-search.ts";
import { HashStrip } from "../../parts/hash.tsx";

/** @param other the hash that it is compared with; digits that differ are marked */
export function ComparedHash({ value, other }: { value: string; other: string | undefined }) {
  return (
    <span class="lesson-hash">
      <HashStrip value={value} />
      <span class="mono">{runsOf(value, other)}</span>
    </span>
  );
}

/** Neighbours of one kind together, so that the hash is read and copied as one word. */
function runsOf(value: string, other: string | undefined) {
  const runs: { text: string; differs: boolean }[] = [];
  for (const { digit, differs } of markedDigits(value, other ?? value)) {
    const last = runs.at(-1);
    if (last && last.differs === differs) last.text += digit;
    else runs.push({ text: digit, differs });
  }
  return runs.map(({ text, differs }, index) =>
    differs ? <mark key={index}>{text}</mark> : <span key={index}>{text}</span>,
  );
}

/** @param zerosNeeded so many zeros at the beginning make the hash low enough */
export function MinedHash({ value, zerosNeeded }: { value: string; zerosNeeded: number }) {
  const zeros = leadingZeros(value);
  return (
    <span class="lesson-hash">
      <HashStrip value={value} />
      <span class="mono">
        <span class={zeros >= zerosNeeded ? "lesson-zeros good" : "lesson-zeros bad"}>
          {value.slice(0, Math.max(zeros, zerosNeeded))}
        </span>
        {value.slice(Math.max(zeros, zerosNeeded))}
      </span>
    </span>
  );
}
