/** A text that somebody else chose: names, memos, symbols, metadata. Nothing in it is markup, and nothing in it is hidden. */
import { charactersToCompare, visibleText } from "../../base/visible-text.ts";

/**
 * Characters that have no width or turn the direction of others show as what they are. Letters outside of ASCII are
 * told by their numbers on hover: a Cyrillic letter looks like a Latin one, and its number does not.
 */
export function UserText({ text }: { text: string }) {
  return <bdi title={charactersToCompare(text)}>{visibleText(text)}</bdi>;
}
