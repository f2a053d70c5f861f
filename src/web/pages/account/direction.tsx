/** Which way something goes, seen from an account: an arrow and a word, so that nobody needs the colour. */

const shown = {
  in: ["↓", "in", "in"],
  credit: ["↓", "in", "earned"],
  out: ["↑", "out", "out"],
  self: ["↔", "self", "to itself"],
  about: ["·", "self", "about it"],
} as const;

export function Direction({ of }: { of: keyof typeof shown }) {
  const [arrow, mood, word] = shown[of];
  return (
    <span class={`account-way ${mood}`}>
      <span aria-hidden="true">{arrow}</span> {word}
    </span>
  );
}
