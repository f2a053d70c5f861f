/** Labels with their values, each label with its meaning. */
import type { ComponentChildren } from "preact";
import { Term } from "./term.tsx";

export function Facts({ children }: { children?: ComponentChildren }) {
  return <dl class="facts">{children}</dl>;
}

/** @param meaning one sentence for whoever does not know the label */
export function Fact({
  label,
  meaning,
  children,
}: {
  label: string;
  meaning?: string;
  children?: ComponentChildren;
}) {
  return (
    <>
      <dt>{meaning === undefined ? label : <Term meaning={meaning}>{label}</Term>}</dt>
      <dd>{children}</dd>
    </>
  );
}
