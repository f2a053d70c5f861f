/** Asking for three of the words that a person has just written down. */

export interface WordQuestion {
  /** From 1, as the words are numbered on the page. */
  readonly number: number;
  readonly word: string;
}

const questions = 3;

/** Three different words, in the order in which they stand. */
export function questionsOf(words: readonly string[], random: () => number = secureRandom): WordQuestion[] {
  const numbers = words.map((_, index) => index + 1);
  // Fisher and Yates, as far as it is needed.
  for (let index = 0; index < questions; index += 1) {
    const other = index + Math.floor(random() * (numbers.length - index));
    [numbers[index], numbers[other]] = [numbers[other] as number, numbers[index] as number];
  }
  return numbers
    .slice(0, questions)
    .sort((one, other) => one - other)
    .map((number) => ({ number, word: words[number - 1] as string }));
}

/** Whether what was typed is the word, however it was typed. */
export function isAnswer({ word }: WordQuestion, typed: string): boolean {
  return typed.normalize("NFKD").trim().toLowerCase() === word;
}

/** From 0 to below 1. */
function secureRandom(): number {
  return (crypto.getRandomValues(new Uint32Array(1))[0] as number) / 2 ** 32;
}
