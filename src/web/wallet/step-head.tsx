/** The heading of a step: it takes the focus, so that whoever works by keyboard or ear knows where they are. */
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { useFocus } from "../parts/use-focus.ts";

export function StepHead({ children }: { children?: ComponentChildren }) {
  const head = useRef<HTMLHeadingElement>(null);
  useFocus(() => head.current);
  return (
    <h3 ref={head} tabIndex={-1}>
      {children}
    </h3>
  );
}
