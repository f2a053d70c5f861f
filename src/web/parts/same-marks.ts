/** Lights up every place of the page that shows the same address or hash as the one under the pointer or in focus. */
import { useEffect } from "preact/hooks";

const mark = "is-same";
/** A page shows some hundred at most; more are no help to the eye. */
const marksMax = 500;

/** For the whole page, once: places say what they show by `data-same`. */
export function useSameMarks(): void {
  useEffect(() => {
    const show = ({ target }: Event) => {
      clear();
      const place = target instanceof Element ? target.closest("[data-same]") : null;
      const value = place?.getAttribute("data-same");
      if (!value) return;
      const same = document.querySelectorAll(`[data-same="${CSS.escape(value)}"]`);
      // One alone is like no other: nothing is to be seen.
      if (same.length < 2) return;
      for (const each of [...same].slice(0, marksMax)) each.classList.add(mark);
    };
    const clear = () => {
      for (const each of document.querySelectorAll(`.${mark}`)) each.classList.remove(mark);
    };
    for (const name of ["pointerover", "focusin"]) addEventListener(name, show);
    return () => {
      for (const name of ["pointerover", "focusin"]) removeEventListener(name, show);
      clear();
    };
  }, []);
}
