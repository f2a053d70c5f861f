/** A word whose meaning shows on hover, on focus and on touch. */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";

/** Between the word and its meaning, and from there to the window's edge. */
const gapPx = 8;

export function Term({ meaning, children }: { meaning: string; children?: ComponentChildren }) {
  const id = useId();
  const word = useRef<HTMLButtonElement>(null);
  const tip = useRef<HTMLSpanElement>(null);
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    if (!isOpen || !word.current || !tip.current) return;
    const place = word.current.getBoundingClientRect();
    const size = tip.current.getBoundingClientRect();
    const below = place.bottom + gapPx;
    const fits = below + size.height < innerHeight;
    const left = Math.max(gapPx, Math.min(place.left, innerWidth - size.width - gapPx));
    tip.current.style.left = `${left}px`;
    tip.current.style.top = `${fits ? below : Math.max(gapPx, place.top - size.height - gapPx)}px`;
    const away = (event: KeyboardEvent | Event) => {
      if (!(event instanceof KeyboardEvent) || event.key === "Escape") setOpen(false);
    };
    addEventListener("keydown", away);
    addEventListener("scroll", away, true);
    return () => {
      removeEventListener("keydown", away);
      removeEventListener("scroll", away, true);
    };
  }, [isOpen]);
  return (
    <>
      <button
        ref={word}
        type="button"
        class="term"
        aria-describedby={isOpen ? id : undefined}
        onMouseEnter={() => setOpen(true)}
        onMouseLeave={() => setOpen(false)}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onClick={() => setOpen(true)}
      >
        {children}
      </button>
      {isOpen && (
        <span ref={tip} id={id} role="tooltip" class="tip">
          {meaning}
        </span>
      )}
    </>
  );
}
