/** Does something again and again while somebody looks at the page. */
import { useEffect, useRef } from "preact/hooks";

/** Calls `act` each `everyMs` while the page is visible, and once when it becomes visible again. */
export function useEvery(everyMs: number, act: () => void): void {
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    const due = () => {
      if (!document.hidden) latest.current();
    };
    const timer = setInterval(due, everyMs);
    document.addEventListener("visibilitychange", due);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", due);
    };
  }, [everyMs]);
}
