/** Loaded before a node of the lab: sets the wall clock of that process, and of its threads, wrong by `?offsetMs=`. */

const offsetMs = Number(new URL(import.meta.url).searchParams.get("offsetMs") ?? 0);
const TrueDate = Date;

class ShiftedDate extends TrueDate {
  // The library's own type has several forms; this passes on whatever was given.
  constructor(...given: readonly unknown[]) {
    if (given.length === 0) super(ShiftedDate.now());
    else super(...(given as [number]));
  }

  /** What the system's own modules made is a Date, too. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof TrueDate;
  }

  static override now(): number {
    return TrueDate.now() + offsetMs;
  }
}

// Date() without new is a text of the time that it is.
globalThis.Date = new Proxy(ShiftedDate, {
  apply: () => new ShiftedDate().toString(),
}) as unknown as DateConstructor;
