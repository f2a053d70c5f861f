/** A word of the glossary, with its meaning. */
import type { ComponentChildren } from "preact";
import { type KnownWord, wordFor } from "../learn/words.ts";
import { Term } from "./term.tsx";

/** @param of the word as the list has it; the text may be another form of it, e.g. `<Word of="nonce">nonces</Word>` */
export function Word({ of: word, children }: { of: KnownWord; children?: ComponentChildren }) {
  return <Term meaning={wordFor(word).meaning}>{children ?? word}</Term>;
}
