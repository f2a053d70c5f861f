/** A time that says how long ago it was, and goes on saying it; or the time itself, if the reader has chosen that. */
import { useNow } from "../live/use-now.ts";
import { useSettings } from "../shell/settings.ts";
import { ageText, nextChangeMs } from "./age-text.ts";
import { dateText, isoText } from "./date-text.ts";

export function AgeTime({ ms }: { ms: number }) {
  const nowMs = useNow((now) => nextChangeMs(ms, now));
  const { times, zone } = useSettings();
  const date = dateText(ms, zone);
  const age = ageText(ms, nowMs);
  return (
    <time dateTime={isoText(ms)} title={times === "relative" ? date : age}>
      {times === "relative" && isoText(ms) !== undefined ? age : date}
    </time>
  );
}
