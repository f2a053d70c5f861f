/** A word or two on what something is. */
import type { ComponentChildren } from "preact";

export type Mood = "plain" | "good" | "warn" | "bad" | "accent";

export function Badge({ kind = "plain", children }: { kind?: Mood; children?: ComponentChildren }) {
  return <span class={`badge ${kind}`}>{children}</span>;
}
