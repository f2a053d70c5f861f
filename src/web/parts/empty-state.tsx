/** Says that there is nothing, and why or how something comes. */
import type { ComponentChildren } from "preact";

export function EmptyState({ children }: { children?: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}
