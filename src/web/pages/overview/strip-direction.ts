/** Which end of the strip the newest block is at: what the reader chose last, in this browser. */

export type StripDirection = "newest-left" | "newest-right";

const key = "aurex:strip-direction";

export function readDirection(): StripDirection {
  try {
    return localStorage.getItem(key) === "newest-right" ? "newest-right" : "newest-left";
  } catch {
    // A browser that keeps nothing.
    return "newest-left";
  }
}

export function writeDirection(direction: StripDirection): void {
  try {
    localStorage.setItem(key, direction);
  } catch {
    // Then it holds for as long as the page is open.
  }
}
