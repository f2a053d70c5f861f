/** Reads the values of flags, and says in words what a flag takes. */
import { InvalidArgumentError } from "commander";

/** For commander: a whole number from 0, or a usage error. */
export function wholeNumber(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number.");
}

/** For commander: a whole number within both bounds, or a usage error. */
export function numberFrom(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

/** For commander: one of some words, or a usage error. */
export function oneOf<const Word extends string>(...words: readonly Word[]): WordReader<Word> {
  const read = (text: string) => {
    const word = words.find((candidate) => candidate === text);
    if (word !== undefined) return word;
    throw new InvalidArgumentError(`It must be ${listed(words)}.`);
  };
  return Object.assign(read, { words });
}

export interface WordReader<Word extends string> {
  (text: string): Word;
  /** What it takes, for completion. */
  readonly words: readonly Word[];
}

const unitsMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** For commander: "90s" or "10m" in milliseconds, within both bounds, or a usage error. */
export function duration(minMs: number, maxMs: number): (text: string) => number {
  return (text) => {
    const [, count, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? [];
    const ms = unit === undefined ? Number.NaN : Number(count) * unitsMs[unit as keyof typeof unitsMs];
    if (ms >= minMs && ms <= maxMs) return ms;
    const examples = "It must be a duration such as 90s, 10m or 2h";
    throw new InvalidArgumentError(`${examples}, from ${durationText(minMs)} to ${durationText(maxMs)}.`);
  };
}

/** In the largest unit that needs no fraction, e.g. "24h" or "1d". */
function durationText(ms: number): string {
  const units = Object.entries(unitsMs).reverse();
  const [unit, unitMs] = units.find(([, size]) => ms >= size && ms % size === 0) ?? ["ms", 1];
  return `${ms / unitMs}${unit}`;
}

/** E.g. "debug, info or warn". */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
