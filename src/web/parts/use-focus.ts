/**
 * Moves the focus in the draw that it belongs to, and never later: whoever types on as soon as something is seen types where
 * they look. In a timer, or in an effect that runs after painting, it would be moved under their hands.
 */
import type { RefObject } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

/**
 * For what takes the focus when it appears.
 *
 * @param find what takes it
 * @param keys it takes it again whenever one of them is another one
 */
export function useFocus(
  find: () => HTMLElement | null | undefined,
  keys: readonly (string | number)[] = [],
): void {
  useLayoutEffect(() => find()?.focus(), [...keys]);
}

export interface FirstFault {
  readonly form: RefObject<HTMLFormElement | null>;
  /**
   * To be called together with what sets the faults, so that one draw shows them and has the focus at the first of them.
   *
   * @param from what had the focus when the form was sent, if the faults have come later: whoever has gone on meanwhile to
   *   another place stays there
   */
  readonly focus: (from?: Element | null) => void;
}

/** For a form whose inputs are `Field`s: whoever works by keyboard lands at what is wrong. */
export function useFirstFault(): FirstFault {
  const form = useRef<HTMLFormElement>(null);
  const [shown, setShown] = useState<{ readonly from: Element | null }>();
  useLayoutEffect(() => {
    if (!shown) return;
    const { activeElement, body } = document;
    // A button that is disabled while the work is done loses the focus to nobody.
    const isFree = activeElement === null || activeElement === body || activeElement === shown.from;
    if (isFree) form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [shown]);
  return { form, focus: (from = document.activeElement) => setShown({ from }) };
}
