/** Every page of a node in a real browser: whole, usable by everybody, on a large and on a small screen, from its own node alone. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { browserMissing } from "../client/browser.ts";
import { suiteMaxMs } from "../support/patience.ts";
import { keyboardFaults } from "./keyboard-walk.ts";
import { type OpenedPage, openPageStage, type PageStage } from "./page-stage.ts";
import { lookAt, untilLoaded, visitsOf } from "./page-walk.ts";
import { openPageWorld, type PageWorld } from "./page-world.ts";

/** Of which engine's pages each look is taken. All four looks are taken of both by `npm run test:long`. */
const looks: Readonly<Record<string, readonly string[]>> = process.env.SUITE_PAGES_ALL
  ? Object.fromEntries(
      ["1280 light", "1280 dark", "360 light", "360 dark"].map((look) => [look, ["pow", "poa"]]),
    )
  : { "1280 light": ["pow"], "360 dark": ["poa"] };

/** What Tab goes over in every run; the long tests go over all. */
const walkedAlways = ["overview", "block", "transaction", "send", "consensus", "settings"];

describe("every page", { skip: browserMissing, timeout: suiteMaxMs }, () => {
  let stage: PageStage;
  let world: PageWorld;
  before(async () => {
    stage = await openPageStage();
    world = await openPageWorld();
  });
  after(async () => {
    await stage?.close();
    await world?.close();
  });

  for (const [look, engines] of Object.entries(looks)) {
    it(`is whole at ${look}`, async () => {
      const [width, colorScheme] = look.split(" ") as [string, "light" | "dark"];
      for (const engine of world.engines.filter((each) => engines.includes(each.engine))) {
        const opened: OpenedPage = await stage.open(engine.url, {
          viewport: { width: Number(width), height: 800 },
          colorScheme,
          reducedMotion: "reduce",
        });
        for (const visit of visitsOf(engine)) {
          await opened.go(visit.place);
          await untilLoaded(opened.page);
          await lookAt(opened, visit, `${engine.engine} at ${look}`);
        }
        for (const url of opened.asked) assert.ok(url.startsWith(`${engine.url}/`), url);
        await opened.close();
      }
    });
  }

  it("can be used whole by keyboard", async () => {
    const engines = process.env.SUITE_PAGES_ALL
      ? world.engines
      : world.engines.filter(({ engine }) => engine === "poa");
    for (const engine of engines) {
      const opened = await stage.open(engine.url, { reducedMotion: "reduce" });
      for (const visit of visitsOf(engine)) {
        if (!process.env.SUITE_PAGES_ALL && !walkedAlways.includes(visit.name)) continue;
        await opened.go(visit.place);
        await untilLoaded(opened.page);
        assert.deepEqual(await keyboardFaults(opened.page), [], `${visit.name}, ${engine.engine}`);
      }
      await opened.close();
    }
  });

  it("is looked at closely enough to see what cannot be used by keyboard", async () => {
    const { context, page } = await stage.open("about:blank");
    await page.setContent(`<style>#plain:focus { outline: none }</style>
      <a href="#x">fine</a>
      <button aria-label=""></button>
      <button id="plain">no ring</button>
      <button style="position: absolute; left: -400px">out of sight</button>
      <div id="lost"><a href="#y">beyond Tab</a></div>`);
    // Takes the focus away before it arrives.
    await page.evaluate(() => {
      const lost = document.querySelector("#lost") as HTMLElement;
      lost.addEventListener("focusin", () => (document.activeElement as HTMLElement).blur());
    });
    const faults = (await keyboardFaults(page)).map((fault) => fault.replace(/:.*/s, ""));
    assert.deepEqual(faults, [
      "has no name",
      "does not look focused",
      "is focused out of sight",
      "is not reached by Tab",
    ]);
    await context.close();
  });
});
