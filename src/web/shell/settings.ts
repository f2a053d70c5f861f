/** What the reader has chosen: kept in this browser, and lost without harm where a browser keeps nothing. */
import { useEffect, useState } from "preact/hooks";

export interface Settings {
  readonly theme: "auto" | "light" | "dark";
  /** Times as "3 min ago", or as dates. */
  readonly times: "relative" | "absolute";
  readonly zone: "local" | "utc";
  /** Where the newest block of the strip is. */
  readonly strip: "newest-left" | "newest-right";
  readonly motion: "auto" | "none";
}

export const defaultSettings: Settings = {
  theme: "auto",
  times: "relative",
  zone: "local",
  strip: "newest-left",
  motion: "auto",
};

/** For each setting what it may be. */
export const settingChoices: { readonly [Name in keyof Settings]: readonly Settings[Name][] } = {
  theme: ["auto", "light", "dark"],
  times: ["relative", "absolute"],
  zone: ["local", "utc"],
  strip: ["newest-left", "newest-right"],
  motion: ["auto", "none"],
};

/** `public/theme.js` reads it before anything is drawn. */
const key = "aurex-settings";

/** Takes what is valid of a text that was kept; whatever else is there counts for nothing. */
export function readSettings(text: string | null): Settings {
  let kept: unknown;
  try {
    kept = JSON.parse(text ?? "{}");
  } catch {
    return defaultSettings;
  }
  if (typeof kept !== "object" || kept === null) return defaultSettings;
  const valid = Object.entries(kept).filter(([name, value]) =>
    (settingChoices as Readonly<Record<string, readonly unknown[]>>)[name]?.includes(value),
  );
  return { ...defaultSettings, ...Object.fromEntries(valid) };
}

const listeners = new Set<() => void>();
let current: Settings | undefined;

function storedText(): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** The settings as of now. */
export function settings(): Settings {
  current ??= readSettings(storedText());
  return current;
}

/**
 * Changes settings for all tabs.
 *
 * @returns false if the browser keeps nothing: they hold until this page is closed
 */
export function changeSettings(change: Partial<Settings>): boolean {
  current = { ...settings(), ...change };
  applySettings();
  try {
    localStorage.setItem(key, JSON.stringify(current));
    return true;
  } catch {
    return false;
  }
}

/** Puts theme and motion where the styles look for them, and tells the components. */
export function applySettings(): void {
  const { theme, motion } = settings();
  const { dataset } = document.documentElement;
  if (theme === "auto") delete dataset.theme;
  else dataset.theme = theme;
  if (motion === "auto") delete dataset.motion;
  else dataset.motion = motion;
  for (const listener of [...listeners]) listener();
}

/** Takes over what another tab has changed, for as long as the page is open. */
export function followSettings(): void {
  applySettings();
  addEventListener("storage", (event) => {
    if (event.key !== key && event.key !== null) return;
    current = readSettings(storedText());
    applySettings();
  });
}

export function useSettings(): Settings {
  const [, setTurn] = useState(0);
  useEffect(() => {
    const listener = () => setTurn((turn) => turn + 1);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }, []);
  return settings();
}
