/** A countdown that goes on by itself: how long until something is due. */
import { useEffect, useState } from "preact/hooks";
import { countdownText } from "./countdown-text.ts";

const tickMs = 1_000;

export function Countdown({ dueMs }: { dueMs: number }) {
  const [nowMs, setNowMs] = useState(Date.now());
  useEffect(() => {
    setNowMs(Date.now());
    const timer = setInterval(() => setNowMs(Date.now()), tickMs);
    return () => clearInterval(timer);
  }, [dueMs]);
  // Read aloud when one comes to it, and not each second.
  return <span aria-live="off">{countdownText(dueMs, nowMs)}</span>;
}
