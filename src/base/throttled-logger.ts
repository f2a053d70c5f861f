/** A log that peers cannot fill: of lines with one text, a few at once and two a second; the next one says how many were left out. */
import { BoundedMap } from "./bounded-map.ts";
import type { Clock } from "./clock.ts";
import type { Logger } from "./logger.ts";

const linesAtOnce = 20;
const linePerMs = 2 / 1_000;
const textsMax = 256;

interface Line {
  /** Lines that may still be said. */
  left: number;
  measuredMs: number;
  leftOut: number;
}

/** Passes errors and debug lines as they are: errors are this node's own, and whoever reads debug lines wants all. */
export function throttledLogger(logger: Logger, clock: Clock): Logger {
  const lines = new BoundedMap<string, Line>(textsMax);
  const say = (level: "info" | "warn") => (fields: object, text: string) => {
    const nowMs = clock.monotonicMs();
    const line = lines.get(text) ?? { left: linesAtOnce, measuredMs: nowMs, leftOut: 0 };
    lines.set(text, line);
    line.left = Math.min(linesAtOnce, line.left + (nowMs - line.measuredMs) * linePerMs);
    line.measuredMs = nowMs;
    if (line.left < 1) {
      line.leftOut += 1;
      return;
    }
    line.left -= 1;
    const { leftOut } = line;
    line.leftOut = 0;
    logger[level](leftOut === 0 ? fields : { ...fields, leftOut }, text);
  };
  return {
    debug: (fields, text) => logger.debug(fields, text),
    info: say("info"),
    warn: say("warn"),
    error: (fields, text) => logger.error(fields, text),
    child: (bindings) => throttledLogger(logger.child(bindings), clock),
  };
}
