/** The heading of a step: it takes the focus, so that whoever works by keyboard or ear knows where they are. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

export function StepHead({ children }: { children?: ComponentChildren }) {
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => head.current?.focus(), []);
  return (
    <h3 ref={head} tabIndex={-1}>
      {children}
    </h3>
  );
}
