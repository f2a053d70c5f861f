/** Something that the reader should know: what, and what to do. */
import type { ComponentChildren } from "preact";

interface NoteProps {
  readonly kind?: "plain" | "good" | "warn" | "bad";
  readonly title: string;
  readonly children?: ComponentChildren;
}

export function Note({ kind = "plain", title, children }: NoteProps) {
  return (
    <div class={`note ${kind}`}>
      <strong>{title}</strong>
      {children && <div>{children}</div>}
    </div>
  );
}
