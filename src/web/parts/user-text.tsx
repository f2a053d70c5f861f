/** A text that somebody else chose: names, memos, symbols, metadata. Nothing in it is markup, and nothing in it is hidden. */
import { visibleText } from "../../base/visible-text.ts";

/** Characters that have no width or turn the direction of others show as what they are: look-alikes cannot hide. */
export function UserText({ text }: { text: string }) {
  return <bdi>{visibleText(text)}</bdi>;
}
