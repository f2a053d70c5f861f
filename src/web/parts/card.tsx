/** A titled piece of a page. */
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface CardProps {
  readonly title: string;
  /** Beside the title: one short sentence or a link. */
  readonly lead?: ComponentChildren;
  readonly class?: string;
  readonly children?: ComponentChildren;
}

export function Card({ title, lead, class: extra = "", children }: CardProps) {
  const id = useId();
  return (
    <section class={`card ${extra}`} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {lead !== undefined && <div class="card-lead">{lead}</div>}
      </header>
      {children}
    </section>
  );
}

/** One number that counts, with its name above and a remark below. */
export function Figure({
  name,
  note,
  children,
}: {
  name: string;
  note?: ComponentChildren;
  children?: ComponentChildren;
}) {
  return (
    <dl class="figure">
      <dt>{name}</dt>
      <dd>
        {children}
        {note !== undefined && <div class="figure-note">{note}</div>}
      </dd>
    </dl>
  );
}
