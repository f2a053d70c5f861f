/** Goes through a page by the Tab key as somebody without a mouse does, and says what such a reader could not do. */
import type { Page } from "playwright-core";

/** A page of lists has many links; more than this is a trap. */
const stepsMax = 400;

interface Stop {
  readonly element: string;
  readonly name: string;
  readonly isNew: boolean;
  readonly hasRing: boolean;
  readonly isInWindow: boolean;
}

/** Reached by Tab, named, seen as focused, in view: what does not hold, one line each. */
export async function keyboardFaults(page: Page): Promise<string[]> {
  const faults: string[] = [];
  await page.evaluate(() => {
    (document.activeElement as HTMLElement | null)?.blur();
    getSelection()?.removeAllRanges();
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute("tabindex");
  });
  const expected = await page.evaluate(markFocusable);
  for (let step = 0; ; step += 1) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(stopHere);
    if (stop === undefined || !stop.isNew) break;
    if (step === stepsMax) return [`Tab does not come round after ${stepsMax} steps`];
    if (stop.name === "") faults.push(`has no name: ${stop.element}`);
    if (!stop.hasRing) faults.push(`does not look focused: ${stop.element}`);
    if (!stop.isInWindow) faults.push(`is focused out of sight: ${stop.element}`);
  }
  const missed = await page.evaluate(() =>
    [...document.querySelectorAll("[data-walk='expected']")].map((one) => one.outerHTML.slice(0, 120)),
  );
  faults.push(...missed.map((element) => `is not reached by Tab: ${element}`));
  if (expected === 0) faults.push("has nothing that Tab reaches");
  return faults;
}

/** What can be pressed or filled in, and can be seen. Of radio buttons one is reached, and the arrows go on from it. */
function markFocusable(): number {
  const groups = new Set<string>();
  let count = 0;
  for (const one of document.querySelectorAll<HTMLElement>(
    "a[href], button, input, select, textarea, summary, [tabindex], [contenteditable]",
  )) {
    const isSeen = one.checkVisibility({ visibilityProperty: true }) && one.getClientRects().length > 0;
    const isOff = one.matches(":disabled") || one.tabIndex < 0 || one.closest("[inert]") !== null;
    if (!isSeen || isOff) continue;
    if (one instanceof HTMLInputElement && one.type === "radio") {
      if (groups.has(one.name)) continue;
      groups.add(one.name);
      one.form?.setAttribute("data-walk-radio", "");
      continue;
    }
    one.dataset.walk = "expected";
    count += 1;
  }
  return count;
}

function stopHere(): Stop | undefined {
  const one = document.activeElement as HTMLElement | null;
  if (!one || one === document.body || one === document.documentElement) return undefined;
  const isNew = one.dataset.walk !== "seen";
  one.dataset.walk = "seen";
  const labels = "labels" in one ? [...((one as HTMLInputElement).labels ?? [])] : [];
  const referred = (one.getAttribute("aria-labelledby") ?? "")
    .split(" ")
    .map((id) => document.getElementById(id));
  const name = [
    one.getAttribute("aria-label"),
    ...referred.map((label) => label?.textContent),
    ...labels.map((label) => label.textContent),
    one.textContent,
    one.title,
    one.querySelector("img")?.alt,
  ]
    .join("")
    .trim();
  const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(one);
  const hasRing = (outlineStyle !== "none" && outlineWidth !== "0px") || boxShadow !== "none";
  const { top, bottom, left, right } = one.getBoundingClientRect();
  const isInWindow = bottom > 0 && right > 0 && top < innerHeight && left < innerWidth;
  return { element: one.outerHTML.slice(0, 160), name, isNew, hasRing, isInWindow };
}
