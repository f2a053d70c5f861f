/** A time that says how long ago it was, and goes on saying it. */
import { useEffect, useState } from "preact/hooks";
import { ageText, nextChangeMs } from "./age-text.ts";

export function AgeTime({ ms }: { ms: number }) {
  const [nowMs, setNowMs] = useState(Date.now());
  useEffect(() => {
    const timer = setTimeout(() => setNowMs(Date.now()), nextChangeMs(ms, nowMs));
    return () => clearTimeout(timer);
  }, [ms, nowMs]);
  const date = new Date(ms);
  return (
    <time dateTime={date.toISOString()} title={date.toLocaleString()}>
      {ageText(ms, nowMs)}
    </time>
  );
}
