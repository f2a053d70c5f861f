/** A key as 12 or 24 words that a person writes down: BIP-39 in English, and the path of an account. Runs in a browser, too. */
import { entropyToMnemonic, generateMnemonic, mnemonicToEntropy, mnemonicToSeed } from "@scure/bip39";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import { closest } from "fastest-levenshtein";
import { invariant } from "../base/invariant.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { deriveKey } from "./slip10.ts";

export type WordCount = 12 | 24;

/**
 * "AURX" in ASCII. No number of the registry SLIP-0044 is ours, so none of its numbers is used: other people's words
 * never give the key of another currency here. The numbers of the registry that are as large are not this one.
 */
export const coinType = 0x41555258;
const lengths = [12, 15, 18, 21, 24];

/** The full path of an account, as BIP-44 and SLIP-0010 write it: `m/44'/1096110680'/0'`. */
export function accountPath(account: number): string {
  return `m/${stepsOf(account)
    .map((step) => `${step}'`)
    .join("/")}`;
}

function stepsOf(account: number): number[] {
  return [44, coinType, account];
}

/** New random words with one blank between them; nobody else has them. */
export function newWords(count: WordCount): string {
  return generateMnemonic(wordlist, count === 12 ? 128 : 256);
}

/**
 * Words as a person typed or pasted them, in the form that they are used in: lower case, one blank between two, without
 * the numbers of a numbered list. Fault: in a phrase for people, without the words themselves except one that is not in
 * the list.
 */
export function readWords(text: string): Result<string, string> {
  const typed = text
    .normalize("NFKD")
    .replace(/\u200b/g, " ")
    .toLowerCase();
  const words = typed.split(/\s+/).filter((word) => word !== "" && !/^\d+[.:)]?$/.test(word));
  const position = words.findIndex((word) => !wordlist.includes(word));
  const unknown = words[position];
  if (unknown !== undefined) {
    const nearest = closest(unknown, wordlist);
    return fail(
      `word ${position + 1}, ${JSON.stringify(unknown)}, is not in the list of BIP-39 (the nearest is "${nearest}")`,
    );
  }
  if (!lengths.includes(words.length)) {
    return fail(`there are ${words.length} words: 12 or 24 belong together (15, 18 and 21 are known, too)`);
  }
  const phrase = words.join(" ");
  try {
    invariant(
      entropyToMnemonic(mnemonicToEntropy(phrase, wordlist), wordlist) === phrase,
      "words stay the same",
    );
  } catch {
    return fail("their checksum is wrong: a word is another one, or two stand in the wrong order");
  }
  return ok(phrase);
}

/**
 * The seed of an account's key. Words without a further secret: BIP-39's optional passphrase (a "25th word") is not
 * used, since a wrong one opens another, empty account without any error.
 *
 * @param words as {@link readWords} or {@link newWords} give them
 * @param account from 0
 * @returns 32 bytes
 */
export async function seedFromWords(words: string, account = 0): Promise<Uint8Array> {
  const read = readWords(words);
  invariant(read.ok, "the words were checked before");
  return deriveKey(await mnemonicToSeed(read.value), stepsOf(account)).key;
}
