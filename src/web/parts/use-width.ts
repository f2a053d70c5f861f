/** The width of an element, as the window and the layout change it. */
import { useEffect, useRef, useState } from "preact/hooks";

/** @returns `box`, the `ref` of the element, and its width in pixels: 0 until it is drawn */
export function useWidth() {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return { box, width };
}
